using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using Backup.Foundation.Compression;
using Backup.Foundation.Contracts;
using Backup.Metadata.Alerting;
using Backup.WebUI.Access;
using Backup.WebUI.Contracts;
using Backup.WebUI.Frame;
using Shouldly;
using Xunit;

namespace Backup.Tests.WebUI;

/// <summary>Alerts over HTTP: whose they are, and what may be done with them.</summary>
public sealed class AlertRouteTests
{
    [Fact]
    public async Task A_group_sees_its_alerts_and_the_appliances_in_parts()
    {
        await using var scene = await WebScene.StartAsync();
        var viewer = scene.Member(Permission.See);
        for (var number = 0; number < 5; number++)
        {
            await RaiseAsync(scene, $"ours {number}", scene.Ours.Id);
        }

        await RaiseAsync(scene, "theirs", scene.Theirs.Id);
        await RaiseAsync(scene, "the disk", group: null);
        await scene.Metadata.Alerts.ResolveAsync("late", "ours 0");

        var first = await scene.GetAsync<PageOf<AlertView>>(scene.Of("alerts?limit=3"), viewer);
        first.Items.Select(static one => one.Subject).ShouldBe(["the disk", "ours 4", "ours 3"]);
        first.Items[0].OfAppliance.ShouldBeTrue();
        first.Items[1].Title.ShouldBe("About late");
        var rest = await scene.GetAsync<PageOf<AlertView>>(scene.Of($"alerts?limit=3&after={first.Next}"), viewer);
        rest.Items.Select(static one => one.Subject).ShouldBe(["ours 2", "ours 1"]);
        rest.Next.ShouldBeNull();
        var all = await scene.GetAsync<PageOf<AlertView>>(scene.Of("alerts?state=all"), viewer);
        all.Items.Count.ShouldBe(6);
        using var refused = await scene.SendAsync(HttpMethod.Get, scene.Of("alerts?state=odd"), viewer);
        refused.StatusCode.ShouldBe(HttpStatusCode.UnprocessableEntity);
    }

    [Fact]
    public async Task Another_groups_alert_is_not_there()
    {
        await using var scene = await WebScene.StartAsync();
        var id = await RaiseAsync(scene, "theirs", scene.Theirs.Id);
        var all = scene.Member((Permission)63);
        foreach (
            var (method, path) in new[]
            {
                (HttpMethod.Get, $"alerts/{id}"),
                (HttpMethod.Post, $"alerts/{id}/acknowledge"),
                (HttpMethod.Post, $"alerts/{id}/resolve"),
            }
        )
        {
            using var answer = await scene.SendAsync(method, scene.Of(path), all, new { comment = "x" });
            answer.StatusCode.ShouldBe(HttpStatusCode.NotFound, path);
        }

        (await scene.Metadata.Alerts.FindAsync(id))!.Acknowledged.ShouldBeNull();
    }

    [Fact]
    public async Task Somebody_knows_and_somebody_says_that_it_is_over()
    {
        await using var scene = await WebScene.StartAsync();
        var id = await RaiseAsync(scene, "ours", scene.Ours.Id);
        using (var refused = await PostAsync(scene, Permission.See, $"alerts/{id}/acknowledge", new { comment = "no" }))
        {
            refused.StatusCode.ShouldBe(HttpStatusCode.Forbidden);
        }

        using (
            var known = await PostAsync(
                scene,
                Permission.See | Permission.Operate,
                $"alerts/{id}/acknowledge",
                new { comment = "mine" }
            )
        )
        {
            known.StatusCode.ShouldBe(HttpStatusCode.OK);
            var view = (await known.Content.ReadFromJsonAsync<AlertView>(WebScene.ReadOptions))!;
            view.Acknowledged!.Comment.ShouldBe("mine");
        }

        using (
            var closed = await PostAsync(
                scene,
                Permission.See | Permission.Operate,
                $"alerts/{id}/resolve",
                new { comment = "done" }
            )
        )
        {
            var view = (await closed.Content.ReadFromJsonAsync<AlertView>(WebScene.ReadOptions))!;
            view.Resolution!.ShouldStartWith("done (");
            view.ResolvedAt.ShouldNotBeNull();
        }

        using var again = await PostAsync(scene, Permission.See | Permission.Operate, $"alerts/{id}/resolve", new { });
        (await WebScene.ProblemAsync(again, HttpStatusCode.UnprocessableEntity)).Code.ShouldBe("BK6200");
    }

