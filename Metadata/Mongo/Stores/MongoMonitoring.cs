using Backup.Metadata.Mongo.Collections;
using Backup.Metadata.Mongo.Documents;
using Backup.Metadata.Mongo.Transactions;
using Backup.MongoWire.Bson;

namespace Backup.Metadata.Mongo.Stores;

/// <summary>
/// Samples come every minute of every deployment. What is written with one is of that deployment alone, which is never removed; a span
/// that is due is changed by whatever is stored in it, so that nobody takes it off the list at the same time: writes go on beside each other.
/// </summary>
internal sealed class MongoMonitoring(ITransactions database) : IMonitoring
{
    /// <summary>Minutes of the spans that samples are in.</summary>
    private const int Shortest = 5;

    private static readonly Collection<MonitoringRecord> Samples = MonitoringCollections.Samples;
    private static readonly Collection<SpanRecord> Spans = MonitoringCollections.Spans;
    private static readonly Collection<DueSpan> Due = MonitoringCollections.Due;
    private static readonly BsonDocument NewestFirst = Doc.Of(("at", -1));

    public Task AddAsync(
        MonitoringRecord sample,
        TimeSpan keep,
        IReadOnlyList<HostEventRecord>? events = null,
        CancellationToken cancellation = default
    ) =>
        database.WriteBesideAsync(
            LaneOf(sample.DeploymentId),
            async session =>
            {
                await RequireAsync(session, sample.DeploymentId);
                var at = BeginOf(sample.At, 1);
                await session.PutAsync(
                    Samples,
                    Doc.Of(("deploymentId", sample.DeploymentId), ("at", at)),
                    sample with
                    {
                        At = at,
                    }
                );
                await session.DeleteAsync(
                    Samples,
                    Doc.Of(
                        ("deploymentId", sample.DeploymentId),
                        ("at", Is.AtMost(at.AddMinutes(-Math.Floor(keep.TotalMinutes))))
                    )
                );
                await MakeDueAsync(session, sample.DeploymentId, Shortest, at);
                if (events is { Count: > 0 })
                {
                    await MongoHostEvents.AddAsync(session, sample, events);
                }
            },
            cancellation
        );

    public async Task<IReadOnlyList<MonitoringRecord>> ListAsync(
        string deploymentId,
        DateTimeOffset from,
        DateTimeOffset? to = null,
        CancellationToken cancellation = default
    ) =>
        await database.ReadAsync(
            session =>
            {
                var first = BeginOf(from, 1);
                var wanted = to is { } end ? Is.Within(first, BeginOf(end, 1)) : Is.AtLeast(first);
                return session.FindAsync(
                    Samples,
                    Doc.Of(("deploymentId", deploymentId), ("at", wanted)),
                    Doc.Of(("at", 1))
                );
            },
            cancellation
        );

    public async Task<IReadOnlyList<MonitoringRecord>> NewestAsync(CancellationToken cancellation = default) =>
        await database.ReadAsync(
            async session =>
            {
                // One step in an index for each, whatever the number of samples.
                var newest = new List<MonitoringRecord>();
                foreach (var deployment in await MongoDeployments.ListAsync(session))
                {
                    if (await NewestAsync(session, deployment.Id) is { } sample)
                    {
                        newest.Add(sample);
                    }
                }

                return newest;
            },
            cancellation
        );

    public Task<MonitoringRecord?> NewestAsync(string deploymentId, CancellationToken cancellation = default) =>
        database.ReadAsync(session => NewestAsync(session, deploymentId), cancellation);

    public async Task<IReadOnlyList<DueSpan>> DueAsync(
        DateTimeOffset before,
        int limit,
        CancellationToken cancellation = default
    ) =>
        await database.ReadAsync(
            session =>
                session.FindAsync(
                    Due,
                    Doc.Of((MonitoringCollections.To, Is.AtMost(BeginOf(before, 1)))),
                    Doc.Of(("minutes", 1), ("from", 1), ("deploymentId", 1)),
                    limit
                ),
            cancellation
        );

