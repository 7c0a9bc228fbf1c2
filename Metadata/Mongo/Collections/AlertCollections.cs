using Backup.Foundation;
using Backup.Metadata.Alerting;

namespace Backup.Metadata.Mongo.Collections;

/// <summary>What is wrong, who is told of it, and what is usual.</summary>
internal static class AlertCollections
{
    /// <summary>Of an alert: somebody closed it while it was so, and it was not over since.</summary>
    internal const string StillSo = "stillSo";

    /// <summary>Of an alert: somebody may have to be told of it.</summary>
    internal const string ToTell = "toTell";

    /// <summary>Of a delivery: who tries it.</summary>
    internal const string Owner = "owner";

    /// <summary>Of a delivery: until then nobody else does.</summary>
    internal const string TakenUntil = "takenUntil";

    // Of one condition and subject one is open at most, which is seen to by writes that stand alone.
    internal static readonly Collection<AlertRecord> Alerts = new(
        "alerts",
        nameof(AlertRecord.Id),
        [StillSo, ToTell],
        new Index("condition_subject", "condition", "subject"),
        new Index("toTell", ToTell, "_id"),
        new Index("resolvedAt", "resolvedAt"),
        new Index("groupId_id", "groupId", "_id")
    );

    /// <summary>One document.</summary>
    internal static readonly Collection<AlertWatch> Watch = new("alertWatch", nameof(AlertWatch.Id));

    // What is missing is as good as any other value to a unique index: there is one rule of no group, or of no deployment.
    internal static readonly Collection<AlertRule> Rules = new(
        "alertRules",
        null,
        null,
        new Index("groupId_deploymentId_condition", "groupId", "deploymentId", "condition") { Unique = true }
    );

    internal static readonly Collection<ExcerptRule> ExcerptRules = new(
        "excerptRules",
        null,
        null,
        new Index("groupId_deploymentId", "groupId", "deploymentId") { Unique = true }
    );

    internal static readonly Collection<AlertExcerpt> Excerpts = new("alertExcerpts", nameof(AlertExcerpt.AlertId));

    internal static readonly Collection<MaintenanceWindow> Windows = new(
        "maintenanceWindows",
        nameof(MaintenanceWindow.Id)
    );

    internal static readonly Collection<ChannelRecord> Channels = new(
        "alertChannels",
        nameof(ChannelRecord.Id),
        null,
        new Index("groupId_name", "groupId", "name") { Unique = true }
    );

    internal static readonly Collection<DeliveryRecord> Deliveries = new(
        "alertDeliveries",
        nameof(DeliveryRecord.Id),
        [DeploymentCollections.Ordinal, Owner, TakenUntil],
        new Index("state_dueAt", "state", "dueAt"),
        new Index("channelId_ordinal", "channelId", DeploymentCollections.Ordinal)
    );

    internal static readonly Collection<Radar> Radars = new("radars", nameof(Radar.ReplicaSetId));

    internal static readonly Collection<LearntRatesOf> Rates = new(
        "learntRates",
        null,
        null,
        new Index("replicaSetId_namespace", "replicaSetId", "namespace") { Unique = true }
    );

    internal static readonly Collection<Burst> Bursts = new(
        "bursts",
        nameof(Burst.Id),
        [DeploymentCollections.Ordinal],
        new Index("deploymentId_namespace", "deploymentId", "namespace")
    );

    internal static readonly IReadOnlyList<Collection> All =
    [
        Alerts,
        Watch,
        Rules,
        ExcerptRules,
        Excerpts,
        Windows,
        Channels,
        Deliveries,
        Radars,
        Rates,
        Bursts,
    ];
}

/// <param name="Id">Always <see cref="Only"/>.</param>
/// <param name="Owner">Who looks at the conditions.</param>
/// <param name="Until">Nobody else does before.</param>
internal sealed record AlertWatch(string Id, string Owner, DateTimeOffset Until)
{
    internal const string Only = "watch";
}

/// <summary>A <see cref="RadarRecord"/>.</summary>
/// <param name="Since">To the second.</param>
internal sealed record Radar(string ReplicaSetId, DateTimeOffset Since, Optime Through)
{
    internal static Radar Of(RadarRecord record) =>
        new(record.ReplicaSetId, DateTimeOffset.FromUnixTimeSeconds(record.Since), record.Through);

    internal RadarRecord Record() => new(ReplicaSetId, checked((uint)Since.ToUnixTimeSeconds()), Through);
}

/// <summary><see cref="LearntRates"/> of a replica set.</summary>
internal sealed record LearntRatesOf(string ReplicaSetId, string Namespace, byte[] Content);

/// <summary>A <see cref="BurstRecord"/> without what is held for it: that is counted.</summary>
internal sealed record Burst(
    string Id,
    string DeploymentId,
    string Namespace,
    BurstKinds Kinds,
    Optime First,
    DateTimeOffset LastAt,
    long Documents,
    long Most,
    long Usual,
    TimeSpan Span,
    DateTimeOffset KeptUntil,
    DateTimeOffset? EndedAt
)
{
    internal BurstRecord Record(int heldSets) =>
        new(Id, DeploymentId, Namespace, Kinds, First, LastAt, Documents, Most, Usual, Span, KeptUntil)
        {
            HeldSets = heldSets,
            EndedAt = EndedAt,
        };
}
