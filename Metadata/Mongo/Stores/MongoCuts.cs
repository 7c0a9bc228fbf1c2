using Backup.Metadata.Mongo.Collections;
using Backup.Metadata.Mongo.Documents;
using Backup.Metadata.Mongo.Transactions;

namespace Backup.Metadata.Mongo.Stores;

/// <summary>Cuts through all sets of a cluster, and what heads gave for those that are being made. They are few, and each write stands alone.</summary>
internal sealed class MongoCuts(ITransactions database, TimeProvider time)
{
    private static readonly Collection<CutRecord> Cuts = SnapshotCollections.Cuts;
    private static readonly Collection<CutPart> Pieces = SnapshotCollections.CutParts;
    private static readonly Collection<SnapshotRecord> Snapshots = SnapshotCollections.Snapshots;

    internal Task AddAsync(CutRecord cut, CancellationToken cancellation) =>
        database.WriteAsync(
            async session =>
            {
                if (await OpenAsync(session, cut.ClusterId) is not null)
                {
                    throw MetadataErrors.Open(cut.ClusterId);
                }

                if (!await session.AnyAsync(DeploymentCollections.Clusters, Doc.Id(cut.ClusterId)))
                {
                    throw MetadataErrors.Exists("cut");
                }

                var ordinal = await session.NextAsync(Cuts.Name);
                await session.InsertAsync(Cuts, cut, (DeploymentCollections.Ordinal, ordinal));
            },
            cancellation
        );

    internal async Task<IReadOnlyList<CutRecord>> ListAsync(string clusterId, CancellationToken cancellation) =>
        await database.ReadAsync(
            session =>
                session.FindAsync(Cuts, Doc.Of(("clusterId", clusterId)), Doc.Of((DeploymentCollections.Ordinal, -1))),
            cancellation
        );

    internal async Task<IReadOnlyList<CutRecord>> NewestSnapshotsAsync(CancellationToken cancellation) =>
        await database.ReadTogetherAsync(
            session =>
                MongoSnapshots.NewestOfEachAsync(
                    session,
                    Cuts,
                    Doc.Of(("kind", CutKind.Snapshot), ("state", CutState.Complete)),
                    "$clusterId"
                ),
            cancellation
        );

