using System.Globalization;
using System.Text.Json;
using Backup.Tests.Support;
using Microsoft.Playwright;
using Shouldly;
using Xunit;

namespace Backup.Tests.Browser;

/// <summary>Restores through the wizard, judged by what was downloaded.</summary>
[Collection(ProductCollection.Name)]
public sealed class RestoreTests(Product product)
{
    [ChromiumFact]
    public async Task A_second_in_a_gap_cannot_be_chosen_and_says_why_and_a_valid_one_gives_its_documents()
    {
        var (before, inGap, after) = await MomentsAsync();
        var page = await product.OpenAsync($"/d/{product.Deployment}/restore");
        await page.NextAsync();
        await page.GetByLabel("Time zone").SelectOptionAsync("utc");
        await page.GetByLabel("Second", new() { Exact = true }).FillAsync(Text(inGap));
        await page.GetByText("This second lies in a gap:").WaitForAsync();
        await page.NextAsync();
        await page.GetByText("This second cannot be restored.").WaitForAsync();
        await Assertions
            .Expect(page.GetByRole(AriaRole.Heading, new() { Level = 2 }).First)
            .ToHaveTextAsync("2. To which moment?");
        await page.Locator("button", new() { HasTextRegex = Wizard.Pattern("^First after:") }).ClickAsync();
        await page.GetByText("this second can be restored").WaitForAsync();

        await page.GetByLabel("Second", new() { Exact = true }).FillAsync(Text(before));
        await page.GetByText("this second can be restored").WaitForAsync();
        (await IdsAsync(page)).Max().ShouldBe(209, "what was written before the gap");
        await page.GotoAsync(new Uri(product.Pages, $"/d/{product.Deployment}/restore").ToString());
        await page.NextAsync();
        await page.GetByLabel("Time zone").SelectOptionAsync("utc");
        await page.GetByLabel("Second", new() { Exact = true }).FillAsync(Text(after));
        (await IdsAsync(page)).Max().ShouldBeGreaterThanOrEqualTo(219, "what was written in the gap is in the copy");
    }

    [ChromiumFact]
    public async Task The_link_of_an_alert_fills_in_what_is_restored_and_the_second()
    {
        await product.Source.InsertAsync("shop", "lost", 1, 1);
        var written = await product.Source.NewestAsync();
        var later = written;
        for (var id = 2; later.T == written.T; id++)
        {
            await Task.Delay(200);
            await product.Source.InsertAsync("shop", "lost", id, 1);
            later = await product.Source.NewestAsync();
        }

        var second = DateTimeOffset.FromUnixTimeSeconds(later.T).UtcDateTime;
        await product.WaitForMomentAsync(later.T);
        var time = Uri.EscapeDataString($"{second:yyyy-MM-dd'T'HH:mm:ss'Z'}");
        var page = await product.OpenAsync($"/d/{product.Deployment}/restore?time={time}&namespace=shop.lost");
        // In the list of what there is now it need not be: what was dropped is not.
        await Assertions
            .Expect(page.GetByRole(AriaRole.Textbox, new() { Name = "Databases and collections" }))
            .ToHaveValueAsync("shop.lost");
        await page.NextAsync();
        await page.GetByText("this second can be restored").WaitForAsync();
        await page.GetByLabel("Time zone").SelectOptionAsync("utc");
        (await page.GetByLabel("Second", new() { Exact = true }).InputValueAsync()).ShouldStartWith(
            second.ToString("yyyy-MM-dd'T'HH:mm", CultureInfo.InvariantCulture)
        );
        await page.NextAsync();
        await page.ChooseLinesAsync();
        await page.NextAsync();
        var (_, curl, _) = await page.MakeLinkAsync();
        using var folder = new TemporaryFolder();
        _ = await Shell.ShouldRunAsync(curl, folder.Path);
        var lines = await LinesAsync(folder);
        lines.ShouldAllBe(static one => one.Contains("\"shop.lost\""));
        lines.Select(IdOf).ShouldContain(1);
    }

