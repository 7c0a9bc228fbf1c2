using System.Globalization;
using Backup.Metadata;
using Shouldly;
using Xunit;

namespace Backup.Tests.Metadata;

public abstract partial class MetadataConformance
{
    private static readonly TimeSpan Lease = TimeSpan.FromMinutes(1);
    private static readonly string[] Kinds = ["snapshot", "verify"];

    [Fact]
    public async Task The_oldest_job_of_a_wanted_kind_is_taken_first()
    {
        var merge = NewJob("merge");
        var first = NewJob("verify");
        var second = NewJob();
        foreach (var job in new[] { merge, first, second })
        {
            await Store.Jobs.AddAsync(job);
        }

        var taken = (await Store.Jobs.TakeAsync(Kinds, "me", Lease))!;
        taken.ShouldBe(
            first with
            {
                State = JobState.Running,
                Attempts = 1,
                Owner = "me",
                StartedAt = Time.GetUtcNow(),
                LeaseUntil = Time.GetUtcNow() + Lease,
            }
        );
        (await Store.Jobs.TakeAsync(Kinds, "me", Lease))!.Id.ShouldBe(second.Id);
        (await Store.Jobs.TakeAsync(Kinds, "me", Lease)).ShouldBeNull();
        (await Store.Jobs.TakeAsync([], "me", Lease)).ShouldBeNull();
        (await Store.Jobs.ListAsync(2)).Select(job => job.Id).ShouldBe([second.Id, first.Id]);
    }

    [Fact]
    public async Task Many_takers_never_get_the_same_job()
    {
        var jobs = Enumerable.Range(0, 20).Select(_ => NewJob()).ToList();
        foreach (var job in jobs)
        {
            await Store.Jobs.AddAsync(job);
        }

        var taken = await Task.WhenAll(
            Enumerable.Range(0, 30).Select(n => Store.Jobs.TakeAsync(Kinds, $"worker{n}", Lease))
        );
        taken.OfType<JobRecord>().Select(job => job.Id).Order().ShouldBe(jobs.Select(job => job.Id).Order());
    }

    [Fact]
    public async Task A_job_whose_lease_ran_out_is_taken_by_another_and_lost_to_the_first()
    {
        var job = NewJob();
        await Store.Jobs.AddAsync(job);
        await Store.Jobs.TakeAsync(Kinds, "a", Lease);
        Time.Advance(Lease - TimeSpan.FromMilliseconds(1));
        (await Store.Jobs.TakeAsync(Kinds, "b", Lease)).ShouldBeNull();
        Time.Advance(TimeSpan.FromMilliseconds(1));
        await ReopenAsync();
        (await Store.Jobs.TakeAsync(Kinds, "b", Lease))!.Attempts.ShouldBe(2);

        var before = await Store.Jobs.FindAsync(job.Id);
        (await Store.Jobs.ProgressAsync(job.Id, "a", new JobReport("half", 0.5, 50, 100, 7.5), Lease)).ShouldBeFalse();
        (await Store.Jobs.SucceedAsync(job.Id, "a", "{}")).ShouldBeFalse();
        (await Store.Jobs.FailAsync(job.Id, "a", "BK1", "m", "h", retry: true)).ShouldBeFalse();
        (await Store.Jobs.FindAsync(job.Id)).ShouldBe(before);
    }

    [Fact]
    public async Task Progress_renews_the_lease()
    {
        var job = NewJob();
        await Store.Jobs.AddAsync(job);
        await Store.Jobs.TakeAsync(Kinds, "a", Lease);
        Time.Advance(Lease / 2);
        (await Store.Jobs.ProgressAsync(job.Id, "a", new JobReport("half", 0.5, 50, 100, 7.5), Lease)).ShouldBeTrue();
        Time.Advance(Lease * 0.75);
        (await Store.Jobs.TakeAsync(Kinds, "b", Lease)).ShouldBeNull();
        var found = (await Store.Jobs.FindAsync(job.Id))!;
        (found.Phase, found.Progress).ShouldBe(("half", 0.5));
        (found.Bytes, found.ExpectedBytes, found.BytesPerSecond).ShouldBe((50, 100, 7.5));
    }

    [Fact]
    public async Task What_a_job_is_about_and_who_asked_for_it_is_kept()
    {
        var first = NewJob();
        var again = NewJob() with { AskedBy = "user ann@example.org", Title = "rs0 to vault", RetryOf = first.Id };
        await Store.Jobs.AddAsync(first);
        await Store.Jobs.AddAsync(again);
        (await Store.Jobs.FindAsync(again.Id)).ShouldBe(again);
        (await Store.Jobs.FindAsync(first.Id)).ShouldBe(first);
    }