    internal Task<bool> AdvanceAsync(CutRecord next, CutState from, CancellationToken cancellation)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual((int)next.State, (int)CutState.Complete, nameof(next));
        return database.WriteAsync(
            async session => (await FindAsync(session, next.Id))?.State == from && await StoreAsync(session, next),
            cancellation
        );
    }

    internal Task<bool> AddPartAsync(string cutId, SnapshotRecord part, CancellationToken cancellation) =>
        database.WriteAsync(session => AddPartAsync(session, cutId, part), cancellation);

    internal Task<bool> AddBuiltPartAsync(
        string cutId,
        SnapshotRecord part,
        PartPremise premise,
        CancellationToken cancellation
    ) =>
        database.WriteAsync(
            async session =>
            {
                if (!await MongoStoreSessions.RelyAsync(session, premise.Sessions, time.GetUtcNow()))
                {
                    throw MetadataErrors.SessionRevoked($"the part of replica set '{part.ReplicaSetId}'");
                }

                // Where an assignment, and the end of a move, meet this: of two at the same time one is begun again and sees the other.
                await MongoGroupStores.TouchLeasesAsync(session, [part.ReplicaSetId]);
                return premise.StandsIn(await MongoGroupStores.FindAsync(session, premise.GroupId))
                    ? await AddPartAsync(session, cutId, part)
                    : throw MetadataErrors.Displaced($"the part of replica set '{part.ReplicaSetId}'");
            },
            cancellation
        );

    internal async Task<IReadOnlyList<SnapshotRecord>> PartsAsync(string cutId, CancellationToken cancellation) =>
        await database.ReadAsync(session => PartsAsync(session, cutId), cancellation);

    internal Task<bool> CompleteAsync(string cutId, DateTimeOffset? expiresAt, CancellationToken cancellation) =>
        database.WriteAsync(
            async session =>
            {
                if (await FindAsync(session, cutId) is not { State: CutState.Settled } cut)
                {
                    return false;
                }

                var parts = await PartsAsync(session, cutId);
                if (cut.Kind == CutKind.Snapshot && cut.Sets.Except(parts.Select(part => part.ReplicaSetId)).Any())
                {
                    return false;
                }

                foreach (var part in parts)
                {
                    await MongoSnapshots.AddAsync(session, part with { ExpiresAt = expiresAt });
                }

                await ForgetAsync(session, cutId);
                return await StoreAsync(session, cut with { State = CutState.Complete, ExpiresAt = expiresAt });
            },
            cancellation
        );

    internal Task<bool> FailAsync(
        string cutId,
        string code,
        string message,
        string hint,
        CancellationToken cancellation
    ) =>
        database.WriteAsync(
            async session =>
            {
                if (await FindAsync(session, cutId) is not { IsOpen: true } cut)
                {
                    return false;
                }

                await ForgetAsync(session, cutId);
                var failed = cut with { State = CutState.Failed, Code = code, Message = message, Hint = hint };
                return await StoreAsync(session, failed);
            },
            cancellation
        );

    internal Task<CutRecord> KeepAsync(string cutId, KeepingChange change, CancellationToken cancellation) =>
        database.WriteAsync(
            async session =>
            {
                var cut = await FindSnapshotAsync(session, cutId);
                var (pinned, expires) = change.Of(cut.PinnedAt, cut.ExpiresAt, time.GetUtcNow());
                // It came into its state when it was complete: what is wanted of it does not change that.
                var kept = Doc.Set(("pinnedAt", pinned), ("expiresAt", expires));
                await session.UpdateAsync(Cuts, Doc.Id(cutId), kept);
                await session.UpdateAllAsync(Snapshots, Doc.Of(("cutId", cutId)), kept);
                return (await FindAsync(session, cutId))!;
            },
            cancellation
        );

    internal Task<bool> ExpireAsync(CutRecord seen, CancellationToken cancellation) =>
        database.WriteAsync(
            async session =>
            {
                if (
                    await FindAsync(session, seen.Id) is not { IsOpen: false, PinnedAt: null } now
                    || now.ExpiresAt != seen.ExpiresAt
                    || await IsReadAsync(session, seen.Id)
                    || (now.IsSnapshot && !await HasOthersAsync(session, now))
                )
                {
                    return false;
                }

                await RemoveAsync(session, seen.Id);
                return true;
            },
            cancellation
        );

    internal Task DeleteAsync(string cutId, bool evenLast, CancellationToken cancellation) =>
        database.WriteAsync(
            async session =>
            {
                var cut = await FindSnapshotAsync(session, cutId);
                if (cut.PinnedAt is not null)
                {
                    throw MetadataErrors.Pinned(cutId);
                }

                if (await IsReadAsync(session, cutId, ofBursts: true))
                {
                    throw MetadataErrors.Kept(cutId);
                }

                if (await IsReadAsync(session, cutId))
                {
                    throw MetadataErrors.BeingRead(cutId);
                }

                if (!evenLast && !await HasOthersAsync(session, cut))
                {
                    throw MetadataErrors.Last(cutId);
                }

                await RemoveAsync(session, cutId);
            },
            cancellation
        );

    internal Task RemoveAsync(string cutId, CancellationToken cancellation) =>
        database.WriteAsync(
            async session =>
            {
                var cut = await FindAsync(session, cutId) ?? throw MetadataErrors.Missing("cut", cutId);
                if (cut.IsOpen)
                {
                    throw MetadataErrors.Open(cut.ClusterId);
                }

                await RemoveAsync(session, cutId);
            },
            cancellation
        );

    /// <summary>Of every cluster, newest first.</summary>
    internal static Task<List<CutRecord>> AllAsync(MongoSession session) =>
        session.FindAsync(Cuts, Doc.All, Doc.Of((DeploymentCollections.Ordinal, -1)));

    internal static Task<CutRecord?> FindAsync(MongoSession session, string id) => session.GetAsync(Cuts, id);

    internal static Task<CutRecord?> OpenAsync(MongoSession session, string clusterId) =>
        session.FirstAsync(Cuts, Doc.Of(("clusterId", clusterId), ("state", Is.Below(CutState.Complete))));

    private static async Task<bool> AddPartAsync(MongoSession session, string cutId, SnapshotRecord part)
    {
        var cut = await FindAsync(session, cutId);
        if (cut is not { State: CutState.Settled } || !cut.Sets.Contains(part.ReplicaSetId))
        {
            return false;
        }

        await session.PutAsync(
            Pieces,
            Doc.Of(("cutId", cutId), ("replicaSetId", part.ReplicaSetId)),
            new CutPart(cutId, part.ReplicaSetId, part with { CutId = cutId })
        );
        return true;
    }

    /// <summary>Whether there are snapshots of the cluster beside it.</summary>
    private static Task<bool> HasOthersAsync(MongoSession session, CutRecord cut) =>
        session.AnyAsync(
            Cuts,
            Doc.Of(
                ("clusterId", cut.ClusterId),
                ("kind", CutKind.Snapshot),
                ("state", CutState.Complete),
                ("_id", Is.Not(cut.Id))
            )
        );

    private async Task<bool> IsReadAsync(MongoSession session, string cutId, bool ofBursts = false)
    {
        foreach (var part in await MongoSnapshots.OfCutAsync(session, cutId))
        {
            if (await MongoReadHolds.IsReadAsync(session, part, time, ofBursts))
            {
                return true;
            }
        }

        return false;
    }

    private static async Task<CutRecord> FindSnapshotAsync(MongoSession session, string cutId) =>
        await FindAsync(session, cutId) is { IsSnapshot: true } cut
            ? cut
            : throw MetadataErrors.Missing("snapshot", cutId);

    private static async Task RemoveAsync(MongoSession session, string cutId)
    {
        await session.DeleteAsync(Snapshots, Doc.Of(("cutId", cutId)));
        await session.DeleteAsync(Cuts, Doc.Id(cutId));
    }

    /// <summary>What it is, for whom and since when stays.</summary>
    private Task<bool> StoreAsync(MongoSession session, CutRecord cut) =>
        session.UpdateAsync(
            Cuts,
            Doc.Id(cut.Id),
            Doc.Set(
                ("state", cut.State),
                ("time", cut.Time),
                ("balancerRested", cut.BalancerRested),
                ("code", cut.Code),
                ("message", cut.Message),
                ("hint", cut.Hint),
                ("changedAt", time.GetUtcNow()),
                ("expiresAt", cut.ExpiresAt),
                ("pinnedAt", cut.PinnedAt)
            )
        );

    private static Task ForgetAsync(MongoSession session, string cutId) =>
        session.DeleteAsync(Pieces, Doc.Of(("cutId", cutId)));

    private static async Task<List<SnapshotRecord>> PartsAsync(MongoSession session, string cutId) =>
        (await session.FindAsync(Pieces, Doc.Of(("cutId", cutId)), Doc.Of(("replicaSetId", 1)))).ConvertAll(
            static one => one.Part
        );
}
