using System.Net;
using System.Text.Json.Nodes;
using Backup.Metadata.People;
using Shouldly;
using Xunit;

namespace Backup.Tests.WebUI;

public sealed class GroupTests : IAsyncLifetime
{
    private const string Owner = "owner@example.org";

    private readonly PeopleScene _scene = new();

    public Task InitializeAsync() => _scene.InitializeAsync();

    public Task DisposeAsync() => _scene.DisposeAsync();

    [Fact]
    public async Task Somebody_who_is_invited_makes_an_account_and_is_a_member()
    {
        using var owner = await OwnerAsync();
        var group = await _scene.GroupAsync();
        var made = await owner.PostAsync(
            $"/groups/{group}/invitations",
            new { email = "Bob@example.org", role = "restorer" }
        );
        made.Status.ShouldBe(HttpStatusCode.Created, made.ToString());
        var url = new Uri((string)made.Json["url"]!);
        url.GetLeftPart(UriPartial.Authority).ShouldBe(_scene.Host.Address.GetLeftPart(UriPartial.Authority));
        var path = url.AbsolutePath.Replace("/invitation/", "/invitations/", StringComparison.Ordinal);
        var open = (await owner.GetAsync($"/groups/{group}/invitations")).Json.AsArray().ShouldHaveSingleItem()!;
        open["url"].ShouldBeNull();

        using var bob = _scene.Visitor();
        var shown = (await bob.GetAsync(path)).Json;
        ((string?)shown["group"], (string?)shown["email"], (string?)shown["role"], (bool)shown["hasAccount"]!).ShouldBe(
            ("default", "Bob@example.org", "restorer", false)
        );
        (await bob.PostAsync(path, new { })).ShouldBeProblem(HttpStatusCode.UnprocessableEntity, "BK8526");
        (await bob.PostAsync(path, new { name = "Bob", password = "short" })).ShouldBeProblem(
            HttpStatusCode.UnprocessableEntity,
            "BK8525"
        );
        var accepted = await bob.PostAsync(path, new { name = "Bob", password = PeopleScene.Password });
        accepted.Status.ShouldBe(HttpStatusCode.Created, accepted.ToString());
        accepted.Json["groups"]!.AsArray().ShouldHaveSingleItem()!["permissions"]!
            .AsArray()
            .Select(static one => (string?)one)
            .ShouldBe(["see", "restore"]);
        (await bob.GetAsync($"/groups/{group}/members")).Json.AsArray().Count.ShouldBe(2);
        (await bob.GetAsync(path)).ShouldBeProblem(HttpStatusCode.NotFound, "BK6103");
        (await bob.PostAsync(path, new { name = "Eve", password = PeopleScene.Password })).ShouldBeProblem(
            HttpStatusCode.NotFound,
            "BK6103"
        );
    }

    [Fact]
    public async Task Somebody_who_has_an_account_accepts_with_its_session_and_nobody_else_does()
    {
        using var owner = await OwnerAsync();
        using var bob = await _scene.LoggedInAsync("bob@example.org");
        using var eve = await _scene.LoggedInAsync("eve@example.org");
        using var nobody = _scene.Visitor();
        var path = await InviteAsync(owner, "bob@example.org", "viewer");
        (await nobody.PostAsync(path, new { name = "x", password = PeopleScene.Password })).ShouldBeProblem(
            HttpStatusCode.Conflict,
            "BK8530"
        );
        (await eve.PostAsync(path)).ShouldBeProblem(HttpStatusCode.NotFound, "BK6103");
        (await bob.PostAsync(path)).Status.ShouldBe(HttpStatusCode.Created);
        (await bob.GetAsync($"/groups/{await _scene.GroupAsync()}/members")).Status.ShouldBe(HttpStatusCode.OK);
        (await eve.GetAsync($"/groups/{await _scene.GroupAsync()}/members")).ShouldBeProblem(
            HttpStatusCode.NotFound,
            "BK8503"
        );
    }

    [Fact]
    public async Task An_invitation_is_over_when_it_is_taken_back_or_its_time_has_come()
    {
        using var owner = await OwnerAsync();
        using var nobody = _scene.Visitor();
        var group = await _scene.GroupAsync();
        var late = await InviteAsync(owner, "late@example.org", "viewer");
        _scene.Time.Advance(TimeSpan.FromDays(3));
        (await nobody.GetAsync(late)).ShouldBeProblem(HttpStatusCode.NotFound, "BK6103");
        using var again = await _scene.LogInAsync(Owner);
        await again.ConfirmedAsync();
        var revoked = await InviteAsync(again, "bob@example.org", "viewer");
        var id = (string)
            (await again.GetAsync($"/groups/{group}/invitations")).Json.AsArray().ShouldHaveSingleItem()!["id"]!;
        (await again.DeleteAsync($"/groups/{group}/invitations/{id}")).Status.ShouldBe(HttpStatusCode.NoContent);
        (await nobody.GetAsync(revoked)).ShouldBeProblem(HttpStatusCode.NotFound, "BK6103");
        (await again.DeleteAsync($"/groups/{group}/invitations/none")).ShouldBeProblem(HttpStatusCode.NotFound);
    }

