using Backup.Metadata.Mongo.Collections;
using Backup.Metadata.Mongo.Documents;
using Backup.Metadata.Mongo.Transactions;
using Backup.MongoWire.Bson;

namespace Backup.Metadata.Mongo.Stores;

/// <summary>
/// Grants and releases depend on one lease alone, whose document they change, and grants on the sessions that they are made under, whose documents they change, too.
/// </summary>
internal sealed class MongoHeadLeases(ITransactions database, TimeProvider time) : IHeadLeases
{
    private static readonly Collection<HeadGrant> Leases = DaemonCollections.HeadLeases;
    private static readonly Collection<HeadReport> Reports = DaemonCollections.HeadReports;

    public Task<HeadLease?> FindAsync(string replicaSetId, CancellationToken cancellation = default) =>
        database.ReadAsync(session => FindAsync(session, replicaSetId), cancellation);

    public async Task<IReadOnlyList<HeadLease>> ListAsync(CancellationToken cancellation = default) =>
        await database.ReadAsync(
            async session =>
            {
                var leases = await session.FindAsync(Leases, Doc.All, Doc.Of(("_id", 1)));
                var reports = (await session.FindAsync(Reports, Doc.All)).ToDictionary(
                    static one => one.ReplicaSetId,
                    StringComparer.Ordinal
                );
                return leases.ConvertAll(one => one.Lease(reports.GetValueOrDefault(one.ReplicaSetId)));
            },
            cancellation
        );

    public Task<HeadLease?> GrantAsync(
        string replicaSetId,
        string daemonId,
        string session,
        HeadLease? seen,
        IReadOnlyCollection<Guid>? storeSessions = null,
        CancellationToken cancellation = default
    ) =>
        database.WriteBesideAsync(
            LaneOf(replicaSetId),
            work => GrantAsync(work, replicaSetId, daemonId, session, seen, storeSessions ?? []),
            cancellation
        );

    public Task<bool> ReleaseAsync(HeadLease held, CancellationToken cancellation = default) =>
        database.WriteBesideAsync(
            LaneOf(held.ReplicaSetId),
            session =>
                session.UpdateAsync(
                    Leases,
                    Current(held.ReplicaSetId, held.DaemonId, held.Fence),
                    Doc.Set(("daemonId", null))
                ),
            cancellation
        );

    public Task WishAsync(string replicaSetId, string? daemonId, CancellationToken cancellation = default) =>
        database.WriteAsync(
            async session =>
            {
                await MongoDeployments.RequireReplicaSetAsync(session, replicaSetId);
                if (daemonId is not null)
                {
                    await MongoDaemons.RequireAsync(session, daemonId);
                }

                if (!await session.UpdateAsync(Leases, Doc.Id(replicaSetId), Doc.Set(("wish", daemonId))))
                {
                    var wish = new HeadGrant(replicaSetId, null, "", 0, daemonId, time.GetUtcNow());
                    await session.InsertAsync(Leases, wish);
                }
            },
            cancellation
        );

    /// <exception cref="Foundation.Errors.BackupException">6018, 6320.</exception>
    internal static async Task RequireAsync(MongoSession session, HeadProof proof)
    {
        // First, and without a change: a keeper that writes all the time would else keep its lease from being ended.
        if (proof.StoreSessions.Count > 0 && await MongoStoreSessions.IsAnyRevokedAsync(session, proof.StoreSessions))
        {
            throw MetadataErrors.SessionRevoked($"replica set '{proof.ReplicaSetId}'");
        }

        if (!await session.TouchAsync(Leases, Current(proof.ReplicaSetId, proof.DaemonId, proof.Fence)))
        {
            throw await IsRevokedAsync(session, proof)
                ? MetadataErrors.SessionRevoked($"replica set '{proof.ReplicaSetId}'")
                : MetadataErrors.HeadFenced(proof.ReplicaSetId, proof.DaemonId, proof.Fence);
        }
    }

    internal static Task ReleaseAllAsync(MongoSession session, string daemonId) =>
        session.UpdateAllAsync(Leases, Doc.Of(("daemonId", daemonId)), Doc.Set(("daemonId", null)));

    /// <summary>Stores what a daemon says of the heads that it keeps.</summary>
    internal static async Task ReportAsync(MongoSession session, string daemonId, IReadOnlyList<HeadReport> heads)
    {
        if (heads.Count == 0)
        {
            return;
        }

        var kept = (await session.FindAsync(Leases, Doc.Of(("daemonId", daemonId))))
            .Select(static one => (one.ReplicaSetId, one.Fence))
            .ToHashSet();
        await session.UpsertEachAsync(
            Reports,
            heads
                .Where(one => kept.Contains((one.ReplicaSetId, one.Fence)))
                .Select(static one =>
                    (
                        Doc.Id(one.ReplicaSetId),
                        Doc.Set(
                            ("fence", one.Fence),
                            ("live", one.Live),
                            ("troubleCode", one.TroubleCode),
                            ("troubleMessage", one.TroubleMessage),
                            ("troubleHint", one.TroubleHint)
                        )
                    )
                )
        );
    }

    /// <summary>What changes a lease, and what is written under it, is of one lane.</summary>
    internal static string LaneOf(string replicaSetId) => $"head {replicaSetId}";

    private async Task<HeadLease?> GrantAsync(
        MongoSession session,
        string replicaSetId,
        string daemonId,
        string run,
        HeadLease? seen,
        IReadOnlyCollection<Guid> storeSessions
    )
    {
        // First of all, so that a keeper that writes all the time does not come between what is read and what is granted.
        await session.TouchAsync(Leases, Doc.Id(replicaSetId));
        if (!await MongoStoreSessions.RelyAsync(session, storeSessions, time.GetUtcNow()))
        {
            throw MetadataErrors.SessionRevoked($"replica set '{replicaSetId}'");
        }

        await MongoDeployments.RequireReplicaSetAsync(session, replicaSetId);
        var stored = await session.GetAsync(Leases, replicaSetId);
        if ((stored?.Fence ?? 0) != (seen?.Fence ?? 0) || stored?.DaemonId != seen?.DaemonId)
        {
            return null;
        }

        var wish = stored?.Wish == daemonId ? null : stored?.Wish;
        var fence = (stored?.Fence ?? 0) + 1;
        var granted = new HeadGrant(replicaSetId, daemonId, run, fence, wish, time.GetUtcNow(), [.. storeSessions]);
        await session.PutAsync(Leases, Doc.Id(replicaSetId), granted);
        return await FindAsync(session, replicaSetId);
    }

    /// <summary>Whether that lease, which is over, ended with a session of a store.</summary>
    private static async Task<bool> IsRevokedAsync(MongoSession session, HeadProof proof) =>
        await session.GetAsync(Leases, proof.ReplicaSetId) is { StoreSessions: { } sessions } lease
        && lease.Fence == proof.Fence
        && await MongoStoreSessions.IsAnyRevokedAsync(session, sessions);

    private static async Task<HeadLease?> FindAsync(MongoSession session, string replicaSetId) =>
        await session.GetAsync(Leases, replicaSetId) is { } lease
            ? lease.Lease(await session.GetAsync(Reports, replicaSetId))
            : null;

    private static BsonDocument Current(string replicaSetId, string? daemonId, long fence) =>
        Doc.Of(("_id", replicaSetId), ("fence", fence), ("daemonId", daemonId ?? ""));
}
