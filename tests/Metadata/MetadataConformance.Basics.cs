using System.Globalization;
using Backup.Foundation;
using Backup.Metadata;
using Shouldly;
using Xunit;

namespace Backup.Tests.Metadata;

public abstract partial class MetadataConformance
{
    [Fact]
    public async Task A_group_is_made_once()
    {
        var groups = await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => Store.Access.EnsureGroupAsync("a")));
        groups.Distinct().ShouldHaveSingleItem();
        (await Store.Access.EnsureGroupAsync("b")).Id.ShouldNotBe(groups[0].Id);
        await ReopenAsync();
        (await Store.Access.EnsureGroupAsync("a")).ShouldBe(groups[0]);
        (await Store.Access.GroupsAsync()).Select(group => group.Name).ShouldBe(["a", "b"], ignoreOrder: true);
    }

    [Fact]
    public async Task A_token_enrols_one_agent_only_however_many_try()
    {
        var group = await GroupAsync();
        await Store.Access.AddTokenAsync(new EnrolmentToken(Hash(1), group.Id, Time.GetUtcNow().AddHours(1), false));
        var results = await Task.WhenAll(Enumerable.Range(0, 8).Select(n => EnrolAsync(1, (byte)(10 + n))));
        var enrolled = results.OfType<AgentRecord>().ShouldHaveSingleItem();
        enrolled.GroupId.ShouldBe(group.Id);
        (await Store.Access.AgentsAsync()).ShouldHaveSingleItem().Id.ShouldBe(enrolled.Id);
    }

    [Fact]
    public async Task Unknown_and_expired_tokens_enrol_nobody()
    {
        var group = await GroupAsync();
        await Store.Access.AddTokenAsync(new EnrolmentToken(Hash(1), group.Id, Time.GetUtcNow().AddHours(1), false));
        (await EnrolAsync(2, 9)).ShouldBeNull();
        Time.Advance(TimeSpan.FromHours(1));
        (await EnrolAsync(1, 9)).ShouldBeNull();
        (await Store.Access.AgentsAsync()).ShouldBeEmpty();
    }

    [Fact]
    public async Task A_failed_enrolment_leaves_the_token_unused()
    {
        var group = await GroupAsync();
        await Store.Access.AddTokenAsync(new EnrolmentToken(Hash(1), group.Id, Time.GetUtcNow().AddHours(1), false));
        await Store.Access.AddTokenAsync(new EnrolmentToken(Hash(2), group.Id, Time.GetUtcNow().AddHours(1), false));
        (await EnrolAsync(1, 9)).ShouldNotBeNull();
        await ShouldFailAsync(MetadataErrors.AlreadyThere, () => EnrolAsync(2, 9));
        (await EnrolAsync(2, 8)).ShouldNotBeNull();
    }

    [Fact]
    public async Task A_deployment_with_the_same_uri_is_the_same_deployment()
    {
        var first = await DeploymentAsync();
        (await DeploymentAsync()).ShouldBe(first);
        (await DeploymentAsync("mongodb://other")).Id.ShouldNotBe(first.Id);
        (await Store.Deployments.ListAsync()).Count.ShouldBe(2);
        (await Store.Deployments.FindAsync(first.Id)).ShouldBe(first);
        (await Store.Deployments.FindAsync("none")).ShouldBeNull();
    }

    [Fact]
    public async Task A_replica_set_seen_again_keeps_its_state_and_takes_the_new_version()
    {
        var set = await ReplicaSetAsync();
        await Store.Deployments.SetStateAsync(set.Id, ReplicaSetState.Stopped, "BK3007", "a hole", "resync");
        await Store.Deployments.SetSourceOptimeAsync(set.Id, At(uint.MaxValue, uint.MaxValue, 77));
        var again = await Store.Deployments.EnsureReplicaSetAsync(
            NewReplicaSet(set.DeploymentId, set.SetId) with
            {
                MongoVersion = "5.0.1",
                Name = "rs1",
                FeatureCompatibilityVersion = "5.0",
            }
        );
        again.ShouldBe(
            set with
            {
                MongoVersion = "5.0.1",
                Name = "rs1",
                FeatureCompatibilityVersion = "5.0",
                State = ReplicaSetState.Stopped,
                StopCode = "BK3007",
                StopMessage = "a hole",
                StopHint = "resync",
                SourceOptime = At(uint.MaxValue, uint.MaxValue, 77),
                SourceSeenAt = Time.GetUtcNow(),
            }
        );
        (await Store.Deployments.FindReplicaSetAsync(set.Id)).ShouldBe(again);
        await Store.Deployments.SetStateAsync(set.Id, ReplicaSetState.Tailing);
        (await Store.Deployments.FindReplicaSetAsync(set.Id))!.StopCode.ShouldBeNull();
        (await ReplicaSetAsync("5f0000000000000000000002")).Id.ShouldNotBe(set.Id);
        (await Store.Deployments.ReplicaSetsAsync()).Count.ShouldBe(2);
    }

    [Fact]
    public async Task What_is_not_there_cannot_be_changed_and_is_not_found()
    {
        await ShouldFailAsync(
            MetadataErrors.NotThere,
            () => Store.Deployments.SetStateAsync("none", ReplicaSetState.Tailing)
        );
        await ShouldFailAsync(MetadataErrors.NotThere, () => Store.Deployments.SetSourceOptimeAsync("none", At(1)));
        await ShouldFailAsync(
            MetadataErrors.NotThere,
            () => Store.Deployments.SetPolicyAsync(SnapshotPolicy.Default("none"))
        );
        (await Store.Deployments.FindReplicaSetAsync("none")).ShouldBeNull();
        (await Store.Syncs.FindAsync("none")).ShouldBeNull();
        (await Store.Heads.FindAsync("none")).ShouldBeNull();
        (await Store.Snapshots.FindAsync("none")).ShouldBeNull();
        (await Store.Jobs.FindAsync("none")).ShouldBeNull();
        (await Store.Settings.FindAsync("none")).ShouldBeNull();
        (await Store.OplogSlices.NewestAsync("none")).ShouldBeNull();
    }

    [Fact]
    public async Task The_last_report_of_an_agent_replaces_the_one_before()
    {
        var deployment = await DeploymentAsync();
        (await Store.Deployments.AgentReportsAsync()).ShouldBeEmpty();
        var report = new AgentReport(deployment.Id, "a1", "copying", "BK2108", "m", "h", Time.GetUtcNow(), "{}");
        await Store.Deployments.SetAgentReportAsync(report);
        (await Store.Deployments.AgentReportsAsync()).ShouldBe([report]);
        var next = report with { Phase = "tailing", Code = null, Message = null, Hint = null };
        await Store.Deployments.SetAgentReportAsync(next);
        (await Store.Deployments.AgentReportsAsync()).ShouldBe([next]);
        await ShouldFailAsync(
            MetadataErrors.NotThere,
            () => Store.Deployments.SetAgentReportAsync(report with { DeploymentId = "none" })
        );
    }

    [Fact]
    public async Task A_deployments_source_has_defaults_ranges_and_revisions()
    {
        var deployment = await DeploymentAsync();
        deployment.Source.ShouldBe(new SourceSettings(0, "secondary", null, null, null));
        var wanted = new SourceSettings(77, "tags:dc=east", 16, 5_000_000, Time.GetUtcNow());
        var changed = await Store.Deployments.SetSourceAsync(deployment.Id, wanted);
        changed.Source.ShouldBe(wanted with { Revision = 1 });
        (await Store.Deployments.FindAsync(deployment.Id)).ShouldBe(changed);
        (await Store.Deployments.SetSourceAsync(deployment.Id, new SourceSettings())).Source.ShouldBe(
            new SourceSettings(Revision: 2)
        );
        foreach (
            var wrong in (SourceSettings[])
                [
                    new(Cursors: 0),
                    new(Cursors: 17),
                    new(BytesPerSecond: -1),
                    new(BytesPerSecond: SourceSettings.MostBytesPerSecond + 1),
                    new(Member: ""),
                ]
        )
        {
            await ShouldFailAsync(
                MetadataErrors.SourceRange,
                () => Store.Deployments.SetSourceAsync(deployment.Id, wrong)
            );
        }

        await ShouldFailAsync(MetadataErrors.NotThere, () => Store.Deployments.SetSourceAsync("none", new()));
        (await Store.Deployments.ListAsync()).ShouldHaveSingleItem().Source.Revision.ShouldBe(2);
    }

    [Fact]
    public async Task How_far_a_source_is_never_goes_back_to_older_news_nor_ahead_of_the_clock()
    {
        var set = await ReplicaSetAsync();
        var now = Time.GetUtcNow();
        await Store.Deployments.SetSourceOptimeAsync(set.Id, At(10), now - TimeSpan.FromSeconds(2));
        await SeenAsync(set.Id, At(10), now - TimeSpan.FromSeconds(2));
        await Store.Deployments.SetSourceOptimeAsync(set.Id, At(9), now - TimeSpan.FromSeconds(3));
        await SeenAsync(set.Id, At(10), now - TimeSpan.FromSeconds(2));
        await Store.Deployments.SetSourceOptimeAsync(set.Id, At(11), now + TimeSpan.FromHours(1));
        await SeenAsync(set.Id, At(11), now);

        // A clock that was put back does not keep news out until it is where it was.
        Time.Advance(-TimeSpan.FromHours(1));
        await Store.Deployments.SetSourceOptimeAsync(set.Id, At(12));
        await SeenAsync(set.Id, At(12), now - TimeSpan.FromHours(1));
    }

    private async Task SeenAsync(string replicaSetId, Optime optime, DateTimeOffset at)
    {
        var set = (await Store.Deployments.FindReplicaSetAsync(replicaSetId))!;
        (set.SourceOptime, set.SourceSeenAt).ShouldBe((optime, at));
    }

    [Fact]
    public async Task A_policy_has_defaults_ranges_and_a_memory()
    {
        var set = await ReplicaSetAsync();
        var policy = await Store.Deployments.PolicyAsync(set.Id);
        policy.ShouldBe(
            new SnapshotPolicy(
                set.Id,
                TimeSpan.FromHours(6),
                DateTimeOffset.UnixEpoch,
                TimeSpan.FromDays(2),
                TimeSpan.FromHours(24)
            )
            {
                At = new TimeOnly(0, 0),
                Zone = "UTC",
                DailyRetention = TimeSpan.FromDays(7),
                WeeklyRetention = TimeSpan.FromDays(31),
                MonthlyRetention = TimeSpan.FromDays(366),
                WeekEnds = DayOfWeek.Sunday,
            }
        );
        var hourly = policy with
        {
            Interval = TimeSpan.FromHours(1),
            Reference = Time.GetUtcNow(),
            At = new TimeOnly(2, 45, 30),
            Zone = "Europe/Berlin",
            DailyRetention = TimeSpan.Zero,
            WeeklyRetention = TimeSpan.FromDays(100),
            MonthlyRetention = SnapshotPolicy.LongestRetention,
            WeekEnds = DayOfWeek.Saturday,
        };
        await Store.Deployments.SetPolicyAsync(hourly);
        foreach (var minutes in new[] { 14, 24 * 60 + 1 })
        {
            await ShouldFailAsync(
                MetadataErrors.PolicyRange,
                () => Store.Deployments.SetPolicyAsync(policy with { Interval = TimeSpan.FromMinutes(minutes) })
            );
        }

        await ReopenAsync();
        (await Store.Deployments.PolicyAsync(set.Id)).ShouldBe(hourly);
    }

    [Fact]
    public async Task A_setting_is_ensured_once_and_may_be_set_again()
    {
        var values = await Task.WhenAll(
            Enumerable.Range(0, 8).Select(n => Store.Settings.EnsureAsync("identity", $"id{n}"))
        );
        values.Distinct().ShouldHaveSingleItem();
        await Store.Settings.SetAsync("identity", "x");
        await ReopenAsync();
        (await Store.Settings.FindAsync("identity")).ShouldBe("x");
    }

    [Fact]
    public async Task A_setting_is_replaced_where_it_is_still_what_was_read()
    {
        (await Store.Settings.ReplaceAsync("count", "0", "1")).ShouldBeFalse("there is none");
        (await Store.Settings.FindAsync("count")).ShouldBeNull();
        (await Store.Settings.ReplaceAsync("count", null, "0")).ShouldBeTrue();
        (await Store.Settings.ReplaceAsync("count", null, "5")).ShouldBeFalse("there is one");
        await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => AddAsync()));
        await ReopenAsync();
        (await Store.Settings.FindAsync("count")).ShouldBe("8");

        async Task AddAsync()
        {
            while (true)
            {
                var read = (await Store.Settings.FindAsync("count"))!;
                var next = (int.Parse(read, CultureInfo.InvariantCulture) + 1).ToString(CultureInfo.InvariantCulture);
                if (await Store.Settings.ReplaceAsync("count", read, next))
                {
                    return;
                }
            }
        }
    }

    [Fact]
    public async Task A_waiter_wakes_at_a_write_and_misses_none()
    {
        var seen = Store.ChangeCount;
        var waiter = Store.WaitForChangeAsync(TimeSpan.FromMinutes(5));
        waiter.IsCompleted.ShouldBeFalse();
        await Store.Settings.SetAsync("a", "b");
        await waiter.WaitAsync(TimeSpan.FromSeconds(10));
        await Store.WaitForChangeAsync(seen, TimeSpan.FromMinutes(5)).WaitAsync(TimeSpan.FromSeconds(10));
    }

    [Fact]
    public async Task A_call_that_changes_nothing_wakes_nobody()
    {
        await Store.Settings.SetAsync("a", "b");
        var seen = Store.ChangeCount;
        await Store.Jobs.TakeAsync(["snapshot"], "me", TimeSpan.FromMinutes(1));
        await Store.Settings.EnsureAsync("a", "c");
        await Store.Jobs.CancelAsync("none");
        Store.ChangeCount.ShouldBe(seen);
        await Store.WaitForChangeAsync(seen, TimeSpan.FromMilliseconds(20)).WaitAsync(TimeSpan.FromSeconds(10));
    }

    [Fact]
    public async Task A_waiter_can_be_cancelled()
    {
        using var cancellation = new CancellationTokenSource();
        var waiter = Store.WaitForChangeAsync(TimeSpan.FromMinutes(5), cancellation.Token);
        await cancellation.CancelAsync();
        await Should.ThrowAsync<OperationCanceledException>(waiter);
    }
}