    [Fact]
    public async Task A_role_that_is_taken_away_is_gone_with_the_next_request_and_one_owner_stays()
    {
        using var owner = await OwnerAsync();
        using var bob = await _scene.LoggedInAsync("bob@example.org", GroupRole.Owner);
        var group = await _scene.GroupAsync();
        var me = (await _scene.People.Users.FindByEmailAsync(Owner))!.Id;
        var him = (await _scene.People.Users.FindByEmailAsync("bob@example.org"))!.Id;
        (await bob.GetAsync($"/groups/{group}/tokens")).Status.ShouldBe(HttpStatusCode.OK);
        (await owner.PutAsync($"/groups/{group}/members/{him}", new { role = "viewer" })).Status.ShouldBe(
            HttpStatusCode.OK
        );
        (await bob.GetAsync($"/groups/{group}/tokens")).ShouldBeProblem(HttpStatusCode.Forbidden, "BK8504");
        (await owner.PutAsync($"/groups/{group}/members/{me}", new { role = "viewer" })).ShouldBeProblem(
            HttpStatusCode.Conflict,
            "BK6101"
        );
        (await owner.DeleteAsync($"/groups/{group}/members/{me}")).ShouldBeProblem(HttpStatusCode.Conflict, "BK6101");
        (await owner.DeleteAsync($"/groups/{group}/members/{him}")).Status.ShouldBe(HttpStatusCode.NoContent);
        (await bob.GetAsync($"/groups/{group}/members")).ShouldBeProblem(HttpStatusCode.NotFound, "BK8503");
        var outsider = (await _scene.UserAsync("eve@example.org")).Id;
        (await owner.PutAsync($"/groups/{group}/members/{outsider}", new { role = "viewer" })).ShouldBeProblem(
            HttpStatusCode.NotFound,
            "BK8503"
        );
    }

    [Fact]
    public async Task A_token_opens_its_group_until_it_ends()
    {
        using var owner = await OwnerAsync();
        var group = await _scene.GroupAsync();
        var made = await owner.PostAsync(
            $"/groups/{group}/tokens",
            new
            {
                name = "cron",
                role = "operator",
                expiresAt = _scene.Time.GetUtcNow().AddDays(1),
            }
        );
        using var cron = new Visitor(_scene.Host.Address) { Token = (string)made.Json["token"]!, RequestHeader = null };
        (await cron.GetAsync($"/groups/{group}/members")).Status.ShouldBe(HttpStatusCode.OK);
        (await cron.GetAsync("/session")).ShouldBeProblem(HttpStatusCode.Forbidden, "BK8529");
        (
            (await cron.GetAsync("/groups")).Json.AsArray().ShouldHaveSingleItem()!["permissions"]!.ToJsonString()
        ).ShouldBe("""["see","operate"]""");
        var listed = await ListedAsync();
        ((string?)listed["state"], listed["token"]).ShouldBe(("valid", null));
        listed["lastUsedAt"].ShouldNotBeNull();
        _scene.Time.Advance(TimeSpan.FromDays(1));
        (await cron.GetAsync($"/groups/{group}/members")).ShouldBeProblem(HttpStatusCode.Unauthorized, "BK8500");

        using var forEver = new Visitor(_scene.Host.Address) { Token = await _scene.TokenAsync(GroupRole.Viewer) };
        (await forEver.GetAsync($"/groups/{group}/members")).Status.ShouldBe(HttpStatusCode.OK);
        using var again = await _scene.LogInAsync(Owner);
        foreach (var one in (await again.GetAsync($"/groups/{group}/tokens")).Json.AsArray())
        {
            (await again.DeleteAsync($"/groups/{group}/tokens/{(string?)one!["id"]}")).Status.ShouldBe(
                HttpStatusCode.NoContent
            );
        }

        (await forEver.GetAsync($"/groups/{group}/members")).ShouldBeProblem(HttpStatusCode.Unauthorized, "BK8500");
        await again.ConfirmedAsync();
        (
            await again.PostAsync(
                $"/groups/{group}/tokens",
                new
                {
                    name = "x",
                    role = "viewer",
                    expiresAt = _scene.Time.GetUtcNow(),
                }
            )
        ).ShouldBeProblem(HttpStatusCode.UnprocessableEntity, "BK8526");

        async Task<JsonNode> ListedAsync() =>
            (await owner.GetAsync($"/groups/{group}/tokens")).Json.AsArray().ShouldHaveSingleItem()!;
    }

