using System.Net;
using Backup.Metadata;
using Backup.Metadata.People;
using Shouldly;
using Xunit;

namespace Backup.Tests.WebUI;

/// <summary>The host, which is whoever can open the appliance's own socket.</summary>
public sealed class HostTests(HostScene scene) : IClassFixture<HostScene>
{
    [Fact]
    public async Task It_may_everything_in_every_group_and_is_asked_for_no_password()
    {
        using var host = scene.Command();
        await scene.Inner.UserAsync("keeper@example.org", GroupRole.Owner, "first");
        var leaver = await scene.Inner.UserAsync("leaver@example.org", GroupRole.Viewer, "second");
        var (first, second) = (await scene.Inner.GroupAsync("first"), await scene.Inner.GroupAsync("second"));
        (await host.PatchAsync($"/groups/{first}", new { name = "first of all" })).Status.ShouldBe(HttpStatusCode.OK);
        (await host.DeleteAsync($"/groups/{second}/members/{leaver.Id}")).Status.ShouldBe(HttpStatusCode.NoContent);
        (await host.GetAsync("/users")).Status.ShouldBe(HttpStatusCode.OK);
    }

    [Fact]
    public async Task It_lets_people_in_and_offers_builds_to_agents()
    {
        using var host = scene.Command();
        _ = scene.Inner.Desks.Take();
        var person = new
        {
            email = "ann@example.org",
            name = "Ann",
            password = "a long enough one",
            role = "viewer",
            administrator = false,
            temporary = false,
        };
        _ = await host.PostAsync("/host/people", person);
        _ = await host.PutAsync("/host/people/ann%40example.org/password", new { password = "x", temporary = true });
        _ = await host.PostAsync("/host/setup-token");
        _ = await host.PostAsync("/host/agent-builds", new { path = "/srv/agent", version = "1.2.3" });
        _ = await host.DeleteAsync("/host/agent-builds/linux-x64");
        scene
            .Inner.Desks.Take()
            .ShouldBe([
                "IAccountDesk.AddAsync",
                "IAccountDesk.SetPasswordAsync",
                "IAccountDesk.SetupTokenAsync",
                "IAgentBuildDesk.Offer",
                "IAgentBuildDesk.Withdraw",
            ]);
        (await scene.Inner.Metadata.Audit.FindAsync(new AuditQuery(null, 2) { OfAll = true }))
            .Select(static one => (one.Actor, one.Action))
            .ShouldBe([("host", "agent.build.withdraw"), ("host", "agent.build.offer")], ignoreOrder: true);
    }

    [Fact]
    public async Task What_it_changes_is_written_down_with_its_group()
    {
        using var host = scene.Command();
        var group = await scene.Inner.GroupAsync("audited");
        (await host.PatchAsync($"/groups/{group}", new { name = "watched" })).Status.ShouldBe(HttpStatusCode.OK);
        var record = (await scene.Inner.Metadata.Audit.FindAsync(new AuditQuery(group, 10))).ShouldHaveSingleItem();
        (record.Actor, record.From, record.Action, record.Outcome, record.GroupId).ShouldBe(
            ("host", "local", "group.rename", AuditOutcomes.Ok, group)
        );
    }

    [Fact]
    public async Task The_same_request_over_tcp_is_from_nobody()
    {
        using var host = scene.Command();
        using var stranger = scene.Inner.Visitor();
        stranger.RequestHeader = null;
        var group = await scene.Inner.GroupAsync("kept");
        (await host.GetAsync($"/groups/{group}/members")).Status.ShouldBe(HttpStatusCode.OK);
        (await stranger.GetAsync($"/groups/{group}/members")).ShouldBeProblem(HttpStatusCode.Unauthorized, "BK8500");
        (await stranger.PatchAsync($"/groups/{group}", new { name = "taken" })).ShouldBeProblem(
            HttpStatusCode.Forbidden,
            "BK8502"
        );
    }

    [Fact]
    public async Task Its_own_server_knows_nobody_who_comes_by_tcp()
    {
        using var intruder = scene.Intruder();
        (await intruder.GetAsync("/users")).ShouldBeProblem(HttpStatusCode.Unauthorized, "BK8500");
        (await intruder.GetAsync("/caller")).ShouldBeProblem(HttpStatusCode.Unauthorized, "BK8500");
    }

    [Fact]
    public async Task It_has_no_session_that_could_end()
    {
        using var host = scene.Command();
        (await host.GetAsync("/session")).Code.ShouldBe("BK8529");
    }

    [Fact]
    public async Task A_route_that_says_nothing_about_who_may_call_it_is_not_served_to_the_host_either()
    {
        using var host = scene.Command();
        (await host.GetAsync("/forgotten")).ShouldBeProblem(HttpStatusCode.InternalServerError, "BK8599");
        (await host.GetAsync("/never-made")).ShouldBeProblem(HttpStatusCode.NotFound, "BK8506");
    }
}