    public Task RollAsync(
        DueSpan due,
        SpanRecord? span,
        TimeSpan keep,
        int? longer,
        CancellationToken cancellation = default
    ) =>
        database.WriteBesideAsync(
            LaneOf(due.DeploymentId),
            async session =>
            {
                var from = BeginOf(due.From, due.Minutes);
                if (span is not null)
                {
                    await RequireAsync(session, span.DeploymentId);
                    await session.PutAsync(
                        Spans,
                        Doc.Of(("deploymentId", span.DeploymentId), ("minutes", span.Minutes), ("from", from)),
                        span with
                        {
                            From = from,
                        }
                    );
                    if (longer is { } minutes)
                    {
                        await MakeDueAsync(session, due.DeploymentId, minutes, from);
                    }
                }

                var kept = Math.Floor(keep.TotalMinutes / due.Minutes) * due.Minutes;
                await session.DeleteAsync(
                    Spans,
                    Doc.Of(
                        ("deploymentId", due.DeploymentId),
                        ("minutes", due.Minutes),
                        ("from", Is.AtMost(from.AddMinutes(-kept)))
                    )
                );
                await session.DeleteAsync(
                    Due,
                    Doc.Of(
                        ("minutes", due.Minutes),
                        ("from", from),
                        ("deploymentId", due.DeploymentId),
                        ("changes", due.Changes)
                    )
                );
            },
            cancellation
        );

    public async Task<IReadOnlyList<SpanRecord>> SpansAsync(
        string deploymentId,
        int minutes,
        DateTimeOffset from,
        DateTimeOffset to,
        CancellationToken cancellation = default
    ) =>
        await database.ReadAsync(
            session =>
            {
                var end = BeginOf(BeginOf(to, 1).AddMinutes(minutes - 1), minutes);
                return session.FindAsync(
                    Spans,
                    Doc.Of(
                        ("deploymentId", deploymentId),
                        ("minutes", minutes),
                        ("from", Is.Within(BeginOf(from, minutes), end))
                    ),
                    Doc.Of(("from", 1))
                );
            },
            cancellation
        );

    public async Task<IReadOnlyList<HostEventRecord>> EventsAsync(
        string deploymentId,
        DateTimeOffset from,
        DateTimeOffset to,
        int limit,
        CancellationToken cancellation = default
    ) =>
        await database.ReadAsync(
            session => MongoHostEvents.ListAsync(session, deploymentId, from, to, limit),
            cancellation
        );

    private static Task<MonitoringRecord?> NewestAsync(MongoSession session, string deploymentId) =>
        session.FirstAsync(Samples, Doc.Of(("deploymentId", deploymentId)), NewestFirst);

    private static async Task RequireAsync(MongoSession session, string deploymentId)
    {
        if (!await session.AnyAsync(DeploymentCollections.Deployments, Doc.Id(deploymentId)))
        {
            throw MetadataErrors.Exists("record");
        }
    }

    /// <summary>The span of so many minutes that the moment is in.</summary>
    private static Task MakeDueAsync(MongoSession session, string deploymentId, int minutes, DateTimeOffset at)
    {
        var from = BeginOf(at, minutes);
        return session.UpsertEachAsync(
            Due,
            [
                (
                    Doc.Of(("minutes", minutes), ("from", from), ("deploymentId", deploymentId)),
                    Doc.Both(Doc.Add("changes", 1), Doc.Set((MonitoringCollections.To, from.AddMinutes(minutes))))
                ),
            ]
        );
    }

    private static string LaneOf(string deploymentId) => $"monitoring {deploymentId}";

    /// <summary>Spans begin at multiples of their length since 1970-01-01.</summary>
    private static DateTimeOffset BeginOf(DateTimeOffset at, int minutes)
    {
        var length = minutes * 60_000L;
        return DateTimeOffset.FromUnixTimeMilliseconds(at.ToUnixTimeMilliseconds() / length * length);
    }
}
