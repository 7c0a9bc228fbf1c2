using Backup.Daemon.PointInTime;
using Backup.Daemon.Schedule;
using Backup.Foundation;
using Backup.Metadata;
using Shouldly;
using Xunit;
using static Backup.Tests.Daemon.StoredSource;

namespace Backup.Tests.Daemon;

/// <summary>Which oplog is kept for the window, and that nothing is claimed that is gone.</summary>
public sealed class OplogRetentionTests
{
    private const string Ns = "shop.orders";
    private static readonly Guid Orders = new("11111111-1111-4111-8111-111111111111");
    private static readonly uint Start = (uint)TimeProvider.System.GetUtcNow().AddHours(-10).ToUnixTimeSeconds();

    internal static Optime At(double hours) => new(Start + (uint)(hours * 3600), 1, 1);

    [Fact]
    public async Task What_the_first_moment_of_the_window_needs_stays_and_what_lies_before_goes()
    {
        await using var daemon = await StartAsync();
        await GroomAsync(daemon, window: 5.5);

        // Ten hours ago it began, every hour a snapshot: the window's start, at 4.5, needs the one of 4.
        var range = (await daemon.TimelineAsync()).Ranges.ShouldHaveSingleItem();
        range.From.ShouldBe(At(4));
        await ShouldBeWholeAsync(daemon);
        (await daemon.RestoreAsync(RestorePoint.UpTo(At(4)))).Contents[Ns].Keys.Max().ShouldBe(104);
        (await daemon.RestoreAsync(RestorePoint.UpTo(At(4.5)))).Contents[Ns].Keys.Max().ShouldBe(104);
        // A snapshot is a moment by itself, without any oplog.
        (await daemon.RestoreAsync(RestorePoint.UpTo(At(2))))
            .Contents[Ns]
            .Keys.Max()
            .ShouldBe(102);
        await PointInTimeTests.ShouldRefuseAsync(
            daemon,
            Backup.Daemon.DaemonErrors.MomentTooOld,
            RestorePoint.UpTo(At(2.5))
        );
    }

    [Fact]
    public async Task Without_a_window_only_what_the_head_would_read_again_stays()
    {
        await using var daemon = await StartAsync();
        await GroomAsync(daemon, window: 0);
        (await daemon.Metadata.OplogSlices.ExtentAsync("s1"))!.First.ShouldBe(At(8));
        await ShouldBeWholeAsync(daemon);
        await daemon.StopAsync();
        daemon.Start();
        await daemon.Source.ShipAsync(Insert(At(9), Ns, Orders, Document(109, "goes on")));
        await daemon.WaitForOptimeAsync(At(9));
    }

    [Fact]
    public async Task A_restore_that_reads_keeps_its_slices()
    {
        await using var daemon = await StartAsync();
        var set = await SetWindowAsync(daemon, 24);
        await using (await daemon.OpenRestoreAsync(RestorePoint.UpTo(At(2.5))))
        {
            await GroomAsync(daemon, window: 1);
            (await daemon.TimelineAsync()).Ranges[0].From.ShouldBe(At(2), "the restore's base");
            (await daemon.Metadata.Holds.ListAsync(set)).Count.ShouldBe(1);
        }

        await GroomAsync(daemon, window: 1);
        (await daemon.TimelineAsync()).Ranges[0].From.ShouldBe(At(8));
        await ShouldBeWholeAsync(daemon);
    }

    [Fact]
    public async Task A_crash_between_the_rows_and_the_objects_is_made_good_by_the_next_round()
    {
        await using var daemon = await StartAsync();
        await SetWindowAsync(daemon, 2);
        await daemon.Metadata.OplogSlices.RemoveBeforeAsync("s1", At(4));
        (await NamesAsync(daemon)).Count.ShouldBe(9, "the rows are gone, the objects are there still");
        (await daemon.TimelineAsync()).Ranges[0].From.ShouldBe(At(4));

        await GroomAsync(daemon, window: 6.1);
        await ShouldBeWholeAsync(daemon);
        (await daemon.Metadata.OplogSlices.DoomedAsync(10)).ShouldBeEmpty();
    }

