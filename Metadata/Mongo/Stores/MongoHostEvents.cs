using Backup.Metadata.Mongo.Collections;
using Backup.Metadata.Mongo.Documents;
using Backup.Metadata.Mongo.Transactions;

namespace Backup.Metadata.Mongo.Stores;

/// <summary>What happened to members of sources: a part of <see cref="MongoMonitoring"/>.</summary>
internal static class MongoHostEvents
{
    private const string Ordinal = DeploymentCollections.Ordinal;

    private static readonly Collection<HostEventRecord> Events = MonitoringCollections.Events;

    /// <summary>Adds them to the sample's deployment; its oldest go where there are too many, or where they are too old.</summary>
    internal static async Task AddAsync(
        MongoSession session,
        MonitoringRecord sample,
        IReadOnlyList<HostEventRecord> events
    )
    {
        foreach (var one in events)
        {
            var order = await session.NextAsync(Events.Name);
            await session.InsertAsync(Events, one with { DeploymentId = sample.DeploymentId }, (Ordinal, order));
        }

        var own = ("deploymentId", (object?)sample.DeploymentId);
        await session.DeleteAsync(Events, Doc.Of(own, ("at", Is.Below(sample.At - IMonitoring.EventsKept))));
        var tooMany = await session.CountAsync(Events, Doc.Of(own)) - IMonitoring.MostEvents;
        if (tooMany > 0)
        {
            var oldest = await session.RawAsync(
                Events,
                Doc.Of(own),
                Doc.Of((Ordinal, 1)),
                (int)tooMany,
                Doc.Of((Ordinal, 1))
            );
            var last = oldest[^1].View["ordinal"u8].ToInt64();
            await session.DeleteAsync(Events, Doc.Of(own, (Ordinal, Is.AtMost(last))));
        }
    }

    /// <summary>Newest first.</summary>
    internal static Task<List<HostEventRecord>> ListAsync(
        MongoSession session,
        string deploymentId,
        DateTimeOffset from,
        DateTimeOffset to,
        int limit
    ) =>
        session.FindAsync(
            Events,
            Doc.Of(("deploymentId", deploymentId), ("at", Is.Within(from, to))),
            Doc.Of(("at", -1), (Ordinal, -1)),
            limit
        );
}
