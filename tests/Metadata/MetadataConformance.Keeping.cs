using Backup.Foundation;
using Backup.Metadata;
using Shouldly;
using Xunit;

namespace Backup.Tests.Metadata;

public abstract partial class MetadataConformance
{
    [Fact]
    public async Task A_snapshot_is_pinned_and_given_an_end_of_its_own_and_left_to_the_policy_again()
    {
        var (_, a, b) = await TwoSnapshotsAsync();
        a.PinnedAt.ShouldBeNull();
        var pinned = await Store.Snapshots.KeepAsync(a.Id, new KeepingChange(Pinned: true));
        pinned.ShouldBe(a with { PinnedAt = Time.GetUtcNow() });
        var since = Time.GetUtcNow();
        Time.Advance(TimeSpan.FromHours(1));
        var end = Time.GetUtcNow().AddDays(3);
        await Store.Snapshots.KeepAsync(a.Id, new KeepingChange(Pinned: true, End: new SnapshotEnd(end)));
        await ReopenAsync();
        (await Store.Snapshots.FindAsync(a.Id)).ShouldBe(a with { PinnedAt = since, ExpiresAt = end });
        (await Store.Snapshots.KeepAsync(a.Id, new KeepingChange(Pinned: false))).ShouldBe(a with { ExpiresAt = end });
        (await Store.Snapshots.KeepAsync(a.Id, new KeepingChange(End: new SnapshotEnd(null)))).ShouldBe(a);
        (await Store.Snapshots.FindAsync(b.Id)).ShouldBe(b);
        await ShouldFailAsync(6009, () => Store.Snapshots.KeepAsync("none", new KeepingChange(Pinned: true)));
    }

    [Fact]
    public async Task What_was_decided_on_another_state_of_a_snapshot_does_not_remove_it()
    {
        var (set, a, b) = await TwoSnapshotsAsync();
        await Store.Snapshots.KeepAsync(a.Id, new KeepingChange(Pinned: true));
        (await Store.Snapshots.ExpireAsync(a)).ShouldBeFalse("it was pinned meanwhile");
        await Store.Snapshots.KeepAsync(a.Id, new KeepingChange(false, new SnapshotEnd(Time.GetUtcNow().AddDays(1))));
        (await Store.Snapshots.ExpireAsync(a)).ShouldBeFalse("it was given an end meanwhile");
        await Store.Snapshots.KeepAsync(a.Id, new KeepingChange(End: new SnapshotEnd(null)));
        await Store.Holds.SetAsync(HoldOn(set, a));
        (await Store.Snapshots.ExpireAsync(a)).ShouldBeFalse("somebody reads it");
        (await Store.Snapshots.ExpireAsync(b)).ShouldBeTrue("nobody reads that one");
        (await Store.Snapshots.ExpireAsync(b)).ShouldBeFalse("it is gone");
        Time.Advance(TimeSpan.FromMinutes(2));
        (await Store.Snapshots.ExpireAsync(a)).ShouldBeFalse("it is the only one");
        await Store.Snapshots.AddAsync(b);
        (await Store.Snapshots.ExpireAsync(a)).ShouldBeTrue("the reader died");
        (await Store.Snapshots.ListAsync(set.Id)).ShouldBe([b]);
    }

    [Fact]
    public async Task A_snapshot_that_is_pinned_read_or_the_only_one_is_not_deleted()
    {
        var (set, a, b) = await TwoSnapshotsAsync();
        await Store.Snapshots.KeepAsync(a.Id, new KeepingChange(Pinned: true));
        await ShouldFailAsync(6153, () => Store.Snapshots.DeleteAsync(a.Id, evenLast: true));
        await Store.Holds.SetAsync(HoldOn(set, b));
        await ShouldFailAsync(6152, () => Store.Snapshots.DeleteAsync(b.Id, evenLast: true));
        await Store.Holds.ReleaseAsync("reader");
        await Store.Snapshots.DeleteAsync(b.Id, evenLast: false);
        await Store.Snapshots.KeepAsync(a.Id, new KeepingChange(Pinned: false));
        await ShouldFailAsync(6151, () => Store.Snapshots.DeleteAsync(a.Id, evenLast: false));
        (await Store.Snapshots.ListAsync(set.Id)).ShouldBe([a]);
        await Store.Snapshots.DeleteAsync(a.Id, evenLast: true);
        (await Store.Snapshots.ListAsync(set.Id)).ShouldBeEmpty();
    }