    [Fact]
    public async Task What_servers_said_is_shown_to_who_looks_after_alerts_of_that_group()
    {
        await using var scene = await WebScene.StartAsync();
        var (ours, theirs) = (
            await RaiseAsync(scene, "ours", scene.Ours.Id),
            await RaiseAsync(scene, "theirs", scene.Theirs.Id)
        );
        foreach (var id in new[] { ours, theirs })
        {
            var answer = new HostAnswer("", [new HostExcerpt("db1:27017", ["a line"], false, [], null)]);
            var raw = JsonSerializer.SerializeToUtf8Bytes(answer, AgentJson.Default.HostAnswer);
            var packed = new byte[Zstd.MaxCompressedLength(raw.Length)];
            var content = packed[..Zstd.Compress(raw, packed)];
            await scene.Metadata.AlertExcerpts.AddAsync(
                new AlertExcerpt(id, DateTimeOffset.UnixEpoch, raw.Length, content)
            );
        }

        var may = scene.Member(Permission.See | Permission.Operate);
        (await scene.GetAsync<AlertView>(scene.Of($"alerts/{ours}"), may)).HasExcerpt.ShouldBeTrue();
        var excerpt = await scene.GetAsync<AlertExcerptView>(scene.Of($"alerts/{ours}/excerpt"), may);
        excerpt.Hosts.ShouldHaveSingleItem().Lines.ShouldBe(["a line"]);
        excerpt.Error.ShouldBeNull();
        await ShouldBeAsync(HttpStatusCode.Forbidden, $"alerts/{ours}/excerpt", scene.Member(Permission.See));
        await ShouldBeAsync(HttpStatusCode.NotFound, $"alerts/{theirs}/excerpt", may);
        var bare = await RaiseAsync(scene, "bare", scene.Ours.Id);
        await ShouldBeAsync(HttpStatusCode.NotFound, $"alerts/{bare}/excerpt", may);
        (await scene.GetAsync<AlertView>(scene.Of($"alerts/{bare}"), may)).HasExcerpt.ShouldBeFalse();

        async Task ShouldBeAsync(HttpStatusCode status, string path, string who)
        {
            using var answer = await scene.SendAsync(HttpMethod.Get, scene.Of(path), who);
            answer.StatusCode.ShouldBe(status, path);
        }
    }

    [Fact]
    public async Task Rules_of_what_is_collected_are_set_by_who_configures_and_seen_by_all_of_the_group()
    {
        await using var scene = await WebScene.StartAsync();
        var viewer = scene.Member(Permission.See);
        var owner = scene.Member(Permission.See | Permission.Configure);
        using (
            var refused = await scene.SendAsync(HttpMethod.Put, scene.Of("excerpt-rules"), viewer, new { isOn = true })
        )
        {
            refused.StatusCode.ShouldBe(HttpStatusCode.Forbidden);
        }

        using (var set = await scene.SendAsync(HttpMethod.Put, scene.Of("excerpt-rules"), owner, new { isOn = true }))
        {
            set.StatusCode.ShouldBe(HttpStatusCode.NoContent);
        }

        scene.Desks.Done.ShouldContain($"excerpts of {scene.Ours.Id}, all: True");
        var rule = new ExcerptRule(scene.Ours.Id, null, true, ["host-down"], 10, null, 5);
        await scene.Metadata.AlertExcerpts.SetRuleAsync(rule);
        await scene.Metadata.AlertExcerpts.SetRuleAsync(rule with { GroupId = scene.Theirs.Id });
        var seen = (
            await scene.GetAsync<List<ExcerptRuleView>>(scene.Of("excerpt-rules"), viewer)
        ).ShouldHaveSingleItem();
        (seen.Lines, seen.SlowMilliseconds, seen.Deployment).ShouldBe((10, 5, null));
        foreach (
            var (who, status) in new[]
            {
                (viewer, HttpStatusCode.Forbidden),
                (owner, HttpStatusCode.NoContent),
                (owner, HttpStatusCode.NotFound),
            }
        )
        {
            using var removed = await scene.SendAsync(HttpMethod.Delete, scene.Of("excerpt-rules"), who);
            removed.StatusCode.ShouldBe(status);
        }

        (await scene.Metadata.AlertExcerpts.RulesAsync()).ShouldHaveSingleItem().GroupId.ShouldBe(scene.Theirs.Id);
    }

