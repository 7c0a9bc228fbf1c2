namespace Backup.Metadata.Mongo.Collections;

/// <summary>What agents tell of their sources, and what was made of it.</summary>
internal static class MonitoringCollections
{
    /// <summary>Of a span that is due: its end.</summary>
    internal const string To = "to";

    /// <summary>One of a minute, whose begin is its time.</summary>
    internal static readonly Collection<MonitoringRecord> Samples = new(
        "monitoringSamples",
        null,
        null,
        new Index("deploymentId_at", "deploymentId", "at") { Unique = true }
    );

    internal static readonly Collection<SpanRecord> Spans = new(
        "monitoringSpans",
        null,
        null,
        new Index("deploymentId_minutes_from", "deploymentId", "minutes", "from") { Unique = true }
    );

    internal static readonly Collection<DueSpan> Due = new(
        "monitoringDue",
        null,
        [To],
        new Index("minutes_from_deploymentId", "minutes", "from", "deploymentId") { Unique = true }
    );

    internal static readonly Collection<HostEventRecord> Events = new(
        "hostEvents",
        null,
        [DeploymentCollections.Ordinal],
        new Index("deploymentId_at_ordinal", "deploymentId", "at", DeploymentCollections.Ordinal),
        new Index("deploymentId_ordinal", "deploymentId", DeploymentCollections.Ordinal)
    );

    internal static readonly IReadOnlyList<Collection> All = [Samples, Spans, Due, Events];
}
