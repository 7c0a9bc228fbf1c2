using Backup.Foundation;
using Backup.Foundation.Contracts;
using Backup.Metadata;
using Backup.MongoWire.Catalogues;

namespace Backup.BackupHttpServer.Endpoints;

/// <summary>What is to be done for a replica set, from what is durable: an agent that lost everything goes on from here.</summary>
internal sealed class Assignments(IMetadataStore metadata)
{
    public async Task<Assignment> MakeAsync(ReplicaSetRecord replicaSet, CancellationToken cancellation)
    {
        var sync = replicaSet.SyncId is { } id ? await metadata.Syncs.FindAsync(id, cancellation) : null;
        if (sync is null || sync.State == SyncState.Abandoned)
        {
            var deployment = await metadata.Deployments.FindAsync(replicaSet.DeploymentId, cancellation);
            return new Assignment(replicaSet.Id, Sync: null, Stop: null, deployment?.Namespaces);
        }

        var newest = await metadata.OplogSlices.NewestAsync(sync.Id, cancellation);
        var stop = await StopAsync(replicaSet, sync, newest?.Last ?? sync.Begin, cancellation);
        var position = await PositionAsync(sync, newest, cancellation);
        return new Assignment(replicaSet.Id, position, stop);
    }

    /// <summary>How far a sync is.</summary>
    /// <param name="sync">Begun.</param>
    /// <param name="newest">Its newest oplog slice; a partial sync has none.</param>
    /// <param name="cancellation">Gives up.</param>
    public async Task<SyncPosition> PositionAsync(
        SyncRecord sync,
        OplogSlice? newest,
        CancellationToken cancellation
    ) =>
        new(
            sync.Id,
            sync.State == SyncState.Copying,
            WireOptime.From(sync.Begin),
            sync.State == SyncState.Copying ? await RangesAsync(sync, cancellation) : [],
            newest is null ? 0 : newest.Sequence + 1,
            newest is null ? null : WireOptime.From(newest.Last)
        );

    private async Task<IReadOnlyList<RangePosition>> RangesAsync(SyncRecord sync, CancellationToken cancellation)
    {
        var listed = ListedCollection
            .ReadAll(await metadata.Syncs.CatalogueAsync(sync.Id, cancellation))
            .Where(one => one.HasDocuments)
            .ToDictionary(one => one.Uuid!.Value);
        var all = await metadata.Syncs.CollectionsAsync(sync.Id, cancellation);
        return
        [
            .. all.Where(one => !one.Done)
                .OrderByDescending(one => one.ExpectedBytes)
                .Select(one => new RangePosition(
                    one.Collection,
                    one.Namespace,
                    one.Range,
                    one.NextSequence,
                    one.LastId is null ? null : Convert.ToBase64String(one.LastId),
                    listed[one.Collection].NaturalOrder,
                    one.ExpectedDocuments,
                    one.ExpectedBytes,
                    Bound(listed[one.Collection], one.Range - 1),
                    Bound(listed[one.Collection], one.Range),
                    one.RawBytes
                )),
        ];
    }

    private static string? Bound(ListedCollection listed, int split) =>
        split >= 0 && split < listed.Splits.Count ? Convert.ToBase64String(listed.Splits[split].Span) : null;

    /// <summary>A hole right after the last durable entry stops the agent until a new sync is asked for.</summary>
    private async Task<Fault?> StopAsync(
        ReplicaSetRecord replicaSet,
        SyncRecord sync,
        Optime last,
        CancellationToken cancellation
    )
    {
        var holes = await metadata.OplogSlices.HolesAsync(replicaSet.Id, cancellation);
        var hole = holes.FirstOrDefault(one =>
            one.Kind is HoleKind.OplogLost or HoleKind.RolledBack
            && (one.SyncId.Length == 0 || one.SyncId == sync.Id)
            && one.From.Timestamp == last.Timestamp
        );
        return hole is null
            ? null
            : new Fault(
                replicaSet.StopCode ?? hole.Code ?? "BK8017",
                replicaSet.StopMessage ?? $"The oplog from {hole.From} on is lost: {hole.Cause}",
                replicaSet.StopHint ?? "Start a fresh initial sync ('backup resync RS'); snapshots taken so far stay."
            );
    }
}
