using System.Net;
using System.Net.Http.Json;
using Backup.Metadata;
using Backup.WebUI.Access;
using Backup.WebUI.Contracts;
using Backup.WebUI.Frame;
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

    private static Task AddAsync(WebScene scene, string id, string kind, string set) =>
        scene.Metadata.Jobs.AddAsync(
            new JobRecord(
                id,
                kind,
                set,
                JobState.Failed,
                "{}",
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
        );
}
