using Backup.Metadata.Alerting;
using Backup.Metadata.Mongo.Collections;
using Backup.Metadata.Mongo.Documents;
using Backup.Metadata.Mongo.Transactions;
using Backup.MongoWire.Bson;

namespace Backup.Metadata.Mongo.Stores;

internal sealed class MongoAlertChannels(ITransactions database, TimeProvider clock) : IAlertChannels
{
    private const string Ordinal = DeploymentCollections.Ordinal;

    private static readonly Collection<ChannelRecord> Channels = AlertCollections.Channels;
    private static readonly Collection<DeliveryRecord> Deliveries = AlertCollections.Deliveries;

    public async Task<IReadOnlyList<ChannelRecord>> ListAsync(CancellationToken cancellation = default) =>
        await database.ReadAsync(
            session => session.FindAsync(Channels, Doc.All, Doc.Of(("name", 1), ("_id", 1))),
            cancellation
        );

    public Task<ChannelRecord?> FindAsync(string id, CancellationToken cancellation = default) =>
        database.ReadAsync(session => session.GetAsync(Channels, id), cancellation);

    public Task AddAsync(ChannelRecord channel, CancellationToken cancellation = default) =>
        database.WriteAsync(
            async session =>
            {
                await MongoAccess.RequireGroupAsync(session, channel.GroupId);
                await session.InsertAsync(
                    Channels,
                    channel with
                    {
                        DeliveredAt = null,
                        FailedAt = null,
                        FailureCode = null,
                        Failure = null,
                    }
                );
            },
            cancellation
        );

    public Task ChangeAsync(ChannelRecord channel, CancellationToken cancellation = default) =>
        database.WriteAsync(
            async session =>
            {
                var change = Doc.Set(
                    ("name", channel.Name),
                    ("kind", channel.Kind),
                    ("settings", channel.Settings),
                    ("sealedSecret", channel.SealedSecret),
                    ("least", channel.Least),
                    ("conditions", channel.Conditions),
                    ("deploymentIds", channel.DeploymentIds),
                    ("withAppliance", channel.WithAppliance),
                    ("isOn", channel.IsOn)
                );
                if (!await session.UpdateAsync(Channels, Doc.Id(channel.Id), change))
                {
                    throw MetadataErrors.Missing("alert channel", channel.Id);
                }
            },
            cancellation
        );

    public Task RemoveAsync(string id, CancellationToken cancellation = default) =>
        database.WriteAsync(
            async session =>
            {
                await session.DeleteAsync(Deliveries, Doc.Of(("channelId", id)));
                if (await session.DeleteAsync(Channels, Doc.Id(id)) == 0)
                {
                    throw MetadataErrors.Missing("alert channel", id);
                }
            },
            cancellation
        );

    public Task QueueAsync(DeliveryRecord delivery, CancellationToken cancellation = default) =>
        database.WriteAsync(session => QueueAsync(session, delivery), cancellation);

    // Asked for all the time: nothing is written where nothing is due.
    public async Task<DeliveryRecord?> TakeAsync(
        string owner,
        TimeSpan time,
        CancellationToken cancellation = default
    ) =>
        await database.ReadAsync(DueAsync, cancellation) is null
            ? null
            : await database.WriteAsync(
                async session =>
                {
                    if (await DueAsync(session) is not { } due)
                    {
                        return null;
                    }

                    await session.UpdateAsync(
                        Deliveries,
                        Doc.Id(due.Id),
                        Doc.Set(
                            (AlertCollections.Owner, owner),
                            (AlertCollections.TakenUntil, clock.GetUtcNow() + time),
                            ("attempts", due.Attempts + 1)
                        )
                    );
                    return due with { Attempts = due.Attempts + 1 };
                },
                cancellation
            );

    public Task<DeliveryRecord?> FindDeliveryAsync(string id, CancellationToken cancellation = default) =>
        database.ReadAsync(session => session.GetAsync(Deliveries, id), cancellation);

