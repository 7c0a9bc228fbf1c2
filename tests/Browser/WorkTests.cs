using System.Text.Json;
using Microsoft.Playwright;
using Shouldly;
using Xunit;

namespace Backup.Tests.Browser;

/// <summary>Policies, snapshots on demand, and what people of other roles see.</summary>
[Collection(ProductCollection.Name)]
public sealed class WorkTests(Product product)
{
    [ChromiumFact]
    public async Task A_policy_is_changed_and_an_invalid_retention_is_explained_at_its_field()
    {
        var page = await product.OpenAsync($"/d/{product.Deployment}?tab=policy");
        var kept = page.GetByLabel("Every snapshot", new() { Exact = true });
        var unit = page.GetByLabel("Unit of: Every snapshot");
        await unit.SelectOptionAsync(new SelectOptionValue { Label = "hours" });
        await kept.FillAsync("1");
        await page.Button("Change the policy").ClickAsync();
        await Assertions.Expect(kept).ToHaveAttributeAsync("aria-invalid", "true");
        await Assertions
            .Expect(page.Locator("[data-field=keepSeconds] .fault"))
            .ToContainTextAsync("at least the interval");
        await kept.FillAsync("72");
        await page.Button("Change the policy").ClickAsync();
        await page.GetByText("The policy is changed.").WaitForAsync();
        var policy = await product.GetAsync($"groups/{product.Group}/deployments/{product.Deployment}/policy");
        policy.GetProperty("keepSeconds").GetInt64().ShouldBe(72 * 3600);
    }

    [ChromiumFact]
    public async Task A_snapshot_is_taken_on_demand_and_appears_without_a_reload()
    {
        var page = await product.OpenAsync($"/d/{product.Deployment}");
        var rows = page.Locator("#panel tbody tr");
        await rows.First.WaitForAsync();
        var before = await rows.CountAsync();
        await page.Button("Snapshot now").ClickAsync();
        await Assertions.Expect(rows).ToHaveCountAsync(before + 1, new() { Timeout = 30_000 });
    }

    [ChromiumFact]
    public async Task A_snapshot_is_pinned_unpinned_and_deleted_after_it_was_said_what_goes_with_it()
    {
        (await product.Appliance.RunAsync("snapshot", "rs0", "--wait")).Succeeded();
        var page = await product.OpenAsync($"/d/{product.Deployment}");
        var rows = page.Locator("#panel tbody tr");
        var newest = rows.First;
        await newest.Locator("button[aria-label^=Pin]").ClickAsync();
        await page.Button("Pin").ClickAsync();
        await Assertions.Expect(newest.GetByText("Pinned", new() { Exact = true })).ToBeVisibleAsync();
        await newest.Locator("button[aria-label^=Unpin]").ClickAsync();
        await page.Button("Unpin").ClickAsync();
        await Assertions.Expect(newest.GetByText("Pinned", new() { Exact = true })).ToHaveCountAsync(0);

        var before = await rows.CountAsync();
        await newest.Locator("button[aria-label^=Delete]").ClickAsync();
        await page.GetByText("shared with other snapshots").WaitForAsync();
        await page.Button("Delete it").ClickAsync();
        await page.ConfirmedAsync(page.GetByText("The snapshot is deleted."));
        await Assertions.Expect(rows).ToHaveCountAsync(before - 1);
        // What took it is still told of.
        var jobs = (await product.GetAsync($"groups/{product.Group}/jobs")).GetProperty("items");
        jobs.EnumerateArray().ShouldContain(one => IdOnly(one.GetProperty("job")), "the snapshot of a job is gone");
    }

