using Backup.Metadata.Alerting;
using Backup.Metadata.Mongo.Collections;
using Backup.Metadata.Mongo.Documents;
using Backup.Metadata.Mongo.Transactions;
using Backup.MongoWire.Bson;

namespace Backup.Metadata.Mongo.Stores;

internal sealed class MongoRadar(ITransactions database, TimeProvider time) : IRadar
{
    private const string Ordinal = DeploymentCollections.Ordinal;

    private static readonly Collection<Radar> Radars = AlertCollections.Radars;
    private static readonly Collection<LearntRatesOf> Rates = AlertCollections.Rates;
    private static readonly Collection<Burst> Bursts = AlertCollections.Bursts;
    private static readonly BsonDocument OldestFirst = Doc.Of((Ordinal, 1));

    public async Task<RadarRecord?> FindAsync(string replicaSetId, CancellationToken cancellation = default) =>
        (await database.ReadAsync(session => session.GetAsync(Radars, replicaSetId), cancellation))?.Record();

    public async Task<IReadOnlyList<LearntRates>> RatesAsync(
        string replicaSetId,
        CancellationToken cancellation = default
    )
    {
        var rates = await database.ReadAsync(
            session => session.FindAsync(Rates, Doc.Of(("replicaSetId", replicaSetId)), Doc.Of(("namespace", 1))),
            cancellation
        );
        return rates.ConvertAll(static one => new LearntRates(one.Namespace, one.Content));
    }

    // Comes often, from whoever follows that set, and depends on nothing but that the set was there once.
    public Task SaveAsync(
        RadarRecord radar,
        IReadOnlyList<LearntRates> changed,
        IReadOnlyList<string> forgotten,
        CancellationToken cancellation = default
    ) =>
        database.WriteBesideAsync(
            $"radar {radar.ReplicaSetId}",
            async session =>
            {
                await MongoDeployments.RequireReplicaSetAsync(session, radar.ReplicaSetId);
                await session.PutAsync(Radars, Doc.Id(radar.ReplicaSetId), Radar.Of(radar));
                if (forgotten.Count > 0)
                {
                    await session.DeleteAsync(
                        Rates,
                        Doc.Of(("replicaSetId", radar.ReplicaSetId), ("namespace", Is.OneOf(forgotten)))
                    );
                }

                await session.UpsertEachAsync(
                    Rates,
                    changed.Select(one =>
                        (
                            Doc.Of(("replicaSetId", radar.ReplicaSetId), ("namespace", one.Namespace)),
                            Doc.Set(("content", one.Content))
                        )
                    )
                );
            },
            cancellation
        );

    public Task<BurstRecord> RecordAsync(
        BurstSighting sighting,
        DateTimeOffset keptUntil,
        CancellationToken cancellation = default
    ) => database.WriteAsync(session => RecordAsync(session, sighting, keptUntil), cancellation);

    public async Task<IReadOnlyList<BurstRecord>> OpenAsync(CancellationToken cancellation = default) =>
        await database.ReadAsync(
            async session =>
            {
                var open = new List<BurstRecord>();
                foreach (var burst in await session.FindAsync(Bursts, Open(), OldestFirst))
                {
                    open.Add(await WithHoldsAsync(session, burst));
                }

                return open;
            },
            cancellation
        );

    public Task<BurstRecord?> FindBurstAsync(string id, CancellationToken cancellation = default) =>
        database.ReadAsync(
            async session =>
                await session.GetAsync(Bursts, id) is { } burst ? await WithHoldsAsync(session, burst) : null,
            cancellation
        );

    public Task<int> EndResolvedAsync(CancellationToken cancellation = default) =>
        database.WriteAsync(
            async session =>
            {
                // What somebody resolved while it was still so: any other end comes of the burst's own.
                var ended = 0;
                foreach (var burst in await session.FindAsync(Bursts, Open()))
                {
                    if (await MongoAlerts.IsClosedAsync(session, MassChange.Condition, burst.Id))
                    {
                        await session.UpdateAsync(Bursts, Doc.Id(burst.Id), Doc.Set(("endedAt", time.GetUtcNow())));
                        await session.DeleteAsync(SnapshotCollections.Holds, Doc.Of(HoldsOf(burst.Id)));
                        ended++;
                    }
                }

                return ended;
            },
            cancellation
        );

