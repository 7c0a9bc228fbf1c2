using System.Net;
using Backup.WebUI.Access;
using Backup.WebUI.Contracts;
using Backup.WebUI.Frame;
using Shouldly;
using Xunit;

namespace Backup.Tests.WebUI;

/// <summary>Served backups over HTTP: whose they are.</summary>
public sealed class ServeRouteTests
{
    [Fact]
    public async Task A_group_sees_and_stops_its_own_alone()
    {
        await using var scene = await WebScene.StartAsync();
        scene.Desks.Served.Add(TestDesks.ServedOf("a", "set-rs0"));
        scene.Desks.Served.Add(TestDesks.ServedOf("b", "another group's"));
        var restorer = scene.Member(Permission.See | Permission.Restore);
        var shown = await scene.GetAsync<PageOf<ServedView>>(scene.Of("served"), restorer);
        shown.Items.Select(static one => one.Id).ShouldBe(["a"]);
        using (var foreign = await scene.SendAsync(HttpMethod.Delete, scene.Of("served/b"), restorer))
        {
            foreign.StatusCode.ShouldBe(HttpStatusCode.NotFound);
        }

        using (var ours = await scene.SendAsync(HttpMethod.Delete, scene.Of("served/a"), restorer))
        {
            ours.StatusCode.ShouldBe(HttpStatusCode.OK);
        }

        scene.Desks.Done.ShouldBe(["serve no more a"]);
    }

    [Fact]
    public async Task A_moment_is_served_of_what_is_the_groups()
    {
        await using var scene = await WebScene.StartAsync();
        var restorer = scene.Member(Permission.See | Permission.Restore, CallerKind.Token);
        var plan = new { deployment = "rs0", time = "2026-11-22T11:00:00Z" };
        using (var made = await scene.SendAsync(HttpMethod.Post, scene.Of("served"), restorer, plan))
        {
            made.StatusCode.ShouldBe(HttpStatusCode.Created);
        }

        using (
            var foreign = await scene.SendAsync(
                HttpMethod.Post,
                scene.Of("served"),
                restorer,
                new { deployment = "rs9" }
            )
        )
        {
            foreign.StatusCode.ShouldBe(HttpStatusCode.NotFound);
        }

        scene.Desks.Done.ShouldBe(["serve set-rs0 1795345200 on 127.0.0.1"]);
    }
}