    [ChromiumFact]
    public async Task A_viewer_sees_no_restore_is_refused_by_the_API_and_the_audit_shows_it()
    {
        var page = await product.OpenAsync("/people?tab=invitations");
        await page.GetByLabel("E-mail").FillAsync("vera@example.com");
        await page.Button("Make an invitation").ClickAsync();
        var address = page.Locator("pre[aria-label='the invitation']");
        await page.ConfirmedAsync(address);
        var invitation = await address.InnerTextAsync();

        await using var context = await product.Browser.NewContextAsync();
        var viewer = await context.NewPageAsync();
        _ = await viewer.GotoAsync(invitation);
        await viewer.GetByLabel("Your name").FillAsync("Vera Viewer");
        await viewer.GetByLabel("Password").FillAsync("nine green kettles at noon");
        await viewer.Button("Make the account and join").ClickAsync();
        await viewer.GetByRole(AriaRole.Link, new() { Name = "rs0" }).First.ClickAsync();
        await viewer.GetByText("What can be restored").WaitForAsync();
        (await viewer.GetByText("Restore", new() { Exact = true }).CountAsync()).ShouldBe(0);
        (await viewer.Button("Snapshot now").CountAsync()).ShouldBe(0);
        _ = await viewer.GotoAsync(new Uri(product.Pages, $"/d/{product.Deployment}/restore").ToString());
        await viewer.GetByText("Your role in this group does not permit this.").WaitForAsync();
        (await PostAsync(viewer, $"groups/{product.Group}/links")).ShouldBe(403);
        (await PostAsync(viewer, "groups/another/links")).ShouldBe(404);

        _ = await page.GotoAsync(new Uri(product.Pages, "/people?tab=audit").ToString());
        var refused = page.Locator("tbody tr", new() { HasText = "vera@example.com" })
            .Filter(new() { HasText = "refused" });
        await refused.First.WaitForAsync();
    }

    [ChromiumFact]
    public async Task A_group_is_moved_to_another_store_and_the_page_follows()
    {
        var page = await product.OpenAsync("/storage");
        var table = page.GetByRole(AriaRole.Table, new() { Name = "Block stores" });
        var first = table.Locator("tbody tr", new() { HasText = "first" });
        var second = table.Locator("tbody tr", new() { HasText = "second" });
        await Assertions.Expect(first).ToContainTextAsync("is in it");
        await second.Button("Move here").ClickAsync();
        await page.GetByRole(AriaRole.Dialog).Button("Move").ClickAsync();
        await page.ConfirmedAsync(page.GetByText("The move is queued"));
        await Assertions.Expect(second).ToContainTextAsync("is in it", new() { Timeout = 60_000 });
        await Assertions.Expect(first).ToContainTextAsync("has nothing in it", new() { Timeout = 60_000 });
        var stores = await product.GetAsync($"groups/{product.Group}/storage/stores");
        stores.GetProperty("store").GetString().ShouldBe("second");
        stores.GetProperty("movesFrom").GetArrayLength().ShouldBe(0);
        (await product.Appliance.RunAsync("snapshot", "rs0", "--wait")).Succeeded();

        // By what it asks for, it goes back; what no store has is refused where it was asked.
        await page.Button("Change tags").ClickAsync();
        var dialog = page.GetByRole(AriaRole.Dialog);
        await dialog.GetByLabel("Tags").FillAsync("tape");
        await dialog.Button("Set the tags").ClickAsync();
        await Assertions.Expect(dialog).ToContainTextAsync("No store has all");
        await dialog.GetByLabel("Tags").FillAsync("hdd");
        await dialog.Button("Set the tags").ClickAsync();
        await page.ConfirmedAsync(page.GetByText("the group moves to first"));
        await Assertions.Expect(first).ToContainTextAsync("is in it", new() { Timeout = 60_000 });
        await Assertions.Expect(second).ToContainTextAsync("has nothing in it", new() { Timeout = 60_000 });
        await Assertions.Expect(page.GetByText("Tags of this group: hdd")).ToBeVisibleAsync();
    }

    /// <summary>Of a job whose snapshot is gone the id is left.</summary>
    private static bool IdOnly(JsonElement job) =>
        job.TryGetProperty("result", out var result)
        && result.ValueKind == JsonValueKind.Object
        && result.EnumerateObject().Select(static one => one.Name).SequenceEqual(["snapshotId"]);

    /// <summary>The status of a request that the pages themselves would not make.</summary>
    private async Task<int> PostAsync(IPage page, string path) =>
        await page.EvaluateAsync<int>(
            """
            async ([path, deployment]) => (await fetch(`/api/v1/${path}`, {
              method: "POST",
              headers: { "X-Backup-Request": "1", "Content-Type": "application/json" },
              body: JSON.stringify({ deployment }),
            })).status
            """,
            new[] { path, product.Deployment }
        );
}
