using System.Diagnostics;
using Backup.Tests.AlertService;
using Backup.Tests.EndToEnd;
using Backup.Tests.Support;
using Microsoft.Playwright;
using Shouldly;

namespace Backup.Tests.Browser;

/// <summary>An agent falls silent: whoever looks sees it, whoever does not look gets a mail, and both hear when it is over.</summary>
public sealed class AlertTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(2);

    [ChromiumSmtpFact]
    public async Task A_silent_agent_is_a_banner_an_alert_and_a_mail_and_its_return_is_told()
    {
        await using var server = await SmtpServer.StartAsync();
        await using var source = await DemoSource.StartAsync("rs0");
        await source.InsertAsync("shop", "orders", 0, 50);
        await using var appliance = new ApplianceProcess(source.Uri) { HttpPort = FreePorts.One() };
        appliance.Up();
        var (playwright, browser) = await Chromium.LaunchAsync();
        using var driver = playwright;
        await using var window = browser;
        var page = await browser.NewPageAsync();
        page.SetDefaultTimeout(30_000);
        _ = await page.GotoAsync((await Product.SetUpAddressAsync(appliance)).ToString());
        await FirstAdministrator.MakeAsync(page);
        await page.GetByText("Connected:").First.WaitForAsync();
        _ = await appliance.WaitForStateAsync("tailing");

        await NameMailServerAsync(page, server.Port);
        await TellAsync(page);
        (await server.ReceiveAsync()).Subject.ShouldBe("[Backup] Test: alerts arrive here");
        await OneMinuteIsSilenceAsync(page);

        var agent = appliance.AgentIds().ShouldHaveSingleItem();
        await ApplianceProcess.SignalAsync(agent, "-STOP");
        var since = Stopwatch.StartNew();
        var mail = await server.ReceiveAsync(Patience);
        since.Elapsed.ShouldBeLessThan(Patience, "from the fault to the mail");
        mail.Subject.ShouldStartWith("[Backup] Critical: An agent is silent");
        mail.Parts["text/plain"].ShouldContain("backup-agent status");
        await page.Locator("[data-key^='alert-']").GetByText("An agent is silent").First.WaitForAsync();
        _ = await page.GotoAsync(new Uri(new Uri(page.Url), "/").ToString());
        await page.GetByText(Wizard.Pattern("was last heard of")).First.WaitForAsync();

        await ApplianceProcess.SignalAsync(agent, "-CONT");
        (await server.ReceiveAsync(Patience)).Subject.ShouldStartWith("[Backup] Over: An agent is silent");
        var heading = page.GetByRole(AriaRole.Heading, new() { Level = 1 });
        await Assertions
            .Expect(heading)
            .ToHaveTextAsync(Wizard.Pattern("^Everything is backed up"), new() { Timeout = 60_000 });
        _ = await page.GotoAsync(new Uri(new Uri(page.Url), "/alerts").ToString());
        await page.GetByText("Nothing needs attention").WaitForAsync();
        await page.GetByRole(AriaRole.Heading, new() { Name = "Over", Exact = true }).WaitForAsync();
    }

    private static async Task NameMailServerAsync(IPage page, int port)
    {
        _ = await page.GotoAsync(new Uri(new Uri(page.Url), "/settings").ToString());
        await page.Button("Name one").ClickAsync();
        var dialog = page.GetByRole(AriaRole.Dialog, new() { Name = "Mail server" });
        await dialog.GetByLabel("Host").FillAsync("localhost");
        await dialog.GetByLabel("Port").FillAsync($"{port}");
        await dialog.GetByLabel("Sender").FillAsync("nobody");
        await dialog.GetByLabel("Encrypted").UncheckAsync();
        await dialog.Button("Save").ClickAsync();
        await page.ConfirmedAsync(dialog.GetByText("is no address"));
        await dialog.GetByLabel("Sender").FillAsync("backup@example.org");
        await dialog.Button("Save").ClickAsync();
        await page.GetByText($"localhost:{port}").WaitForAsync();
    }

    /// <summary>By mail, from the page of alerts, with a test.</summary>
    private static async Task TellAsync(IPage page)
    {
        _ = await page.GotoAsync(new Uri(new Uri(page.Url), "/alerts").ToString());
        await page.Button("Tell somebody").ClickAsync();
        var dialog = page.GetByRole(AriaRole.Dialog, new() { Name = "Tell somebody" });
        await dialog.GetByLabel("Name").FillAsync("night shift");
        await dialog.GetByLabel("Addresses").FillAsync("night@example.org, dba@example.org");
        await dialog.Button("Tell them").ClickAsync();
        await page.GetByText("night@example.org, dba@example.org").WaitForAsync();
        await page.Button("Test night shift").ClickAsync();
        await page.GetByText("It was taken.").WaitForAsync();
        await page.Keyboard.PressAsync("Escape");
    }

    private static async Task OneMinuteIsSilenceAsync(IPage page)
    {
        await page.Button("Change: An agent is silent").ClickAsync();
        var dialog = page.GetByRole(AriaRole.Dialog, new() { Name = "An agent is silent" });
        await dialog.GetByLabel("Critical above", new() { Exact = true }).FillAsync("1");
        await dialog.Button("Save").ClickAsync();
        await page.GetByText("above 1 min").First.WaitForAsync();
    }
}
