using Backup.Foundation;
using Backup.Metadata;
using Backup.Metadata.Alerting;

namespace Backup.Tests.Metadata.Exports;

/// <summary>A catalogue with work under way, as an export meets it.</summary>
internal static class SomeCatalogue
{
    internal const string Deployment = "deployment";
    internal const string Set = "set";
    internal const string Sync = "sync";

    internal static Optime At(uint t) => new(t, 1, 1);

    internal static async Task FillAsync(IMetadataStore store, TimeProvider time)
    {
        var now = time.GetUtcNow();
        var group = await store.Access.EnsureGroupAsync("default");
        await store.Settings.SetAsync("a", "b");
        await store.Deployments.EnsureAsync(
            new Deployment(Deployment, group.Id, "orders", DeploymentTypes.ReplicaSet, "mongodb://db1/", now)
        );
        await store.Deployments.EnsureReplicaSetAsync(MetadataConformance.SomeReplicaSet(Set, Deployment));
        var collection = Guid.Parse("A0B1C2D3-0000-4000-8000-00000000000A");
        await store.Syncs.BeginAsync(
            new SyncRecord(Sync, Set, SyncState.Copying, At(100), null, now),
            [.. Enumerable.Range(0, 9 << 20).Select(static n => (byte)n)],
            [new SyncCollection(Sync, collection, "shop.orders", 0, 10, 100, 0, 0, 0, null, false)]
        );
        for (var n = 0u; n < 5; n++)
        {
            await store.OplogSlices.AddAsync(Slice(n, now));
        }

        await store.OplogSlices.RemoveBeforeAsync(Sync, At(115));
        var head = new HeadRecord(Set, Sync, new string('a', 64), At(120), At(119), true, 4711, now);
        await store.Heads.SetAsync(head, Snapshot("s1", now));
        await store.Snapshots.AddAsync(Snapshot("s2", now));
        await store.Snapshots.DeleteAsync("s2", evenLast: false);
        await store.Deployments.SetPolicyAsync(
            new SnapshotPolicy(Set, TimeSpan.FromHours(6), now, TimeSpan.FromDays(2), TimeSpan.FromHours(25))
        );
        await store.Jobs.AddAsync(Job("running", now));
        await store.Jobs.TakeAsync(["verify"], "me", TimeSpan.FromMinutes(1));
        await store.Jobs.AddAsync(Job("queued", now));
        await store.Leases.GrantAsync(Deployment, "agent", "run", null);
        await store.GroupStores.AssignAsync(group.Id, "b", SomeStores.Plain("a", "b"));
        await store.GroupStores.SetTagsAsync(group.Id, ["ssd"], [SomeStores.Having("b", "ssd")]);
        await store.HeadLeases.GrantAsync(Set, "daemon", "run", null, [Guid.NewGuid(), Guid.NewGuid()]);
        await store.StoreSessions.RevokeAsync([Guid.NewGuid()]);
        await store.Alerts.RaiseAsync(new AlertRaise("disk", "here", "BK1003", "full", "make room"));
        await store.Holds.SetAsync(new ReadHold("restore", Set, Sync, At(118), new string('a', 64), now.AddDays(9)));
        await store.Audit.AddAsync(new AuditRecord(now, "me", "here", "restore", "s1", "ok"));
    }

    internal static OplogSlice Slice(uint n, DateTimeOffset now) =>
        new(
            Set,
            Sync,
            n,
            At(100 + (10 * n)),
            At(101 + (10 * n)),
            At(110 + (10 * n)),
            7,
            $"o/{n}",
            5000,
            800,
            [1, 2, 3],
            now
        );

    internal static SnapshotRecord Snapshot(string id, DateTimeOffset now) =>
        new(id, Set, At(120), new string('a', 64), 5, 6, 7, 8, 1.25, "schedule", now, null, Sync, At(119));

    private static JobRecord Job(string id, DateTimeOffset now) =>
        new(id, "verify", null, JobState.Queued, "{}", null, "", 0, null, null, null, 0, now, null, null, null, null);
}