    [Fact]
    public async Task A_snapshot_of_a_cluster_is_kept_and_removed_as_a_whole()
    {
        var (cluster, _) = await ClusterAsync("s0");
        var sets = await SetsAsync(cluster);
        var first = await CompleteCutAsync(cluster, sets, 500);
        var second = await CompleteCutAsync(cluster, sets, 600);
        var part = (await Store.Snapshots.ListAsync(sets[1].Id))[0];
        part.CutId.ShouldBe(second.Id);
        await ShouldFailAsync(6154, () => Store.Snapshots.KeepAsync(part.Id, new KeepingChange(Pinned: true)));
        await ShouldFailAsync(6154, () => Store.Snapshots.DeleteAsync(part.Id, evenLast: true));
        (await Store.Snapshots.ExpireAsync(part)).ShouldBeFalse();

        Time.Advance(TimeSpan.FromHours(1));
        var end = new SnapshotEnd(Time.GetUtcNow().AddDays(9));
        var kept = await Store.Clusters.KeepCutAsync(first.Id, new KeepingChange(Pinned: true, End: end));
        kept.ShouldBeEquivalentTo(first with { PinnedAt = Time.GetUtcNow(), ExpiresAt = end.At });
        foreach (var set in sets)
        {
            (await Store.Snapshots.ListAsync(set.Id))
                .Select(one => (one.CutId, one.PinnedAt, one.ExpiresAt))
                .ShouldBe([(second.Id, null, null), (first.Id, kept.PinnedAt, end.At)]);
        }

        (await Store.Clusters.ExpireCutAsync(first)).ShouldBeFalse();
        await ShouldFailAsync(6153, () => Store.Clusters.DeleteCutAsync(first.Id, evenLast: true));
        await Store.Holds.SetAsync(HoldOn(sets[1], part));
        (await Store.Clusters.ExpireCutAsync(second)).ShouldBeFalse("a part of it is read");
        await ShouldFailAsync(6152, () => Store.Clusters.DeleteCutAsync(second.Id, evenLast: true));
        await Store.Holds.ReleaseAsync("reader");
        (await Store.Clusters.ExpireCutAsync(second)).ShouldBeTrue();
        (await Store.Clusters.ExpireCutAsync(second)).ShouldBeFalse();
        await Store.Clusters.KeepCutAsync(first.Id, new KeepingChange(Pinned: false));
        await ShouldFailAsync(6151, () => Store.Clusters.DeleteCutAsync(first.Id, evenLast: false));
        await Store.Clusters.DeleteCutAsync(first.Id, evenLast: true);
        (await Store.Clusters.CutsAsync(cluster.DeploymentId)).ShouldBeEmpty();
        foreach (var set in sets)
        {
            (await Store.Snapshots.ListAsync(set.Id)).ShouldBeEmpty();
        }

        var open = await CutAsync(cluster);
        (await Store.Clusters.ExpireCutAsync(open)).ShouldBeFalse();
        await ShouldFailAsync(6009, () => Store.Clusters.DeleteCutAsync(open.Id, evenLast: true));
        await ShouldFailAsync(6009, () => Store.Clusters.KeepCutAsync(open.Id, new KeepingChange(Pinned: true)));
    }

    private async Task<(ReplicaSetRecord Set, SnapshotRecord A, SnapshotRecord B)> TwoSnapshotsAsync()
    {
        var set = await ReplicaSetAsync();
        SnapshotRecord Snapshot(string id, char block, Optime at) =>
            new(id, set.Id, at, new string(block, 64), 5, 6, 7, 8, 1.25, "schedule", Time.GetUtcNow(), null);
        var (a, b) = (Snapshot("a", 'a', At(10)), Snapshot("b", 'b', At(20)));
        await Store.Snapshots.AddAsync(a);
        await Store.Snapshots.AddAsync(b);
        return (set, a, b);
    }

    private ReadHold HoldOn(ReplicaSetRecord set, SnapshotRecord snapshot) =>
        new("reader", set.Id, "s", At(1), snapshot.ManifestBlock, Time.GetUtcNow().AddMinutes(1));

    private async Task<CutRecord> CompleteCutAsync(ClusterRecord cluster, IReadOnlyList<ReplicaSetRecord> sets, uint at)
    {
        var cut = await CutAsync(cluster);
        var settled = cut with { State = CutState.Settled, Time = new Optime(at, 1, -1), BalancerRested = true };
        (await Store.Clusters.AdvanceCutAsync(settled, CutState.Wanted)).ShouldBeTrue();
        foreach (var set in sets)
        {
            (await Store.Clusters.AddPartAsync(cut.Id, Part(set, settled))).ShouldBeTrue();
        }

        (await Store.Clusters.CompleteCutAsync(cut.Id, expiresAt: null)).ShouldBeTrue();
        return (await Store.Clusters.FindCutAsync(cut.Id))!;
    }
}