    [ChromiumFact]
    public async Task An_entry_of_the_oplog_is_the_last_that_is_restored_and_a_link_is_good_once()
    {
        await product.Source.InsertAsync("shop", "exact", 1, 1);
        var optime = await product.Source.NewestAsync();
        await product.Source.InsertAsync("shop", "exact", 2, 1);
        var newest = await product.Source.NewestAsync();
        await product.WaitForMomentAsync(newest.T);
        var page = await product.OpenAsync($"/d/{product.Deployment}/restore");
        await page.NextAsync();
        await page.GetByText("An entry of the oplog").ClickAsync();
        await page.GetByLabel("T: seconds").FillAsync($"{optime.T}");
        await page.GetByLabel("I: ordinal").FillAsync($"{optime.I}");
        await page.GetByText("Everything up to and including").WaitForAsync();
        await page.NextAsync();
        await page.ChooseLinesAsync();
        await page.NextAsync();
        var (url, curl, verify) = await page.MakeLinkAsync();
        using var folder = new TemporaryFolder();
        _ = await Shell.ShouldRunAsync(curl, folder.Path);
        var lines = await LinesAsync(folder);
        lines.Where(static one => one.Contains("exact")).Count().ShouldBe(1, "the entry, and not the one after it");
        (await Shell.ShouldRunAsync(verify, folder.Path)).ShouldContain(": OK");
        await page.GetByText("1 of 1 finished, 1 begun").WaitForAsync();
        (
            await Shell.RunAsync($"curl -s -o /dev/null -w '%{{http_code}}' --insecure '{url}'", folder.Path)
        ).Output.ShouldBe("410", "it is used up");
    }

    [ChromiumFact]
    public async Task A_link_counts_down_and_is_revoked()
    {
        var page = await product.OpenAsync($"/d/{product.Deployment}/restore");
        await page.NextAsync();
        await page.GetByText("A snapshot", new() { Exact = true }).ClickAsync();
        await page.NextAsync();
        await page.NextAsync();
        var (url, _, _) = await page.MakeLinkAsync();
        var clock = page.Locator(".countdown");
        var then = await clock.InnerTextAsync();
        await Assertions.Expect(clock).Not.ToHaveTextAsync(then);
        await page.Button("Revoke").ClickAsync();
        await page.GetByRole(AriaRole.Dialog).GetByRole(AriaRole.Button, new() { Name = "Revoke" }).ClickAsync();
        await page.GetByText("Revoked", new() { Exact = true }).WaitForAsync();
        using var folder = new TemporaryFolder();
        (
            await Shell.RunAsync($"curl -s -o /dev/null -w '%{{http_code}}' --insecure '{url}'", folder.Path)
        ).Output.ShouldBe("410");
    }

    [ChromiumFact]
    public async Task One_collection_is_restored_by_the_keyboard_alone()
    {
        var page = await product.OpenAsync("/");
        await page.GetByRole(AriaRole.Link, new() { Name = "Restore", Exact = true }).First.WaitForAsync();
        await TabToAsync(page, "Skip to the content");
        await page.Keyboard.PressAsync("Enter");
        await TabToAsync(page, "Restore");
        await page.Keyboard.PressAsync("Enter");
        await page.GetByText("What is restored?").WaitForAsync();
        await TabToAsync(page, "Everything");
        await page.Keyboard.PressAsync("ArrowDown");
        await page.GetByLabel("orders", new() { Exact = true }).WaitForAsync();
        await TabToAsync(page, "orders");
        await page.Keyboard.PressAsync("Space");
        await TabToAsync(page, "Next");
        await page.Keyboard.PressAsync("Enter");
        await page.GetByText("To which moment?").WaitForAsync();
        await TabToAsync(page, "A second");
        await page.Keyboard.PressAsync("ArrowDown");
        await TabToAsync(page, "Next");
        await page.Keyboard.PressAsync("Enter");
        await page.GetByText("Where to?").WaitForAsync();
        await TabToAsync(page, "Form");
        await page.Keyboard.TypeAsync("ND");
        await TabToAsync(page, "Compressed");
        await page.Keyboard.PressAsync("Space");
        await TabToAsync(page, "Next");
        await page.Keyboard.PressAsync("Enter");
        await page.GetByText("Is this right?").WaitForAsync();
        await TabToAsync(page, "Make the link");
        await page.Keyboard.PressAsync("Enter");
        var line = page.Locator("pre[aria-label='the download line']");
        await page.ConfirmedAsync(line);
        using var folder = new TemporaryFolder();
        _ = await Shell.ShouldRunAsync(await line.InnerTextAsync(), folder.Path);
        var lines = await LinesAsync(folder);
        lines.Count.ShouldBeGreaterThan(200);
        lines.ShouldAllBe(one => one.Contains("\"shop.orders\""));
    }

