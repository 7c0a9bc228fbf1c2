using System.Text.RegularExpressions;
using Microsoft.Playwright;

namespace Backup.Tests.Browser;

/// <summary>What people do in the pages again and again.</summary>
internal static class Wizard
{
    internal static ILocator Button(this IPage page, string name) =>
        page.GetByRole(AriaRole.Button, new() { Name = name, Exact = true });

    internal static ILocator Button(this ILocator place, string name) =>
        place.GetByRole(AriaRole.Button, new() { Name = name, Exact = true });

    /// <summary>Of a text that changes.</summary>
    internal static Regex Pattern(string text) => new(text, RegexOptions.None, TimeSpan.FromSeconds(1));

    internal static Task NextAsync(this IPage page) => page.Button("Next").ClickAsync();

    /// <summary>Presses a button after which the password may be asked for again, and waits for what comes of it.</summary>
    internal static async Task ConfirmedAsync(this IPage page, ILocator button, ILocator outcome)
    {
        await button.ClickAsync();
        await page.ConfirmedAsync(outcome);
    }

    internal static async Task ConfirmedAsync(this IPage page, ILocator outcome)
    {
        var dialog = page.GetByRole(AriaRole.Dialog, new() { Name = "Confirm that it is you" });
        var first = await Task.WhenAny(Wait(dialog), Wait(outcome));
        await first;
        if (await dialog.IsVisibleAsync())
        {
            await dialog.GetByLabel("Password").FillAsync(Product.Password);
            await dialog.GetByRole(AriaRole.Button, new() { Name = "Confirm", Exact = true }).ClickAsync();
            await outcome.WaitForAsync();
        }

        static Task Wait(ILocator locator) => locator.First.WaitForAsync();
    }

    /// <summary>Makes a download link in the last step, and gives its address, download line and check.</summary>
    internal static async Task<(string Url, string Curl, string Verify)> MakeLinkAsync(this IPage page)
    {
        var address = page.Locator("pre[aria-label='the address']");
        await page.ConfirmedAsync(page.Button("Make the link"), address);
        return (
            await address.InnerTextAsync(),
            await page.Locator("pre[aria-label='the download line']").InnerTextAsync(),
            await page.Locator("pre[aria-label='the check']").InnerTextAsync()
        );
    }

    /// <summary>In the step How: lines of JSON, not compressed, so that a test reads them.</summary>
    internal static async Task ChooseLinesAsync(this IPage page)
    {
        await page.GetByLabel("Form", new() { Exact = true }).SelectOptionAsync("ndjson");
        await page.GetByLabel("Compressed (gzip)").UncheckAsync();
    }
}
