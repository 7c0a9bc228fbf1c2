using System.Net;
using Backup.Metadata.People;
using Backup.WebUI.Access;
using Backup.WebUI.Contracts;
using Shouldly;
using Xunit;

namespace Backup.Tests.WebUI;

/// <summary>What programs ask that know neither their group nor an id.</summary>
public sealed class CallerTests
{
    [Fact]
    public async Task A_name_is_looked_for_in_the_groups_alone_that_the_caller_may_see()
    {
        await using var scene = await WebScene.StartAsync();
        var caller = scene.Member(Permission.See);
        var found = await scene.GetAsync<FoundSubjectView>("/api/v1/subjects?name=a%2Fb&kind=replicaSet", caller);
        found.ShouldBe(new FoundSubjectView("replicaSet", "a/b", "a/b", scene.Ours.Id));
        scene.Desks.Done.ShouldBe(["find ReplicaSet a/b in 1"]);
        using var both = await scene.SendAsync(HttpMethod.Get, "/api/v1/subjects?name=a&snapshot=b", caller);
        await WebScene.ProblemAsync(both, HttpStatusCode.UnprocessableEntity, 8700);
        using var neither = await scene.SendAsync(HttpMethod.Get, "/api/v1/subjects", caller);
        await WebScene.ProblemAsync(neither, HttpStatusCode.UnprocessableEntity, 8700);
    }

    [Fact]
    public async Task The_status_holds_the_groups_of_the_caller_and_no_other()
    {
        await using var scene = await WebScene.StartAsync();
        (await scene.GetAsync<StatusView>("/api/v1/status", scene.Member(Permission.See)))
            .Deployments.Select(static one => one.Name)
            .ShouldBe(["rs0"]);
        (await scene.GetAsync<StatusView>("/api/v1/status", scene.Member(Permission.Audit))).Deployments.ShouldBeEmpty(
            "a group where nothing may be seen shows nothing"
        );
    }

    [Fact]
    public async Task A_replica_set_is_named_by_its_own_id_too()
    {
        await using var scene = await WebScene.StartAsync();
        var caller = scene.Member(Permission.See | Permission.Operate);
        using var taken = await scene.SendAsync(
            HttpMethod.Post,
            scene.Of("deployments/set-rs0/snapshots?keep=60"),
            caller
        );
        taken.StatusCode.ShouldBe(HttpStatusCode.Accepted);
        scene.Desks.Done.ShouldBe(["snapshot set-rs0"]);
        using var theirs = await scene.SendAsync(HttpMethod.Get, scene.Of("deployments/set-rs9/source"), caller);
        await WebScene.ProblemAsync(theirs, HttpStatusCode.NotFound, 8503);
    }

    [Fact]
    public async Task A_token_works_for_its_own_group_and_a_session_for_none()
    {
        var scene = new PeopleScene();
        await scene.InitializeAsync();
        try
        {
            using var program = new Visitor(scene.Host.Address)
            {
                Token = await scene.TokenAsync(GroupRole.Operator, "ours"),
            };
            var caller = (await program.GetAsync("/caller")).Json;
            ((string?)caller["kind"]).ShouldBe("token");
            ((string?)caller["home"]).ShouldBe(await scene.GroupAsync("ours"));
            using var person = await scene.LoggedInAsync("ann@example.org", GroupRole.Viewer, "ours");
            var session = (await person.GetAsync("/caller")).Json;
            ((string?)session["kind"]).ShouldBe("session");
            session["home"].ShouldBeNull();
        }
        finally
        {
            await scene.DisposeAsync();
        }
    }

    [Fact]
    public async Task The_audit_of_everything_is_for_administrators()
    {
        var scene = new PeopleScene();
        await scene.InitializeAsync();
        try
        {
            using var owner = await scene.LoggedInAsync("owner@example.org", GroupRole.Owner, "ours");
            (
                await owner.PatchAsync($"/groups/{await scene.GroupAsync("ours")}", new { name = "ours still" })
            ).Status.ShouldBe(HttpStatusCode.OK);
            (await owner.GetAsync("/audit")).ShouldBeProblem(HttpStatusCode.Forbidden, "BK8504");
            var root = await scene.UserAsync("root@example.org");
            await scene.People.Users.SetAdministratorAsync(root.Id, administrator: true);
            using var administrator = await scene.LogInAsync("root@example.org");
            var first = (await administrator.GetAsync("/audit?limit=1")).Json;
            first["items"]!.AsArray().Count.ShouldBe(1);
            var rest = (await administrator.GetAsync($"/audit?after={first["next"]}")).Json["items"]!.AsArray();
            rest.Select(static one => (string?)one!["action"]).ShouldContain("group.rename");
        }
        finally
        {
            await scene.DisposeAsync();
        }
    }
}