    [Fact]
    public async Task A_sync_that_was_given_up_goes_when_the_window_has_passed_it_and_its_snapshots_are_gone()
    {
        await using var daemon = await StartAsync();
        await daemon.Metadata.Syncs.AbandonAsync("s1");
        await daemon.Objects.PutAsync("sync/s1/left-by-a-crash", new byte[] { 1 });
        await GroomAsync(daemon, window: 24);
        (await daemon.TimelineAsync()).Ranges.ShouldHaveSingleItem().To.ShouldBe(At(8));

        await GroomAsync(daemon, window: 1);
        (await daemon.TimelineAsync()).Ranges.ShouldBeEmpty();
        (await NamesAsync(daemon)).ShouldBeEmpty();
        (await daemon.Metadata.Syncs.FindAsync("s1")).ShouldNotBeNull("its snapshots are there");
        (await daemon.RestoreAsync(RestorePoint.UpTo(At(3)))).Contents[Ns].Keys.Max().ShouldBe(103);

        foreach (var snapshot in await daemon.Metadata.Snapshots.ListAsync(daemon.Source.Set.Id))
        {
            await daemon.Metadata.Snapshots.DeleteAsync(snapshot.Id, evenLast: true);
        }

        await GroomAsync(daemon, window: 1);
        (await daemon.Metadata.Syncs.FindAsync("s1")).ShouldBeNull();
        await foreach (var name in daemon.Objects.ListAsync("sync/"))
        {
            Xunit.Assert.Fail($"{name} is left");
        }
    }

    /// <summary>A slice at each hour from 0 to 8, one insert each, and a snapshot after each.</summary>
    internal static async Task<DaemonFixture> StartAsync()
    {
        var daemon = await DaemonFixture.StartAsync();
        await SetWindowAsync(daemon, 24);
        daemon.Source.Lists(Ns, Orders);
        await daemon.Source.BeginAsync("s1", At(0));
        await daemon.Source.CopyAsync(Orders, Document(1, "one"));
        await daemon.Source.DoneAsync(Orders);
        await daemon.Source.CopiedAsync(At(0));
        await daemon.Source.ShipAsync(Noop(At(0)));
        for (var hour = 0; hour <= 8; hour++)
        {
            if (hour > 0)
            {
                await daemon.Source.ShipAsync(Insert(At(hour), Ns, Orders, Document(100 + hour, "hourly")));
                await daemon.WaitForOptimeAsync(At(hour));
            }

            await daemon.SnapshotAsync();
        }

        return daemon;
    }

    private static async Task<string> SetWindowAsync(DaemonFixture daemon, double hours)
    {
        var set = daemon.Source.Set.Id;
        var policy = SnapshotPolicy.Default(set) with { PointInTimeWindow = TimeSpan.FromHours(hours) };
        await daemon.Metadata.Deployments.SetPolicyAsync(policy);
        return set;
    }

    internal static async Task GroomAsync(DaemonFixture daemon, double window)
    {
        var id = await SetWindowAsync(daemon, window);
        var retention = new OplogRetention(daemon.Metadata, daemon.Blocks, daemon.Objects, TimeProvider.System);
        await retention.GroomAsync(
            (await daemon.Metadata.Deployments.FindReplicaSetAsync(id))!,
            CancellationToken.None
        );
    }

    /// <summary>Every row has its object, every object its row.</summary>
    private static async Task ShouldBeWholeAsync(DaemonFixture daemon)
    {
        var rows = await daemon.Metadata.OplogSlices.AfterAsync("s1", Optime.Zero, 100);
        (await NamesAsync(daemon)).Order().ShouldBe(rows.Select(row => row.ObjectName).Order());
    }

    private static async Task<List<string>> NamesAsync(DaemonFixture daemon)
    {
        var names = new List<string>();
        await foreach (var name in daemon.Objects.ListAsync(SliceNames.OplogPrefix("s1")))
        {
            names.Add(name);
        }

        return names;
    }
}