    public Task<bool> DeliveredAsync(string id, string owner, CancellationToken cancellation = default) =>
        EndAsync(
            id,
            owner,
            now => Doc.Set(("state", DeliveryState.Delivered), ("endedAt", now), ("code", null), ("message", null)),
            static now => Doc.Set(("deliveredAt", now), ("failedAt", null), ("failureCode", null), ("failure", null)),
            cancellation
        );

    public Task<bool> FailedAsync(
        string id,
        string owner,
        string code,
        string message,
        DateTimeOffset? retryAt,
        CancellationToken cancellation = default
    ) =>
        EndAsync(
            id,
            owner,
            now =>
                retryAt is { } again
                    ? Doc.Set(("dueAt", again), ("code", code), ("message", message))
                    : Doc.Set(("state", DeliveryState.Failed), ("endedAt", now), ("code", code), ("message", message)),
            now => Doc.Set(("failedAt", now), ("failureCode", code), ("failure", message)),
            cancellation
        );

    public async Task<IReadOnlyList<DeliveryRecord>> DeliveriesAsync(
        string groupId,
        int limit,
        CancellationToken cancellation = default
    ) =>
        await database.ReadAsync(
            async session =>
            {
                var channels = await session.FindAsync(Channels, Doc.Of(("groupId", groupId)));
                return await session.FindAsync(
                    Deliveries,
                    Doc.Of(("channelId", Is.OneOf(channels.Select(static one => one.Id)))),
                    Doc.Of((Ordinal, -1)),
                    limit
                );
            },
            cancellation
        );

    public Task<int> PruneAsync(DateTimeOffset before, CancellationToken cancellation = default) =>
        database.WriteAsync(
            async session => (int)await session.DeleteAsync(Deliveries, Doc.Of(("endedAt", Is.Below(before)))),
            cancellation
        );

    internal static async Task QueueAsync(MongoSession session, DeliveryRecord delivery)
    {
        if (!await session.AnyAsync(Channels, Doc.Id(delivery.ChannelId)))
        {
            throw MetadataErrors.Exists("record");
        }

        var queued = new DeliveryRecord(
            delivery.Id,
            delivery.ChannelId,
            delivery.Alerts,
            delivery.CreatedAt,
            delivery.DueAt
        );
        var order = await session.NextAsync(Deliveries.Name);
        await session.InsertAsync(Deliveries, queued, (Ordinal, order));
    }

    private Task<DeliveryRecord?> DueAsync(MongoSession session)
    {
        var now = clock.GetUtcNow();
        var free = Doc.Any(
            Doc.Of((AlertCollections.TakenUntil, null)),
            Doc.Of((AlertCollections.TakenUntil, Is.AtMost(now)))
        );
        return session.FirstAsync(
            Deliveries,
            Doc.Of(("state", DeliveryState.Queued), ("dueAt", Is.AtMost(now)), free),
            Doc.Of(("dueAt", 1), (Ordinal, 1))
        );
    }

    /// <summary>What became of a try.</summary>
    /// <param name="ended">What is noted of the delivery.</param>
    /// <param name="told">What is noted of its channel.</param>
    /// <returns>False where the delivery is no longer the owner's.</returns>
    private Task<bool> EndAsync(
        string id,
        string owner,
        Func<DateTimeOffset, BsonDocument> ended,
        Func<DateTimeOffset, BsonDocument> told,
        CancellationToken cancellation
    ) =>
        database.WriteAsync(
            async session =>
            {
                var own = Doc.Of(("_id", id), (AlertCollections.Owner, owner), ("state", DeliveryState.Queued));
                if (await session.FirstAsync(Deliveries, own) is not { } delivery)
                {
                    return false;
                }

                var now = clock.GetUtcNow();
                await session.UpdateAsync(Deliveries, own, ended(now));
                await session.UpdateAsync(
                    Deliveries,
                    Doc.Id(id),
                    Doc.Set((AlertCollections.Owner, null), (AlertCollections.TakenUntil, null))
                );
                await session.UpdateAsync(Channels, Doc.Id(delivery.ChannelId), told(now));
                return true;
            },
            cancellation
        );
}
