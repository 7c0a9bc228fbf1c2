using Backup.AlertService.Watch;
using Backup.Metadata;
using Shouldly;
using Xunit;

namespace Backup.Tests.AlertService;

/// <summary>Which tasks conditions are judged by, of a real catalogue with many.</summary>
public sealed class JobsReaderTests
{
    private const int Many = 600;

    [Fact]
    public async Task The_newest_verification_of_a_subject_counts_however_many_tasks_came_since()
    {
        await using var scene = await AlertScene.NewAsync();
        await EndAsync(scene, "verify", "s", fails: true);
        await AddManyAsync(scene);
        var fresh = new JobsReader(scene.Store);
        (await VerifiedAsync(fresh)).ShouldBe([JobState.Failed], "found by its subject");

        await EndAsync(scene, "verify", "s", fails: false);
        (await VerifiedAsync(fresh)).ShouldBe([JobState.Succeeded]);
        await AddManyAsync(scene);
        (await VerifiedAsync(fresh)).ShouldBe([JobState.Succeeded], "remembered");
        (await fresh.ReadAsync(["other"], CancellationToken.None))
            .Where(static one => one.Kind == "verify")
            .ShouldBeEmpty("it is no subject any more");
    }

    [Fact]
    public async Task A_task_that_goes_on_is_seen_until_it_ends()
    {
        await using var scene = await AlertScene.NewAsync();
        await scene.Store.Jobs.AddAsync(New(scene, "long", "restore", "s"));
        var reader = new JobsReader(scene.Store);
        await reader.ReadAsync(["s"], CancellationToken.None);
        await AddManyAsync(scene);
        (await reader.ReadAsync(["s"], CancellationToken.None)).ShouldContain(static one => one.Id == "long");
        await scene.Store.Jobs.CancelAsync("long");
        (await reader.ReadAsync(["s"], CancellationToken.None)).ShouldNotContain(static one => one.Id == "long");
    }

    private static async Task<IReadOnlyList<JobState>> VerifiedAsync(JobsReader reader) =>
        [
            .. (await reader.ReadAsync(["s"], CancellationToken.None))
                .Where(static one => one.Kind == "verify")
                .Select(static one => one.State),
        ];

    private static async Task EndAsync(AlertScene scene, string kind, string subject, bool fails)
    {
        scene.Time.Advance(TimeSpan.FromSeconds(1));
        var id = Guid.NewGuid().ToString("N");
        await scene.Store.Jobs.AddAsync(New(scene, id, kind, subject));
        (await scene.Store.Jobs.TakeAsync([kind], "w", TimeSpan.FromMinutes(1)))!.Id.ShouldBe(id);
        if (fails)
        {
            await scene.Store.Jobs.FailAsync(id, "w", "BK5003", "A block is damaged.", "", retry: false);
        }
        else
        {
            await scene.Store.Jobs.SucceedAsync(id, "w", "{}");
        }
    }

    /// <summary>More than are looked at, all of them over.</summary>
    private static async Task AddManyAsync(AlertScene scene)
    {
        for (var number = 0; number < Many; number++)
        {
            await EndAsync(scene, "snapshot", "s", fails: false);
        }
    }

    private static JobRecord New(AlertScene scene, string id, string kind, string subject) =>
        FactsScene.Job(kind, JobState.Queued, attempts: 0) with
        {
            Id = id,
            ReplicaSetId = subject,
            CreatedAt = scene.Time.GetUtcNow(),
            ErrorCode = null,
            ErrorMessage = null,
            FinishedAt = null,
        };
}
