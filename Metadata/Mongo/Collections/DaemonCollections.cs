using Backup.Metadata.Mongo.Transactions;

namespace Backup.Metadata.Mongo.Collections;

/// <summary>The daemons, and which of them keeps which head.</summary>
internal static class DaemonCollections
{
    internal static readonly Collection<Daemon> Daemons = new("daemons", nameof(Daemon.Id));

    /// <summary>What the keeper's writes depend on, and touch.</summary>
    internal static readonly Collection<HeadGrant> HeadLeases = new(
        "headLeases",
        nameof(HeadGrant.ReplicaSetId),
        [MongoSession.Touches],
        new Index("daemonId", "daemonId")
    );

    /// <summary>What keepers say of their heads: beside the leases, so that a sign of life is not in the way of what a head writes.</summary>
    internal static readonly Collection<HeadReport> HeadReports = new("headReports", nameof(HeadReport.ReplicaSetId));

    /// <summary>Sessions with shared block stores: what grants under them rely on, and touch.</summary>
    internal static readonly Collection<StoreSession> StoreSessions = new(
        "storeSessions",
        nameof(StoreSession.Id),
        [MongoSession.Touches]
    );

    /// <summary>Which block store each group is in.</summary>
    internal static readonly Collection<GroupPlace> GroupStores = new("groupStores", nameof(GroupPlace.GroupId));

    /// <summary>What the store of each group must have: what its assignment depends on, and touches.</summary>
    internal static readonly Collection<GroupTagList> GroupTags = new(
        "groupTags",
        nameof(GroupTagList.GroupId),
        [MongoSession.Touches]
    );

    internal static readonly IReadOnlyList<Collection> All =
    [
        Daemons,
        HeadLeases,
        HeadReports,
        StoreSessions,
        GroupStores,
        GroupTags,
    ];
}

/// <summary>A <see cref="DaemonRecord"/>, all in one.</summary>
internal sealed record Daemon(
    string Id,
    string Session,
    string Host,
    string Version,
    int Weight,
    long FreeBytes,
    DateTimeOffset StartedAt,
    bool Drains,
    long Renewals,
    DateTimeOffset SeenAt,
    DateTimeOffset? StoppedAt
)
{
    internal static Daemon Of(DaemonReport report, bool drains, long renewals, DateTimeOffset seenAt) =>
        new(
            report.Id,
            report.Session,
            report.Host,
            report.Version,
            report.Weight,
            report.FreeBytes,
            report.StartedAt,
            drains,
            renewals,
            seenAt,
            null
        );

    internal DaemonRecord Record() =>
        new(
            new DaemonReport(Id, Session, Host, Version, Weight, FreeBytes, StartedAt),
            Drains,
            Renewals,
            SeenAt,
            StoppedAt
        );
}

/// <summary>A <see cref="HeadLease"/> without what its keeper says.</summary>
internal sealed record HeadGrant(
    string ReplicaSetId,
    string? DaemonId,
    string Session,
    long Fence,
    string? Wish,
    DateTimeOffset GrantedAt,
    IReadOnlyList<Guid>? StoreSessions = null
)
{
    /// <param name="report">The last one, of whatever keeper: how far the head is outlives it, its trouble does not.</param>
    internal HeadLease Lease(HeadReport? report) =>
        new(ReplicaSetId, DaemonId, Session, Fence, Wish, GrantedAt, report?.Live)
        {
            TroubleCode = report?.Fence == Fence ? report.TroubleCode : null,
            TroubleMessage = report?.Fence == Fence ? report.TroubleMessage : null,
            TroubleHint = report?.Fence == Fence ? report.TroubleHint : null,
        };
}

/// <summary>A session with a shared block store.</summary>
/// <param name="Id">The store's own.</param>
/// <param name="At">When it was first relied on; once it is revoked, when that was.</param>
/// <param name="Revoked">Others have struck it off.</param>
internal sealed record StoreSession(Guid Id, DateTimeOffset At, bool Revoked);

/// <summary>A <see cref="GroupStore"/>.</summary>
internal sealed record GroupPlace(string GroupId, string Store, IReadOnlyList<string>? MovesFrom, DateTimeOffset Since)
{
    internal static GroupPlace Of(GroupStore one) => new(one.GroupId, one.Store, one.From, one.Since);

    internal GroupStore Record() => new(GroupId, Store, MovesFrom ?? [], Since);
}

/// <summary>The tags of a group.</summary>
/// <param name="GroupId">Which.</param>
/// <param name="Tags">None, too, where nobody gave it any, and it was assigned all the same.</param>
internal sealed record GroupTagList(string GroupId, IReadOnlyList<string>? Tags);
