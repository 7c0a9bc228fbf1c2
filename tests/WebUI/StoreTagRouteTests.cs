using System.Net;
using Backup.Metadata;
using Backup.Metadata.People;
using Shouldly;
using Xunit;

namespace Backup.Tests.WebUI;

/// <summary>Tags of groups over the API: who may set them, and what comes of them.</summary>
public sealed class StoreTagRouteTests : IAsyncLifetime
{
    private readonly TestDesks _desks = new();
    private readonly PeopleScene _scene;

    public StoreTagRouteTests() => _scene = new PeopleScene(_desks.All);

    public Task InitializeAsync() => _scene.InitializeAsync();

    public Task DisposeAsync() => _scene.DisposeAsync();

    [Fact]
    public async Task Who_may_move_a_group_may_tag_it_and_nobody_else()
    {
        var group = await _scene.GroupAsync();
        foreach (var role in Enum.GetValues<GroupRole>())
        {
            using var caller = new Visitor(_scene.Host.Address) { Token = await _scene.TokenAsync(role) };
            var moved = await caller.PostAsync($"/groups/{group}/storage/move", new { store = "main" });
            var tagged = await caller.PutAsync($"/groups/{group}/storage/tags", new { tags = new[] { "ssd" } });
            (tagged.Status == HttpStatusCode.OK).ShouldBe(moved.Status == HttpStatusCode.Accepted, $"{role}");
            if (role == GroupRole.Viewer)
            {
                tagged.ShouldBeProblem(HttpStatusCode.Forbidden, "BK8504");
            }
        }

        using var stranger = new Visitor(_scene.Host.Address)
        {
            Token = await _scene.TokenAsync(GroupRole.Owner, "theirs"),
        };
        (await stranger.PutAsync($"/groups/{group}/storage/tags", new { tags = new[] { "ssd" } })).ShouldBeProblem(
            HttpStatusCode.NotFound,
            "BK8503"
        );
        (await _scene.AuditAsync()).ShouldContain(static one =>
            one.Contains("storage.tags ok", StringComparison.Ordinal)
        );
    }

    [Fact]
    public async Task Tags_are_told_once_each_and_what_is_none_reaches_nobody()
    {
        var group = await _scene.GroupAsync();
        using var caller = new Visitor(_scene.Host.Address) { Token = await _scene.TokenAsync(GroupRole.Operator) };
        var tagged = await caller.PutAsync(
            $"/groups/{group}/storage/tags",
            new { tags = new[] { "ssd", "eu", "ssd" } }
        );
        tagged.Json["tags"]!.ToJsonString().ShouldBe("""["eu","ssd"]""");
        _desks.Done.ShouldBe([$"tag {group} eu ssd"]);
        foreach (var wrong in (string?[])["SSD", "", "a b", new string('a', 41), null])
        {
            var refused = await caller.PutAsync($"/groups/{group}/storage/tags", new { tags = new[] { wrong } });
            refused.ShouldBeProblem(HttpStatusCode.UnprocessableEntity, "BK6323");
            ((string?)refused.Json["field"]).ShouldBe("tags");
        }

        _desks.Done.Count.ShouldBe(1);
        (await caller.PutAsync($"/groups/{group}/storage/tags", new { tags = Array.Empty<string>() })).Status.ShouldBe(
            HttpStatusCode.OK
        );
        _desks.Done[^1].ShouldBe($"tag {group} ");
    }

    [Fact]
    public async Task A_group_is_made_with_tags_and_is_in_a_store_that_has_them()
    {
        _desks.TaggedStores = [new TaggedStore("main", []), new TaggedStore("fast", ["ssd"])];
        await _scene.GroupAsync();
        var user = await _scene.UserAsync("root@example.org");
        await _scene.People.Users.SetAdministratorAsync(user.Id, administrator: true);
        using var root = await (await _scene.LogInAsync("root@example.org")).ConfirmedAsync();
        (await root.PostAsync("/groups", new { name = "tagged", tags = new[] { "us" } })).ShouldBeProblem(
            HttpStatusCode.UnprocessableEntity,
            "BK6322"
        );
        (await _scene.Metadata.Access.GroupsAsync()).ShouldNotContain(static one => one.Name == "tagged");

        var made = await root.PostAsync("/groups", new { name = "tagged", tags = new[] { "ssd" } });
        made.Status.ShouldBe(HttpStatusCode.Created, made.ToString());
        var group = (string)made.Json["id"]!;
        (await _scene.Metadata.GroupStores.TagsOfAsync(group)).ShouldBe(["ssd"]);
        (await _scene.Metadata.GroupStores.FindAsync(group))!.Store.ShouldBe("fast");
        (await root.PostAsync("/groups", new { name = "plain" })).Status.ShouldBe(HttpStatusCode.Created);
        (await _scene.Metadata.GroupStores.ListAsync()).ShouldHaveSingleItem().GroupId.ShouldBe(group);
    }
}