    [Fact]
    public async Task Changes_and_refusals_are_in_the_audit_of_their_group()
    {
        using var owner = await OwnerAsync();
        var group = await _scene.GroupAsync();
        var bob = await _scene.UserAsync("bob@example.org", GroupRole.BackupAdministrator);
        using var other = await _scene.LogInAsync("bob@example.org");
        (await other.PatchAsync($"/groups/{group}", new { name = "mine" })).ShouldBeProblem(
            HttpStatusCode.Forbidden,
            "BK8504"
        );
        (await owner.PatchAsync($"/groups/{group}", new { name = "orders" })).Status.ShouldBe(HttpStatusCode.OK);
        (await owner.PutAsync($"/groups/{group}/members/{bob.Id}", new { role = "operator" })).Status.ShouldBe(
            HttpStatusCode.OK
        );
        (await other.GetAsync($"/groups/{group}/audit")).ShouldBeProblem(HttpStatusCode.Forbidden, "BK8504");

        var whole = await ItemsAsync("");
        whole
            .Select(static one => $"{one!["actor"]} {one["action"]} {one["outcome"]}")
            .ShouldBe([
                "user bob@example.org api.read refused",
                "user owner@example.org member.role ok",
                "user owner@example.org group.rename ok",
                "user bob@example.org group.rename refused",
            ]);
        ((string?)whole[1]!["subject"]).ShouldBe("user bob@example.org: BackupAdministrator to Operator");
        ((string?)whole[1]!["from"]).ShouldBe("127.0.0.1");
        var first = (await owner.GetAsync($"/groups/{group}/audit?limit=3")).Json;
        var rest = await ItemsAsync($"?limit=3&after={(string?)first["next"]}");
        rest.ShouldHaveSingleItem()!.ToJsonString().ShouldBe(whole[3]!.ToJsonString());
        foreach (
            var wrong in new[] { "?limit=0", "?limit=201", "?limit=x", "?after=*", "?after=eA", "?since=yesterday" }
        )
        {
            (await owner.GetAsync($"/groups/{group}/audit{wrong}")).ShouldBeProblem(HttpStatusCode.BadRequest);
        }

        // What concerns the appliance as a whole is for its administrators.
        await _scene.People.Users.SetAdministratorAsync(
            (await _scene.People.Users.FindByEmailAsync(Owner))!.Id,
            administrator: true
        );
        (await ItemsAsync("")).Select(static one => (string?)one!["action"]).ShouldContain("session.create");

        async Task<JsonArray> ItemsAsync(string query) =>
            (await owner.GetAsync($"/groups/{group}/audit{query}")).Json["items"]!.AsArray();
    }

    [Fact]
    public async Task Administrators_make_groups_and_look_after_accounts()
    {
        using var owner = await OwnerAsync();
        (await owner.PostAsync("/groups", new { name = "second" })).ShouldBeProblem(HttpStatusCode.Forbidden, "BK8504");
        await _scene.People.Users.SetAdministratorAsync(
            (await _scene.People.Users.FindByEmailAsync(Owner))!.Id,
            administrator: true
        );
        var made = await owner.PostAsync("/groups", new { name = "second" });
        made.Status.ShouldBe(HttpStatusCode.Created, made.ToString());
        (await owner.PostAsync("/groups", new { name = "second" })).ShouldBeProblem(HttpStatusCode.Conflict, "BK6105");
        (await owner.GetAsync($"/groups/{(string?)made.Json["id"]}/members")).Json.AsArray().Count.ShouldBe(1);

        var bob = await _scene.UserAsync("bob@example.org");
        (await owner.PatchAsync($"/users/{bob.Id}", new { disabled = true })).Json["disabled"]!
            .GetValue<bool>()
            .ShouldBeTrue();
        (
            await owner.PatchAsync(
                $"/users/{bob.Id}",
                new
                {
                    disabled = false,
                    administrator = true,
                    locked = false,
                    twoFactor = false,
                }
            )
        ).Json["administrator"]!.GetValue<bool>().ShouldBeTrue();
        (await owner.PatchAsync($"/users/{bob.Id}", new { locked = true })).ShouldBeProblem(
            HttpStatusCode.UnprocessableEntity,
            "BK8526"
        );
        (await owner.PatchAsync("/users/none", new { disabled = true })).ShouldBeProblem(
            HttpStatusCode.NotFound,
            "BK8503"
        );
        (await owner.GetAsync("/users")).Text.ShouldNotContain("pbkdf2");
    }

    private async Task<Visitor> OwnerAsync() =>
        await (await _scene.LoggedInAsync(Owner, GroupRole.Owner)).ConfirmedAsync();

    private async Task<string> InviteAsync(Visitor owner, string email, string role)
    {
        var made = await owner.PostAsync($"/groups/{await _scene.GroupAsync()}/invitations", new { email, role });
        made.Status.ShouldBe(HttpStatusCode.Created, made.ToString());
        return new Uri((string)made.Json["url"]!).AbsolutePath.Replace(
            "/invitation/",
            "/invitations/",
            StringComparison.Ordinal
        );
    }
}
