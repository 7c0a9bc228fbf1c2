using Microsoft.Playwright;
using Shouldly;
using Xunit;

namespace Backup.Tests.Browser;

/// <summary>What holds for every page: accessible in both themes, no sideways scrolling at 320 px, hostile names harmless, small.</summary>
[Collection(ProductCollection.Name)]
public sealed class EveryPageTests(Product product)
{
    private const long MostBytes = 300 * 1024;

    private IEnumerable<string> Paths =>
        [
            "/",
            $"/d/{product.Deployment}",
            $"/d/{product.Deployment}?tab=policy",
            $"/d/{product.Deployment}?tab=source",
            $"/d/{product.Deployment}?tab=settings",
            $"/d/{product.Deployment}/restore",
            "/activity",
            "/alerts",
            "/hosts",
            "/storage",
            "/verification",
            "/people",
            "/people?tab=invitations",
            "/people?tab=tokens",
            "/people?tab=audit",
            "/settings",
            "/account",
            "/setup?step=deployment",
            "/no-such-page",
        ];

    [ChromiumFact]
    public Task Every_page_is_accessible_in_the_light() => HoldsAsync(ColorScheme.Light, 1280);

    [ChromiumFact]
    public Task Every_page_is_accessible_in_the_dark_and_fits_into_320_pixels() => HoldsAsync(ColorScheme.Dark, 320);

    [ChromiumFact]
    public async Task No_page_weighs_more_than_300_KB_compressed_or_loads_from_another_host_or_breaks_the_policy()
    {
        foreach (var path in (string[])["/", $"/d/{product.Deployment}", $"/d/{product.Deployment}/restore", "/hosts"])
        {
            var page = await product.OpenAsync("/login");
            var hosts = new List<string>();
            var complaints = new List<string>();
            page.Request += (_, request) => hosts.Add(new Uri(request.Url).Authority);
            page.Console += (_, message) =>
            {
                if (message.Text.Contains("Content Security Policy", StringComparison.Ordinal))
                {
                    complaints.Add(message.Text);
                }
            };
            _ = await page.GotoAsync(new Uri(product.Pages, path).ToString());
            await ReadyAsync(page);
            var weight = await page.EvaluateAsync<long>(
                """
                () => [...performance.getEntriesByType("resource"), ...performance.getEntriesByType("navigation")]
                  .filter(one => !one.name.includes("/api/")).reduce((sum, one) => sum + one.encodedBodySize, 0)
                """
            );
            weight.ShouldBeInRange(1, MostBytes, path);
            hosts.Distinct().ShouldBe([product.Pages.Authority], path);
            complaints.ShouldBeEmpty(path);
            await page.Context.CloseAsync();
        }
    }

    [ChromiumFact]
    public async Task Hostile_names_are_shown_as_they_are_and_do_nothing()
    {
        var page = await product.OpenAsync("/login", width: 320);
        var ran = false;
        page.Dialog += (_, dialog) =>
        {
            ran = true;
            _ = dialog.DismissAsync();
        };
        _ = await page.GotoAsync(new Uri(product.Pages, $"/d/{product.Deployment}/restore").ToString());
        await page.GetByText("Databases and collections").ClickAsync();
        await page.GetByLabel("orders", new() { Exact = true }).WaitForAsync();
        var shown = await page.Locator(".tree bdi").AllTextContentsAsync();
        foreach (var name in DemoSource.HostileNames)
        {
            shown.ShouldContain(name);
        }

        (await Axe.TooWideAsync(page)).ShouldBeEmpty();
        (await page.Locator("main script, main img").CountAsync()).ShouldBe(0);
        ran.ShouldBeFalse();
    }

    [ChromiumFact]
    public async Task A_restart_of_the_server_in_mid_view_is_shown_and_gone_over()
    {
        var page = await product.OpenAsync($"/d/{product.Deployment}");
        await page.GetByText("Live", new() { Exact = true }).WaitForAsync();
        _ = await page.EvaluateAsync("window.neverReloaded = true");
        (await product.Appliance.StopAsync()).ShouldBe(0);
        await page.GetByText("Stale").WaitForAsync();
        product.Appliance.Up();
        await page.GetByText("Live", new() { Exact = true }).WaitForAsync(new() { Timeout = 60_000 });
        await page.GetByText("What can be restored").WaitForAsync();
        await Assertions
            .Expect(page.Locator("main [role=alert] .note"))
            .ToHaveCountAsync(0, new() { Timeout = 30_000 });
        (await page.EvaluateAsync<bool>("window.neverReloaded === true")).ShouldBeTrue();
        _ = await product.Appliance.WaitForStateAsync("tailing");
    }

    private async Task HoldsAsync(ColorScheme theme, int width)
    {
        var page = await product.OpenAsync("/", width, theme);
        var found = new List<string>();
        foreach (var path in Paths)
        {
            _ = await page.GotoAsync(new Uri(product.Pages, path).ToString());
            await ReadyAsync(page);
            found.AddRange((await Axe.ViolationsAsync(page)).Select(one => $"{path}: {one}"));
            (await page.Locator("main script, main img").CountAsync()).ShouldBe(0, path);
            found.AddRange((await Axe.TooWideAsync(page)).Select(one => $"{path} is too wide: {one}"));
            await PictureAsync(page, $"{path.Replace(product.Deployment, "ID")}-{theme}-{width}");
        }

        found.ShouldBeEmpty();
    }

    /// <summary>It shows a heading, and nothing is being loaded any more.</summary>
    private static async Task ReadyAsync(IPage page)
    {
        await page.GetByRole(AriaRole.Heading).First.WaitForAsync();
        await Assertions.Expect(page.GetByText("Loading …")).ToHaveCountAsync(0);
        await Assertions.Expect(page.Locator("main [aria-busy=true]")).ToHaveCountAsync(0);
    }

    /// <summary>For whoever wants to look at them: into the folder $BACKUP_TEST_PICTURES.</summary>
    private static async Task PictureAsync(IPage page, string name)
    {
        if (Environment.GetEnvironmentVariable("BACKUP_TEST_PICTURES") is { } folder)
        {
            var file = string.Concat(name.Select(static one => char.IsLetterOrDigit(one) ? one : '-')).Trim('-');
            _ = await page.ScreenshotAsync(new() { Path = Path.Combine(folder, $"{file}.png"), FullPage = true });
        }
    }
}
