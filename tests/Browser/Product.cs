using System.Diagnostics;
using System.Text.Json;
using System.Text.RegularExpressions;
using Backup.Tests.EndToEnd;
using Backup.Tests.Support;
using Microsoft.Playwright;
using Xunit;

namespace Backup.Tests.Browser;

/// <summary>One appliance for all tests that need a protected deployment, with its administrator logged in.</summary>
[CollectionDefinition(Name)]
public sealed class ProductCollection : ICollectionFixture<Product>
{
    internal const string Name = "product";
}

/// <summary>
/// <c>backup up</c> with a replica set of the sandbox behind it, that is protected, has a snapshot, a gap, and collections with hostile names; and a browser.
/// </summary>
public sealed class Product : IAsyncLifetime
{
    internal const string Email = "ada@example.com";
    internal const string Password = "seven quiet herons at dusk";

    private readonly List<IBrowserContext> _contexts = [];
    private IPlaywright? _playwright;
    private IAPIRequestContext? _api;
    private string? _state;

    internal ApplianceProcess Appliance { get; private set; } = null!;

    internal DemoSource Source { get; private set; } = null!;

    internal IBrowser Browser { get; private set; } = null!;

    internal Uri Pages { get; private set; } = null!;

    /// <summary>Id of the only group.</summary>
    internal string Group { get; private set; } = "";

    /// <summary>Id of the deployment.</summary>
    internal string Deployment { get; private set; } = "";

    public async Task InitializeAsync()
    {
        if (Chromium.Missing is not null)
        {
            return;
        }

        Source = await DemoSource.StartAsync("rs0");
        await Source.InsertAsync("shop", "orders", 0, 200);
        foreach (var name in DemoSource.HostileNames)
        {
            await Source.InsertAsync("shop", name, 0, 3);
        }

        Appliance = new ApplianceProcess(Source.Uri) { HttpPort = FreePorts.One(), AgentsPort = FreePorts.One() };
        Appliance.Variables["BACKUP_STORES"] = $"first=packs second=packs:{Path.Combine(Appliance.Data, "second")}";
        Appliance.Variables["BACKUP_STORE_TAGS"] = "first=hdd second=ssd";
        Appliance.Up();
        (_playwright, Browser) = await Chromium.LaunchAsync();
        Pages = await AddressAsync(Appliance);
        await SetUpAsync();
        _ = await Appliance.WaitForStateAsync("tailing");
        (await Appliance.RunAsync("snapshot", "rs0", "--wait")).Succeeded();
        await Source.InsertAsync("shop", "orders", 200, 10);
        Group = (await GetAsync("session")).GetProperty("groups")[0].GetProperty("id").GetString()!;
        var deployments = (await GetAsync($"groups/{Group}/deployments")).GetProperty("items");
        Deployment = deployments[0].GetProperty("id").GetString()!;
        await MakeGapAsync();
    }

    /// <summary>A page of the administrator.</summary>
    /// <param name="path">Where it opens.</param>
    /// <param name="width">Of the window.</param>
    /// <param name="theme">Of the system.</param>
    internal async Task<IPage> OpenAsync(string path, int width = 1280, ColorScheme theme = ColorScheme.Light)
    {
        var context = await Browser.NewContextAsync(
            new BrowserNewContextOptions
            {
                StorageState = _state,
                ColorScheme = theme,
                ViewportSize = new ViewportSize { Width = width, Height = 900 },
                AcceptDownloads = true,
            }
        );
        context.SetDefaultTimeout(20_000);
        _contexts.Add(context);
        var page = await context.NewPageAsync();
        _ = await page.GotoAsync(new Uri(Pages, path).ToString());
        return page;
    }

    /// <summary>What can be restored, as the API says it.</summary>
    internal async Task<JsonElement> RangesAsync() => await GetAsync($"groups/{Group}/deployments/{Deployment}/ranges");

    /// <summary>A GET of the API, as the administrator.</summary>
    internal async Task<JsonElement> GetAsync(string path)
    {
        _api ??= await _playwright!.APIRequest.NewContextAsync(new() { StorageState = _state });
        var response = await _api.GetAsync(new Uri(Pages, $"api/v1/{path}").ToString());
        return response.Ok
            ? (await response.JsonAsync())!.Value
            : throw new InvalidOperationException($"{path}: {response.Status} {await response.TextAsync()}");
    }