    [Fact]
    public async Task What_a_job_told_is_kept_for_a_while_and_its_newest_lines_alone()
    {
        var (job, other) = (NewJob(), NewJob());
        await Store.Jobs.AddAsync(job);
        await Store.Jobs.AddAsync(other);
        await Store.Jobs.LogAsync(other.Id, [Line("theirs")]);
        await Store.Jobs.LogAsync(job.Id, [Line("begins"), Line("fails") with { IsTrouble = true }]);
        await Store.Jobs.LogAsync(job.Id, [Line(new string('x', JobLog.LongestLine + 1))]);
        (await Store.Jobs.LogOfAsync(job.Id)).ShouldBe([
            Line("begins"),
            Line("fails") with
            {
                IsTrouble = true,
            },
            Line(new string('x', JobLog.LongestLine)),
        ]);

        await Store.Jobs.LogAsync(
            job.Id,
            [.. Enumerable.Range(0, JobLog.MostLines).Select(n => Line(n.ToString(CultureInfo.InvariantCulture)))]
        );
        var kept = await Store.Jobs.LogOfAsync(job.Id);
        (kept.Count, kept[0].Text).ShouldBe((JobLog.MostLines, "0"));

        Time.Advance(JobLog.Kept + TimeSpan.FromDays(1));
        for (var n = 0; n < JobLog.MostLines / 100 + 2; n++)
        {
            await Store.Jobs.LogAsync(other.Id, [Line($"new {n}")]);
        }

        (await Store.Jobs.LogOfAsync(job.Id)).ShouldBeEmpty();
        (await Store.Jobs.LogOfAsync(other.Id))[0].Text.ShouldBe("new 0");
        await Store.Jobs.LogAsync("none", [Line("nobody's")]);
        (await Store.Jobs.LogOfAsync("none")).ShouldBeEmpty();
    }

    [Fact]
    public async Task What_nobody_works_on_any_more_fails_where_nobody_else_can()
    {
        var (gone, held, other, queued) = (NewJob("push"), NewJob("push"), NewJob("verify"), NewJob("push"));
        foreach (var job in new[] { gone, other })
        {
            await Store.Jobs.AddAsync(job);
            await Store.Jobs.TakeAsync([job.Kind], "a", Lease);
        }

        Time.Advance(Lease);
        await Store.Jobs.AddAsync(held);
        await Store.Jobs.TakeAsync(["nothing"], "b", Lease);
        await Store.Jobs.FailAbandonedAsync(["nothing"], evenHeld: true, "BK1", "m", "h");
        (await Store.Jobs.FindAsync(gone.Id))!.State.ShouldBe(JobState.Running);
        var failed = (
            await Store.Jobs.FailAbandonedAsync(["push"], evenHeld: false, "BK9", "gone", "retry")
        ).ShouldHaveSingleItem();
        failed.ShouldBe((await Store.Jobs.FindAsync(gone.Id))!);
        (failed.State, failed.ErrorCode, failed.FinishedAt).ShouldBe((JobState.Failed, "BK9", Time.GetUtcNow()));
        (await Store.Jobs.FindAsync(other.Id))!.State.ShouldBe(JobState.Running);

        (await Store.Jobs.TakeAsync(["push"], "b", Lease))!.Id.ShouldBe(held.Id);
        await Store.Jobs.AddAsync(queued);
        (await Store.Jobs.FailAbandonedAsync(["push"], evenHeld: false, "BK9", "gone", "retry")).ShouldBeEmpty();
        (await Store.Jobs.FailAbandonedAsync(["push"], evenHeld: true, "BK9", "gone", "retry"))
            .ShouldHaveSingleItem()
            .Id.ShouldBe(held.Id);
        (await Store.Jobs.FindAsync(queued.Id))!.State.ShouldBe(JobState.Queued);
    }

    private JobLogLine Line(string text) => new(Time.GetUtcNow(), text);

