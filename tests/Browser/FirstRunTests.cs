using System.Text.RegularExpressions;
using Backup.Tests.EndToEnd;
using Backup.Tests.Support;
using Microsoft.Playwright;
using Shouldly;

namespace Backup.Tests.Browser;

/// <summary>From the first start to "Everything is backed up", as somebody does it who has just installed the product.</summary>
public sealed class FirstRunTests
{
    [ChromiumFact]
    public async Task The_first_run_leads_from_the_token_to_everything_being_backed_up_without_a_reload()
    {
        await using var source = await DemoSource.StartAsync("shop");
        await source.InsertAsync("store", "items", 0, 4_000, fill: 3_000);
        await using var other = await DemoSource.StartAsync("rs0");
        await using var appliance = new ApplianceProcess(other.Uri) { HttpPort = FreePorts.One() };
        appliance.Variables["BACKUP_AGENT_MB_PER_SECOND"] = "1";
        appliance.Up();
        var (playwright, browser) = await Chromium.LaunchAsync();
        using var driver = playwright;
        await using var window = browser;
        var page = await browser.NewPageAsync();
        page.SetDefaultTimeout(30_000);
        var address = await Product.SetUpAddressAsync(appliance);

        await AdministratorAsync(page, address);
        // A variable of the page is gone after a reload.
        _ = await page.EvaluateAsync("window.neverReloaded = true");
        await page.GetByText("Connected:").First.WaitForAsync();
        await Axe.AccessibleAsync(page, "the first run, an agent");
        await using var agent = await ConnectAsync(page);
        await Assertions.Expect(page.GetByText("Connected:")).ToHaveCountAsync(2);
        await ProtectAsync(page, source.Uri);
        (await page.EvaluateAsync<bool>("window.neverReloaded === true")).ShouldBeTrue();
        await ProgressSurvivesAReloadAsync(page);
        await page.GetByText(Wizard.Pattern("^Everything is backed up")).First.WaitForAsync(new() { Timeout = 90_000 });
        await page.GetByRole(AriaRole.Link, new() { Name = "To the overview" }).First.ClickAsync();
        var heading = page.GetByRole(AriaRole.Heading, new() { Level = 1 });
        await Assertions.Expect(heading).ToHaveTextAsync(Wizard.Pattern("^Everything is backed up"));
    }

    private static async Task AdministratorAsync(IPage page, Uri address)
    {
        _ = await page.GotoAsync(address.GetLeftPart(UriPartial.Authority));
        await FirstAdministrator.MakeAsync(page, "bkp_" + new string('A', 43));
        await page.GetByText("BK", new() { Exact = false }).First.WaitForAsync();
        new Uri(page.Url).AbsolutePath.ShouldBe("/setup", "a wrong token makes nobody");
        // A fragment alone would not load the page anew.
        _ = await page.GotoAsync("about:blank");
        _ = await page.GotoAsync(address.ToString());
        await page.GetByRole(AriaRole.Heading).First.WaitForAsync();
        await Axe.AccessibleAsync(page, "the first run");
        await FirstAdministrator.MakeAsync(page);
    }

    /// <summary>With what the command says that the page shows.</summary>
    private static async Task<ExternalAgent> ConnectAsync(IPage page)
    {
        await page.Button("Connect another agent").ClickAsync();
        var command = await page.Locator("pre[aria-label='the command']").InnerTextAsync();
        var words = Regex.Match(
            command,
            "BACKUP_AGENT_TOKEN='(?<token>[^']+)' backup-agent enroll --server (?<server>\\S+)",
            RegexOptions.None,
            TimeSpan.FromSeconds(1)
        );
        words.Success.ShouldBeTrue(command);
        using var folder = new TemporaryFolder();
        await File.WriteAllTextAsync(folder.File("token"), words.Groups["token"].Value);
        var agent = new ExternalAgent();
        var server = new UriBuilder(words.Groups["server"].Value) { Host = "localhost" }.ToString();
        (await agent.RunAsync("enroll", "--server", server, "--token-file", folder.File("token"))).Succeeded();
        agent.Start();
        return agent;
    }

    private static async Task ProtectAsync(IPage page, string uri)
    {
        await page.Button("Add another deployment").ClickAsync();
        await page.GetByLabel("Connection string").FillAsync("not one");
        await page.Button("Protect it").ClickAsync();
        await page.Locator("form").GetByText(Wizard.Pattern("BK\\d+|mongodb://")).First.WaitForAsync();
        await page.GetByLabel("Connection string").FillAsync(uri);
        await page.Button("Protect it").ClickAsync();
        await page.GetByText(Wizard.Pattern("Found\\s+shop")).WaitForAsync();
    }

    private static async Task ProgressSurvivesAReloadAsync(IPage page)
    {
        var before = await ProgressAsync(page);
        before.ShouldNotBeNull("the bar is there while it copies");
        _ = await page.ReloadAsync();
        await page.GetByText("Connected:").First.WaitForAsync();
        // Where it is done meanwhile, there is no bar any more.
        ((await ProgressAsync(page)) ?? 100).ShouldBeGreaterThanOrEqualTo(before.Value, "what was copied is not lost");
    }

    /// <summary>In percent; null where it is done.</summary>
    private static async Task<int?> ProgressAsync(IPage page)
    {
        var bar = page.GetByRole(AriaRole.Progressbar, new() { Name = "Initial sync of shop" });
        await bar.Or(page.GetByText(Wizard.Pattern("^Everything is backed up"))).First.WaitForAsync();
        return
            await bar.CountAsync() > 0
            && await bar.GetAttributeAsync("aria-valuenow", new() { Timeout = 2_000 }) is { } now
            ? int.Parse(now)
            : null;
    }
}
