using Backup.Foundation.Secrets;
using Microsoft.Playwright;
using Shouldly;
using Xunit;

namespace Backup.Tests.Browser;

/// <summary>A second factor, from setting it up to logging in with it, and the pages of those who are not logged in yet.</summary>
[Collection(ProductCollection.Name)]
public sealed class TwoFactorTests(Product product)
{
    private const string Email = "tom@example.com";
    private const string Password = "five blue lanterns by the sea";

    [ChromiumFact]
    public async Task A_second_factor_is_set_up_asked_for_and_replaced_by_a_recovery_code()
    {
        var page = await JoinedAsync();
        _ = await page.GotoAsync(new Uri(product.Pages, "/account").ToString());
        await page.Button("Set it up").ClickAsync();
        var secretText = page.Locator("pre[aria-label='the secret']");
        await ConfirmedAsync(page, secretText);
        await Axe.AccessibleAsync(page, "two-factor");
        var secret = Base32(await secretText.InnerTextAsync());
        await page.GetByLabel("Code").FillAsync("000000");
        await page.Button("Switch it on").ClickAsync();
        await page.Locator("form .fault:visible, form [role=alert]:visible").First.WaitForAsync();
        await page.GetByLabel("Code").FillAsync(Totp.Code(secret, Now()));
        await page.Button("Switch it on").ClickAsync();
        var codes = page.Locator("ul.secret li");
        await codes.First.WaitForAsync();
        await Axe.AccessibleAsync(page, "recovery codes");
        var recovery = await codes.AllInnerTextsAsync();
        recovery.Count.ShouldBeGreaterThan(5);
        await page.Button("I have kept them").ClickAsync();
        await page.GetByText($"{recovery.Count} recovery codes left.").WaitForAsync();

        await page.Locator("#main").GetByRole(AriaRole.Button, new() { Name = "Log out" }).ClickAsync();
        await LogInAsync(page);
        await page.GetByText("The six digits").WaitForAsync();
        await Axe.AccessibleAsync(page, "code");
        await page.GetByLabel("Code").FillAsync("000000");
        await page.Button("Log in").ClickAsync();
        await page.Locator("form .fault:visible, form [role=alert]:visible").First.WaitForAsync();
        await page.GetByLabel("Code").FillAsync(recovery[0]);
        await page.Button("Log in").ClickAsync();
        await page.GetByRole(AriaRole.Link, new() { Name = "rs0" }).First.WaitForAsync();

        _ = await page.GotoAsync(new Uri(product.Pages, "/account").ToString());
        await page.GetByText($"{recovery.Count - 1} recovery codes left.").WaitForAsync();
        await page.Locator("#main").GetByRole(AriaRole.Button, new() { Name = "Log out" }).ClickAsync();
        await LogInAsync(page);
        await page.GetByLabel("Code").FillAsync(recovery[0]);
        await page.Button("Log in").ClickAsync();
        await page.Locator("form .fault:visible, form [role=alert]:visible").First.WaitForAsync();
    }

    [ChromiumFact]
    public async Task The_pages_before_a_log_in_are_accessible_in_both_themes()
    {
        var invitation = await InvitationAsync("una@example.com");
        foreach (var width in new[] { 1280, 320 })
        {
            await using var context = await product.Browser.NewContextAsync(
                new BrowserNewContextOptions
                {
                    ViewportSize = new ViewportSize { Width = width, Height = 900 },
                }
            );
            var page = await context.NewPageAsync();
            string[] paths = ["/login", invitation, "/invitations/none", "/docs/errors"];
            foreach (var path in paths)
            {
                _ = await page.GotoAsync(new Uri(product.Pages, path).ToString());
                await page.GetByRole(AriaRole.Heading).First.WaitForAsync();
                await Axe.AccessibleAsync(page, $"{path}, {width} wide");
            }
        }
    }

    private async Task<string> InvitationAsync(string email)
    {
        var page = await product.OpenAsync("/people?tab=invitations");
        await page.GetByLabel("E-mail").FillAsync(email);
        await page.Button("Make an invitation").ClickAsync();
        var address = page.Locator("pre[aria-label='the invitation']");
        await page.ConfirmedAsync(address);
        return await address.InnerTextAsync();
    }

    /// <summary>A page of somebody who has just made an account.</summary>
    private async Task<IPage> JoinedAsync()
    {
        var context = await product.Browser.NewContextAsync();
        context.SetDefaultTimeout(20_000);
        var page = await context.NewPageAsync();
        _ = await page.GotoAsync(await InvitationAsync(Email));
        await page.GetByLabel("Your name").FillAsync("Tom");
        await page.GetByLabel("Password").FillAsync(Password);
        await page.Button("Make the account and join").ClickAsync();
        await page.GetByRole(AriaRole.Link, new() { Name = "rs0" }).First.WaitForAsync();
        return page;
    }

    private static async Task LogInAsync(IPage page)
    {
        await page.GetByLabel("E-mail").FillAsync(Email);
        await page.GetByLabel("Password").FillAsync(Password);
        await page.Button("Log in").ClickAsync();
        await page.GetByLabel("Code").WaitForAsync();
    }

    private static async Task ConfirmedAsync(IPage page, ILocator outcome)
    {
        var dialog = page.GetByRole(AriaRole.Dialog, new() { Name = "Confirm that it is you" });
        await dialog.Or(outcome).First.WaitForAsync();
        if (await dialog.IsVisibleAsync())
        {
            await dialog.GetByLabel("Password").FillAsync(Password);
            await dialog.GetByRole(AriaRole.Button, new() { Name = "Confirm", Exact = true }).ClickAsync();
        }

        await outcome.WaitForAsync();
    }

    private static long Now() => Totp.StepAt(TimeProvider.System.GetUtcNow());

    private static byte[] Base32(string text)
    {
        const string alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
        var (bits, held, bytes) = (0, 0, new List<byte>());
        foreach (var letter in text.Where(static one => one is not (' ' or '=')))
        {
            (held, bits) = ((held << 5) | alphabet.IndexOf(letter, StringComparison.Ordinal), bits + 5);
            if (bits >= 8)
            {
                bytes.Add((byte)(held >> (bits - 8)));
                (held, bits) = (held & ((1 << (bits - 8)) - 1), bits - 8);
            }
        }

        return [.. bytes];
    }
}