    /// <summary>Presses Tab until that is focused, by what is read out of it.</summary>
    private static async Task TabToAsync(IPage page, string name)
    {
        var seen = new List<string>();
        for (var at = 0; at < 80; at++)
        {
            await page.Keyboard.PressAsync("Tab");
            var focused = await page.EvaluateAsync<string>(
                """
                () => {
                  const e = document.activeElement;
                  const label = e.labels?.length ? [...e.labels].map(l => l.innerText).join(" ") : "";
                  return (e.getAttribute("aria-label") || label || e.innerText || "").trim();
                }
                """
            );
            if (focused.StartsWith(name, StringComparison.Ordinal))
            {
                return;
            }

            seen.Add(focused);
        }

        throw new InvalidOperationException($"Tab never comes to '{name}', but to: {string.Join(" | ", seen)}");
    }

    /// <summary>From the second step on: makes a link to lines of JSON, and gives the ids of the orders in it.</summary>
    private static async Task<List<int>> IdsAsync(IPage page)
    {
        await page.NextAsync();
        await page.ChooseLinesAsync();
        await page.NextAsync();
        var (_, curl, _) = await page.MakeLinkAsync();
        using var folder = new TemporaryFolder();
        _ = await Shell.ShouldRunAsync(curl, folder.Path);
        return
        [
            .. (await LinesAsync(folder))
                .Where(static one => one.Contains("\"shop.orders\""))
                .Select(static one => IdOf(one)),
        ];
    }

    /// <summary>Of a line <c>{"ns":…,"doc":{"_id":{"$numberInt":"7"},…}}</c>.</summary>
    private static int IdOf(string line)
    {
        using var json = JsonDocument.Parse(line);
        var id = json.RootElement.GetProperty("doc").GetProperty("_id").GetProperty("$numberInt");
        return int.Parse(id.GetString()!, CultureInfo.InvariantCulture);
    }

    private static async Task<List<string>> LinesAsync(TemporaryFolder folder)
    {
        var file = Directory.EnumerateFiles(folder.Path).Single();
        return [.. (await File.ReadAllLinesAsync(file)).Where(static one => one.Length > 0)];
    }

    /// <summary>As the browser's own field has it: without the seconds where they are zero.</summary>
    private static string Text(DateTimeOffset at) =>
        at.UtcDateTime.ToString(at.Second == 0 ? "yyyy-MM-dd'T'HH:mm" : "yyyy-MM-dd'T'HH:mm:ss");

    /// <summary>The newest second before the gap, one in it, and one after it.</summary>
    private async Task<(DateTimeOffset Before, DateTimeOffset InGap, DateTimeOffset After)> MomentsAsync()
    {
        var ranges = await product.RangesAsync();
        var gap = ranges.GetProperty("gaps")[0];
        var (from, to) = (
            gap.GetProperty("from").GetProperty("time").GetDateTimeOffset(),
            gap.GetProperty("to").GetProperty("time").GetDateTimeOffset()
        );

        // A second is whole when something was written after it.
        await Task.Delay(TimeSpan.FromSeconds(2));
        await product.Source.InsertAsync("shop", "later", 0, 1);
        await product.WaitForMomentAsync((await product.Source.NewestAsync()).T);
        return (from, from.AddSeconds((to - from).TotalSeconds / 2), to.AddSeconds(1));
    }
}