    /// <summary>The address of the set-up page, as the appliance prints it at its first start.</summary>
    internal static async Task<Uri> SetUpAddressAsync(ApplianceProcess appliance)
    {
        await appliance.WaitForOutputAsync("#token=");
        var found = Regex.Match(
            appliance.Output,
            @"(https?://\S+#token=\S+)",
            RegexOptions.None,
            TimeSpan.FromSeconds(1)
        );
        return new Uri(found.Groups[1].Value);
    }

    public async Task DisposeAsync()
    {
        if (Appliance is null)
        {
            return;
        }

        await Browser.DisposeAsync();
        _playwright?.Dispose();
        await Appliance.DisposeAsync();
        await Source.DisposeAsync();
    }

    private static async Task<Uri> AddressAsync(ApplianceProcess appliance) =>
        new((await SetUpAddressAsync(appliance)).GetLeftPart(UriPartial.Authority));

    private async Task SetUpAsync()
    {
        var page = await OpenAsync("/");
        _ = await page.GotoAsync((await SetUpAddressAsync(Appliance)).ToString());
        await FirstAdministrator.MakeAsync(page);
        await page.GetByText("Connected:").First.WaitForAsync();
        _state = await page.Context.StorageStateAsync();
        await page.Context.CloseAsync();
    }

    /// <summary>Until the head holds everything up to that second.</summary>
    internal async Task WaitForMomentAsync(uint second)
    {
        for (var watch = Stopwatch.StartNew(); watch.Elapsed < TimeSpan.FromMinutes(1); await Task.Delay(200))
        {
            var ranges = (await RangesAsync()).GetProperty("ranges");
            if (
                ranges.GetArrayLength() > 0
                && ranges[ranges.GetArrayLength() - 1]
                    .GetProperty("to")
                    .GetProperty("optime")
                    .GetProperty("t")
                    .GetUInt32() >= second
            )
            {
                return;
            }
        }

        throw new TimeoutException("The head does not come to that second.");
    }

    /// <summary>A new initial sync: between its end and what was read before it no moment can be restored.</summary>
    private async Task MakeGapAsync()
    {
        // A second is whole when something was written after it.
        await Task.Delay(TimeSpan.FromSeconds(1.5));
        await Source.InsertAsync("shop", "later", -1, 1);
        await WaitForMomentAsync((await Source.NewestAsync()).T);
        // What the old head holds ends here, and the new one begins after this pause: there is a whole second between them, however fast the copy is.
        while (DateTimeOffset.UtcNow.ToUnixTimeSeconds() < (await Source.NewestAsync()).T + 4)
        {
            await Task.Delay(100);
        }

        (await Appliance.RunAsync("resync", "rs0")).Succeeded();
        await Source.InsertAsync("shop", "orders", 210, 10);
        // Right after it was asked for the old head still tails: it is the new one that holds the documents of the new copy.
        for (var watch = Stopwatch.StartNew(); watch.Elapsed < TimeSpan.FromMinutes(1); await Task.Delay(300))
        {
            _ = await Appliance.WaitForStateAsync("tailing");
            (await Appliance.RunAsync("snapshot", "rs0", "--wait")).Succeeded();
            if ((await RangesAsync()).GetProperty("ranges").GetArrayLength() == 2)
            {
                return;
            }
        }

        throw new TimeoutException($"There are no two ranges after a resync: {await RangesAsync()}");
    }
}

/// <summary>The form of the first run.</summary>
internal static class FirstAdministrator
{
    internal static async Task MakeAsync(IPage page, string? token = null)
    {
        if (token is not null)
        {
            await page.GetByLabel("Set-up token").FillAsync(token);
        }

        await page.GetByLabel("Your name").FillAsync("Ada Lovelace");
        await page.GetByLabel("E-mail").FillAsync(Product.Email);
        await page.GetByLabel("Password").FillAsync(Product.Password);
        await page.GetByRole(AriaRole.Button, new() { Name = "Make the administrator" }).ClickAsync();
    }
}