    public Task<int> PruneAsync(DateTimeOffset before, CancellationToken cancellation = default) =>
        database.WriteAsync(
            async session =>
            {
                var over = Doc.Any(
                    Doc.Of(("endedAt", Is.Below(before))),
                    Doc.Of(("endedAt", null), ("keptUntil", Is.Below(before)))
                );
                return (int)await session.DeleteAsync(Bursts, Doc.Of(over));
            },
            cancellation
        );

    private async Task<BurstRecord> RecordAsync(MongoSession session, BurstSighting sighting, DateTimeOffset keptUntil)
    {
        var same = Doc.Both(
            Open(),
            Doc.Of(
                ("deploymentId", sighting.DeploymentId),
                ("namespace", sighting.Namespace),
                ("lastAt", Is.AtLeast(sighting.First.WallClock - MassChange.SameBurst))
            )
        );
        if (await session.FirstAsync(Bursts, same, Doc.Of((Ordinal, -1))) is { } open)
        {
            var grown = Grown(open, sighting);
            await session.UpdateAsync(
                Bursts,
                Doc.Id(open.Id),
                Doc.Set(
                    ("kinds", grown.Kinds),
                    ("first", grown.First),
                    ("lastAt", grown.LastAt),
                    ("documents", grown.Documents),
                    ("most", grown.Most),
                    ("usual", grown.Usual),
                    ("spanMs", grown.Span)
                )
            );
            return await WithHoldsAsync(session, grown);
        }

        if (!await session.AnyAsync(DeploymentCollections.Deployments, Doc.Id(sighting.DeploymentId)))
        {
            throw MetadataErrors.Exists("record");
        }

        var burst = New(sighting, keptUntil);
        var order = await session.NextAsync(Bursts.Name);
        await session.InsertAsync(Bursts, burst, (Ordinal, order));
        return burst.Record(0);
    }

    private BsonDocument Open() => Doc.Of(("endedAt", null), ("keptUntil", Is.Above(time.GetUtcNow())));

    private async Task<BurstRecord> WithHoldsAsync(MongoSession session, Burst burst)
    {
        var held = Doc.Of(HoldsOf(burst.Id), ("until", Is.Above(time.GetUtcNow())));
        return burst.Record((int)await session.CountAsync(SnapshotCollections.Holds, held));
    }

    /// <summary>The ids of a burst's holds begin with it and a dash; the character after the dash is the dot.</summary>
    private static (string Name, object? Value) HoldsOf(string burstId) =>
        ("_id", Is.Within($"{ReadHold.BurstPrefix}{burstId}-", $"{ReadHold.BurstPrefix}{burstId}."));

    private Burst New(BurstSighting seen, DateTimeOffset keptUntil) =>
        new(
            Guid.CreateVersion7(time.GetUtcNow()).ToString("N"),
            seen.DeploymentId,
            seen.Namespace,
            seen.Kinds,
            seen.First,
            seen.LastAt,
            seen.Documents,
            seen.Most,
            seen.Usual,
            seen.Span,
            keptUntil,
            null
        );

    private static Burst Grown(Burst open, BurstSighting seen)
    {
        var worse = seen.Factor > open.Record(0).Factor;
        return open with
        {
            Kinds = open.Kinds | seen.Kinds,
            First = seen.First < open.First ? seen.First : open.First,
            LastAt = seen.LastAt > open.LastAt ? seen.LastAt : open.LastAt,
            Documents = open.Documents + seen.Documents,
            Most = worse ? seen.Most : open.Most,
            Usual = worse ? seen.Usual : open.Usual,
            Span = worse ? seen.Span : open.Span,
        };
    }
}