    [Fact]
    public async Task A_window_is_made_within_bounds_and_taken_back()
    {
        await using var scene = await WebScene.StartAsync();
        var now = DateTimeOffset.UnixEpoch.AddYears(80);
        var wrong = new object[]
        {
            new { from = now, to = now },
            new { from = now, to = now.AddDays(32) },
            new { to = DateTimeOffset.UnixEpoch },
        };
        var may = Permission.See | Permission.Operate;
        foreach (var body in wrong)
        {
            using var refused = await PostAsync(scene, may, "maintenance-windows", body);
            (await WebScene.ProblemAsync(refused, HttpStatusCode.UnprocessableEntity)).Field.ShouldBe("to");
        }

        using (
            var made = await PostAsync(
                scene,
                may,
                "maintenance-windows",
                new
                {
                    from = now,
                    to = now.AddHours(1),
                    text = "upgrade",
                }
            )
        )
        {
            made.StatusCode.ShouldBe(HttpStatusCode.Created);
        }

        var viewer = scene.Member(may);
        var window = (await scene.GetAsync<List<WindowView>>(scene.Of("maintenance-windows"), viewer)).Single();
        (window.Text, window.From, window.Deployment).ShouldBe(("upgrade", now, null));
        using (
            var gone = await scene.SendAsync(HttpMethod.Delete, scene.Of($"maintenance-windows/{window.Id}"), viewer)
        )
        {
            gone.StatusCode.ShouldBe(HttpStatusCode.NoContent);
        }

        using var twice = await scene.SendAsync(
            HttpMethod.Delete,
            scene.Of($"maintenance-windows/{window.Id}"),
            viewer
        );
        twice.StatusCode.ShouldBe(HttpStatusCode.NotFound);
    }

    [Fact]
    public async Task What_is_about_the_appliance_is_told_only_where_an_administrator_says_so()
    {
        await using var scene = await WebScene.StartAsync();
        var may = Permission.See | Permission.Configure;
        using (
            var refused = await PostAsync(
                scene,
                may,
                "alert-channels",
                new
                {
                    name = "x",
                    kind = "mail",
                    withAppliance = true,
                }
            )
        )
        {
            refused.StatusCode.ShouldBe(HttpStatusCode.Forbidden);
        }

        using (var made = await PostAsync(scene, may, "alert-channels", new { name = "x", kind = "mail" }))
        {
            made.StatusCode.ShouldBe(HttpStatusCode.Created);
        }

        scene.Desks.Done.ShouldBe([$"add channel x to {scene.Ours.Id}"]);
    }

    [Fact]
    public async Task What_is_about_the_appliance_is_handled_by_its_administrators_and_accounts_are_told_to_them_alone()
    {
        await using var scene = await WebScene.StartAsync();
        var disk = await RaiseAsync(scene, "the disk", group: null);
        var account = await RaiseAsync(scene, "ann@example.org", group: null, AlertRecord.OfAccounts);
        var @operator = scene.Member(Permission.See | Permission.Operate);
        var administrator = scene.Member(Permission.See | Permission.Operate);
        scene.Callers.Known[administrator] = scene.Callers.Known[administrator] with { IsAdministrator = true };

        var theirs = await scene.GetAsync<PageOf<AlertView>>(scene.Of("alerts"), @operator);
        theirs.Items.Select(static one => one.Subject).ShouldBe(["the disk"]);
        foreach (
            var (path, status) in new[]
            {
                ($"alerts/{disk}/acknowledge", HttpStatusCode.Forbidden),
                ($"alerts/{disk}/resolve", HttpStatusCode.Forbidden),
                ($"alerts/{account}/acknowledge", HttpStatusCode.NotFound),
                ($"alerts/{account}/resolve", HttpStatusCode.NotFound),
            }
        )
        {
            using var refused = await scene.SendAsync(
                HttpMethod.Post,
                scene.Of(path),
                @operator,
                new { comment = "x" }
            );
            refused.StatusCode.ShouldBe(status, path);
        }

        (await scene.Metadata.Alerts.FindAsync(disk))!.ResolvedAt.ShouldBeNull();
        var all = await scene.GetAsync<PageOf<AlertView>>(scene.Of("alerts"), administrator);
        all.Items.Select(static one => one.Subject).ShouldBe(["ann@example.org", "the disk"]);
        using var closed = await scene.SendAsync(
            HttpMethod.Post,
            scene.Of($"alerts/{disk}/resolve"),
            administrator,
            new { comment = "x" }
        );
        closed.StatusCode.ShouldBe(HttpStatusCode.OK);
        (await scene.Metadata.Alerts.FindAsync(disk))!.ResolvedAt.ShouldNotBeNull();
    }

    private static async Task<long> RaiseAsync(WebScene scene, string subject, string? group, string condition = "late")
    {
        await scene.Metadata.Alerts.RaiseAsync(
            new AlertRaise(condition, subject, "BK8803", "It is late.", "Wait.")
            {
                GroupId = group,
                SubjectName = subject,
            }
        );
        return (await scene.Metadata.Alerts.ListAsync())[0].Id;
    }

    private static Task<HttpResponseMessage> PostAsync(WebScene scene, Permission may, string path, object body) =>
        scene.SendAsync(HttpMethod.Post, scene.Of(path), scene.Member(may), body);
}