    [Fact]
    public async Task A_job_that_succeeded_keeps_its_result_and_is_over()
    {
        var job = NewJob();
        await Store.Jobs.AddAsync(job);
        await Store.Jobs.TakeAsync(Kinds, "a", Lease);
        (await Store.Jobs.SucceedAsync(job.Id, "a", """{"x":1}""")).ShouldBeTrue();
        var done = (await Store.Jobs.FindAsync(job.Id))!;
        (done.State, done.Result, done.Progress, done.Owner, done.FinishedAt).ShouldBe(
            (JobState.Succeeded, """{"x":1}""", 1.0, null, Time.GetUtcNow())
        );
        Time.Advance(Lease * 2);
        (await Store.Jobs.TakeAsync(Kinds, "b", Lease)).ShouldBeNull();
        (await Store.Jobs.CancelAsync(job.Id)).ShouldBeFalse();
        (await Store.Jobs.SucceedAsync(job.Id, "a", "{}")).ShouldBeFalse();
    }

    [Fact]
    public async Task A_failed_job_is_queued_again_only_when_asked_for()
    {
        var job = NewJob();
        await Store.Jobs.AddAsync(job);
        await Store.Jobs.TakeAsync(Kinds, "a", Lease);
        (await Store.Jobs.FailAsync(job.Id, "a", "BK1003", "full", "free space", retry: true)).ShouldBeTrue();
        var queued = (await Store.Jobs.FindAsync(job.Id))!;
        (queued.State, queued.ErrorCode, queued.Owner, queued.FinishedAt).ShouldBe(
            (JobState.Queued, "BK1003", null, null)
        );
        await Store.Jobs.TakeAsync(Kinds, "a", Lease);
        (await Store.Jobs.FailAsync(job.Id, "a", "BK1004", "bad", "replace", retry: false)).ShouldBeTrue();
        var failed = (await Store.Jobs.FindAsync(job.Id))!;
        (failed.State, failed.Attempts, failed.ErrorMessage, failed.FinishedAt).ShouldBe(
            (JobState.Failed, 2, "bad", Time.GetUtcNow())
        );
        (await Store.Jobs.TakeAsync(Kinds, "a", Lease)).ShouldBeNull();
    }

    [Fact]
    public async Task A_cancelled_job_is_no_longer_its_owners()
    {
        var job = NewJob();
        await Store.Jobs.AddAsync(job);
        await Store.Jobs.TakeAsync(Kinds, "a", Lease);
        (await Store.Jobs.CancelAsync(job.Id)).ShouldBeTrue();
        (await Store.Jobs.CancelAsync(job.Id)).ShouldBeFalse();
        (await Store.Jobs.ProgressAsync(job.Id, "a", new JobReport("x", 1), Lease)).ShouldBeFalse();
        (await Store.Jobs.FindAsync(job.Id))!.State.ShouldBe(JobState.Cancelled);
        await ShouldFailAsync(MetadataErrors.AlreadyThere, () => Store.Jobs.AddAsync(job));
    }

    [Fact]
    public async Task Jobs_of_some_subjects_are_listed_in_parts_newest_first()
    {
        var set = await ReplicaSetAsync();
        var ids = new List<string>();
        for (var number = 0; number < 6; number++)
        {
            var job = NewJob() with { ReplicaSetId = number == 3 ? "other" : set.Id };
            await Store.Jobs.AddAsync(job);
            if (number != 3)
            {
                ids.Add(job.Id);
            }

            // Two have the same time: their ids decide.
            Time.Advance(TimeSpan.FromMilliseconds(number == 4 ? 0 : 1));
        }

        var all = (await Store.Jobs.FindAsync(new JobQuery([set.Id], 10))).ToList();
        all.Select(one => one.Id).Order().ShouldBe(ids.Order());
        all.ShouldBe(
            all.OrderByDescending(one => one.CreatedAt).ThenByDescending(one => one.Id, StringComparer.Ordinal)
        );
        var paged = new List<string>();
        (DateTimeOffset, string)? before = null;
        while (await Store.Jobs.FindAsync(new JobQuery([set.Id], 2) { Before = before }) is { Count: > 0 } part)
        {
            paged.AddRange(part.Select(one => one.Id));
            before = (part[^1].CreatedAt, part[^1].Id);
        }

        paged.ShouldBe(all.Select(one => one.Id));
        (await Store.Jobs.FindAsync(new JobQuery([set.Id], 10) { Kinds = ["none"] })).ShouldBeEmpty();
        (await Store.Jobs.FindAsync(new JobQuery([set.Id], 10) { Kinds = [all[0].Kind, "none"] })).ShouldNotBeEmpty();
        (await Store.Jobs.FindAsync(new JobQuery([], 10))).ShouldBeEmpty();
    }
}
