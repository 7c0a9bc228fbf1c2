using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using Backup.Metadata;
using Backup.WebUI.Access;
using Backup.WebUI.Contracts;
using Backup.WebUI.Frame;
using Backup.WebUI.Resources;
using Shouldly;
using Xunit;

namespace Backup.Tests.WebUI;

/// <summary>Jobs over HTTP: their log, and another try.</summary>
public sealed class JobRouteTests
{
    private const Permission Operator = Permission.See | Permission.Operate;

    [Fact]
    public async Task The_log_of_a_job_is_its_groups()
    {
        await using var scene = await WebScene.StartAsync();
        await AddAsync(scene, "ours", "verify", "set-rs0");
        await AddAsync(scene, "theirs", "verify", "set-rs9");
        var at = DateTimeOffset.FromUnixTimeSeconds(DateTimeOffset.UtcNow.ToUnixTimeSeconds());
        await scene.Metadata.Jobs.LogAsync("ours", [new JobLogLine(at, "read", true)]);
        await scene.Metadata.Jobs.LogAsync("theirs", [new JobLogLine(at, "secret")]);
        var viewer = scene.Member(Permission.See);
        var log = await scene.GetAsync<PageOf<JobLogView>>(scene.Of("jobs/ours/log"), viewer);
        log.Items.ShouldBe([new JobLogView(at, "read", true)]);
        using var foreign = await scene.SendAsync(HttpMethod.Get, scene.Of("jobs/theirs/log"), viewer);
        foreign.StatusCode.ShouldBe(HttpStatusCode.NotFound);
    }

    [Fact]
    public async Task Whoever_may_operate_tries_a_job_again_but_no_restore()
    {
        await using var scene = await WebScene.StartAsync();
        await AddAsync(scene, "job", "snapshot", "set-rs0");
        await AddAsync(scene, "push", RestoreJobs.Push, "set-rs0");
        var member = scene.Member(Operator, CallerKind.Token);
        using (var accepted = await scene.SendAsync(HttpMethod.Post, scene.Of("jobs/job/retry"), member))
        {
            accepted.StatusCode.ShouldBe(HttpStatusCode.Accepted);
        }

        foreach (var verb in new[] { "retry", "cancel" })
        {
            using var refused = await scene.SendAsync(HttpMethod.Post, scene.Of($"jobs/push/{verb}"), member);
            (await refused.Content.ReadFromJsonAsync<Problem>())!.Code.ShouldBe("BK8602", verb);
        }

        using (
            var viewer = await scene.SendAsync(
                HttpMethod.Post,
                scene.Of("jobs/job/retry"),
                scene.Member(Permission.See, CallerKind.Token)
            )
        )
        {
            viewer.StatusCode.ShouldBe(HttpStatusCode.Forbidden);
        }

        scene.Desks.Done.ShouldBe(["retry job"]);
    }

    [Fact]
    public async Task Jobs_of_the_store_are_ended_by_who_asked_and_by_administrators_and_a_move_is_its_groups()
    {
        await using var scene = await WebScene.StartAsync();
        await AddAsync(scene, "groom", "groom", JobSubjects.Store);
        await AddAsync(scene, "ours", "move-group", JobSubjects.Store, $$"""{"groupId":"{{scene.Ours.Id}}"}""");
        await AddAsync(scene, "theirs", "move-group", JobSubjects.Store, $$"""{"groupId":"{{scene.Theirs.Id}}"}""");
        await scene.Metadata.Jobs.LogAsync("groom", [new JobLogLine(DateTimeOffset.UtcNow, "theirs is hit", true)]);
        var member = scene.Member(Operator, CallerKind.Token);
        await AddAsync(scene, "asked", "check", JobSubjects.Store, askedBy: scene.Callers.Known[member].Name);

        var seen = await scene.GetAsync<PageOf<ActivityView>>(scene.Of("jobs"), member);
        seen.Items.Select(static one => one.Job.Id).ShouldBe(["asked", "groom", "ours"], ignoreOrder: true);
        (await scene.GetAsync<PageOf<JobLogView>>(scene.Of("jobs/groom/log"), member)).Items.ShouldBeEmpty();
        foreach (
            var (job, status) in new[]
            {
                ("groom", HttpStatusCode.Forbidden),
                ("theirs", HttpStatusCode.NotFound),
                ("ours", HttpStatusCode.OK),
                ("asked", HttpStatusCode.OK),
            }
        )
        {
            using var answer = await scene.SendAsync(HttpMethod.Post, scene.Of($"jobs/{job}/cancel"), member);
            answer.StatusCode.ShouldBe(status, job);
        }

        scene.Desks.Done.ShouldBe(["cancel ours", "cancel asked"]);
        scene.Callers.Known[member] = scene.Callers.Known[member] with { IsAdministrator = true };
        using var ended = await scene.SendAsync(HttpMethod.Post, scene.Of("jobs/groom/cancel"), member);
        ended.StatusCode.ShouldBe(HttpStatusCode.OK);
        (await scene.GetAsync<PageOf<JobLogView>>(scene.Of("jobs/groom/log"), member)).Items.Count.ShouldBe(1);
    }

    [Fact]
    public void What_names_things_of_any_group_is_left_out_of_a_result()
    {
        var result = JsonSerializer.SerializeToElement(
            new
            {
                blocks = 7,
                hit = new[] { "snapshot x" },
                first = new[] { "pack y" },
            }
        );
        var bare = StoreJobs.Bare(new JobView("j", "check", "succeeded", "", 1, result, null) { AskedBy = "user ann" });
        bare.AskedBy.ShouldBeNull();
        bare.Result!.Value.GetRawText().ShouldBe("""{"blocks":7}""");
    }

    private static Task AddAsync(
        WebScene scene,
        string id,
        string kind,
        string set,
        string arguments = "{}",
        string askedBy = ""
    ) =>
        scene.Metadata.Jobs.AddAsync(
            new JobRecord(
                id,
                kind,
                set,
                JobState.Failed,
                arguments,
                null,
                "",
                0,
                "BK1",
                "broken",
                "mend it",
                1,
                DateTimeOffset.UnixEpoch,
                null,
                null,
                null,
                null
            )
            {
                AskedBy = askedBy,
            }
        );
}
