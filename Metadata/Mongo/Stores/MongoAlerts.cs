using Backup.Metadata.Alerting;
using Backup.Metadata.Mongo.Collections;
using Backup.Metadata.Mongo.Documents;
using Backup.Metadata.Mongo.Transactions;
using Backup.MongoWire.Bson;

namespace Backup.Metadata.Mongo.Stores;

internal sealed class MongoAlerts(ITransactions database, TimeProvider clock) : IAlerts
{
    // What was told to be over and is open again is told at once the first time, after one of these the second, and so on.
    private static readonly TimeSpan Pause = TimeSpan.FromMinutes(5);
    private const int MostPauses = 4;

    private static readonly Collection<AlertRecord> Alerts = AlertCollections.Alerts;
    private static readonly BsonDocument NewestFirst = Doc.Of(("_id", -1));

    public Task<bool> RaiseAsync(AlertRaise raise, CancellationToken cancellation = default) =>
        database.WriteAsync(session => RaiseAsync(session, raise, clock.GetUtcNow()), cancellation);

    public Task<bool> ResolveAsync(string condition, string subject, CancellationToken cancellation = default) =>
        database.WriteAsync(
            async session =>
            {
                await session.UpdateAllAsync(
                    Alerts,
                    Closed(condition, subject),
                    Doc.Set((AlertCollections.StillSo, false))
                );
                if (await session.FirstAsync(Alerts, Open(condition, subject)) is not { } open)
                {
                    return false;
                }

                // Of what nobody was told, nobody is told the end.
                return await session.UpdateAsync(
                    Alerts,
                    Doc.Id(open.Id),
                    Doc.Set(("resolvedAt", clock.GetUtcNow()), (AlertCollections.ToTell, open.Told is not null))
                );
            },
            cancellation
        );

    public async Task<IReadOnlyList<AlertRecord>> ListAsync(
        bool onlyOpen = true,
        int limit = 200,
        CancellationToken cancellation = default
    ) =>
        await database.ReadAsync(
            session => session.FindAsync(Alerts, onlyOpen ? Doc.Of(("resolvedAt", null)) : Doc.All, NewestFirst, limit),
            cancellation
        );

    public async Task<IReadOnlyList<AlertRecord>> WatchedAsync(CancellationToken cancellation = default) =>
        await database.ReadAsync(
            session =>
            {
                var watched = Doc.Any(Doc.Of(("resolvedAt", null)), Doc.Of((AlertCollections.StillSo, true)));
                return session.FindAsync(Alerts, Doc.Of(watched), NewestFirst);
            },
            cancellation
        );

    public async Task<IReadOnlyList<AlertRecord>> FindAsync(
        AlertQuery query,
        CancellationToken cancellation = default
    ) =>
        await database.ReadAsync(
            session =>
            {
                var filter = Doc.Of(
                    MongoAccess.About(query.GroupId, query.WithAppliance),
                    ("_id", Is.Below(query.Before ?? long.MaxValue))
                );
                filter = query.OnlyOpen ? Doc.Both(filter, Doc.Of(("resolvedAt", null))) : filter;
                return session.FindAsync(Alerts, filter, NewestFirst, query.Limit);
            },
            cancellation
        );

    public Task<AlertRecord?> FindAsync(long id, CancellationToken cancellation = default) =>
        database.ReadAsync(session => session.GetAsync(Alerts, id), cancellation);

    public Task<AlertRecord> AcknowledgeAsync(
        long id,
        Acknowledgement acknowledgement,
        CancellationToken cancellation = default
    ) => ChangeOpenAsync(id, _ => Doc.Set(("acknowledged", acknowledgement)), cancellation);

    public Task<AlertRecord> CloseAsync(long id, string resolution, CancellationToken cancellation = default) =>
        ChangeOpenAsync(
            id,
            open =>
                Doc.Set(
                    ("resolvedAt", clock.GetUtcNow()),
                    ("resolution", resolution),
                    (AlertCollections.StillSo, true),
                    (AlertCollections.ToTell, open.Told is not null)
                ),
            cancellation
        );

    public async Task<IReadOnlyList<AlertRecord>> DueAsync(int limit, CancellationToken cancellation = default)
    {
        // All that are open and few others: which of them are due is told from their fields.
        var toTell = await database.ReadAsync(
            session => session.FindAsync(Alerts, Doc.Of((AlertCollections.ToTell, true)), Doc.Of(("_id", 1))),
            cancellation
        );
        var now = clock.GetUtcNow();
        return [.. toTell.Where(alert => IsDue(alert, now)).Take(limit)];
    }

    public Task<bool> TellAsync(
        IReadOnlyList<Notice> notices,
        IReadOnlyList<DeliveryRecord> deliveries,
        CancellationToken cancellation = default
    ) => database.WriteAsync(session => TellAsync(session, notices, deliveries), cancellation);

    public Task<int> PruneAsync(DateTimeOffset before, CancellationToken cancellation = default) =>
        database.WriteAsync(
            async session =>
            {
                var gone = await session.RawAsync(
                    Alerts,
                    Doc.Of(
                        ("resolvedAt", Is.Below(before)),
                        (AlertCollections.ToTell, false),
                        (AlertCollections.StillSo, false)
                    ),
                    fields: Doc.Of(("_id", 1))
                );
                var ids = Doc.Of(("_id", Is.OneOf(gone.Select(static one => one.View["_id"u8].ToInt64()))));
                await session.DeleteAsync(AlertCollections.Excerpts, ids);
                return (int)await session.DeleteAsync(Alerts, ids);
            },
            cancellation
        );

    // Comes all the time, and is of one document alone.
    public Task<bool> TakeWatchAsync(string owner, TimeSpan time, CancellationToken cancellation = default) =>
        database.WriteBesideAsync(
            "alert watch",
            async session =>
            {
                var now = clock.GetUtcNow();
                var watch = await session.GetAsync(AlertCollections.Watch, AlertWatch.Only);
                if (watch is not null && watch.Owner != owner && watch.Until > now)
                {
                    return false;
                }

                await session.PutAsync(
                    AlertCollections.Watch,
                    Doc.Id(AlertWatch.Only),
                    new AlertWatch(AlertWatch.Only, owner, now + time)
                );
                return true;
            },
            cancellation
        );

    /// <summary>Whether somebody closed the alert of that condition and subject while it was so, and it was not over since.</summary>
    internal static Task<bool> IsClosedAsync(MongoSession session, string condition, string subject) =>
        session.AnyAsync(Alerts, Closed(condition, subject));

    private static BsonDocument Open(string condition, string subject) =>
        Doc.Of(("condition", condition), ("subject", subject), ("resolvedAt", null));

    private static BsonDocument Closed(string condition, string subject) =>
        Doc.Of(("condition", condition), ("subject", subject), (AlertCollections.StillSo, true));

    private static bool IsDue(AlertRecord alert, DateTimeOffset now) =>
        alert.Told is { } told
            ? told < alert.Severity
                || !alert.IsOpen
                || (alert.NextNoticeAt <= now && (alert.Acknowledged is not { } known || known.Until <= now))
            : alert.NextNoticeAt is not { } next || next <= now;

    private static async Task<bool> RaiseAsync(MongoSession session, AlertRaise raise, DateTimeOffset now)
    {
        if (raise.IsEvent)
        {
            await InsertAsync(session, raise, now);
            return true;
        }

        (string, object?)[] news =
        [
            ("code", raise.Code),
            ("message", raise.Message),
            ("hint", raise.Hint),
            ("consequence", raise.Consequence),
            ("severity", raise.Severity),
            ("lastAt", now),
        ];
        if (
            await session.UpdateAsync(Alerts, Open(raise.Condition, raise.Subject), Doc.Set(news))
            || await session.UpdateAllAsync(Alerts, Closed(raise.Condition, raise.Subject), Doc.Set(("lastAt", now)))
                > 0
        )
        {
            return false;
        }

        var recent = Doc.Of(
            ("condition", raise.Condition),
            ("subject", raise.Subject),
            ("isEvent", false),
            ("resolvedAt", Is.Above(now - AlertRecord.ReopenedWithin))
        );
        if (await session.FirstAsync(Alerts, recent, NewestFirst) is not { } over)
        {
            await InsertAsync(session, raise, now);
            return true;
        }

        // Where nobody was told that it was over, it is told again when it would have been anyway; else soon, and less soon each time.
        var next = over.Told is null ? now + (Math.Min(over.Reopened, MostPauses) * Pause) : over.NextNoticeAt;
        await session.UpdateAsync(
            Alerts,
            Doc.Id(over.Id),
            Doc.Set([
                .. news,
                ("resolvedAt", null),
                ("resolution", null),
                ("reopened", over.Reopened + 1),
                (AlertCollections.ToTell, true),
                ("nextNoticeAt", next),
            ])
        );
        return true;
    }

    private static async Task InsertAsync(MongoSession session, AlertRaise raise, DateTimeOffset now)
    {
        var deployment = await session.GetAsync(DeploymentCollections.Deployments, raise.DeploymentId ?? raise.Subject);
        var alert = new AlertRecord(
            raise.Condition,
            raise.Subject,
            raise.Code,
            raise.Message,
            raise.Hint,
            now,
            now,
            raise.IsEvent ? now : null
        )
        {
            Id = await session.NextAsync(Alerts.Name),
            GroupId = raise.GroupId ?? deployment?.GroupId,
            DeploymentId = deployment?.Id,
            SubjectName = raise.SubjectName.Length > 0 ? raise.SubjectName : deployment?.Name ?? raise.Subject,
            Severity = raise.Severity,
            Consequence = raise.Consequence,
            IsEvent = raise.IsEvent,
        };
        await session.InsertAsync(Alerts, alert, (AlertCollections.StillSo, false), (AlertCollections.ToTell, true));
    }

    private static async Task<bool> TellAsync(
        MongoSession session,
        IReadOnlyList<Notice> notices,
        IReadOnlyList<DeliveryRecord> deliveries
    )
    {
        var told = await session.FindAsync(
            Alerts,
            Doc.Of(("_id", Is.OneOf(notices.Select(static one => one.AlertId))), (AlertCollections.ToTell, true))
        );
        var alerts = told.ToDictionary(static one => one.Id);
        foreach (var notice in notices)
        {
            if (
                !alerts.TryGetValue(notice.AlertId, out var alert)
                || alert.Notices != notice.Seen
                || (!alert.IsEvent && !alert.IsOpen != (notice.Kind == NoticeKind.Resolved))
            )
            {
                return false;
            }
        }

        await session.UpdateEachAsync(
            Alerts,
            notices.Select(one => (Doc.Id(one.AlertId), Noted(alerts[one.AlertId], one)))
        );
        foreach (var delivery in deliveries)
        {
            await MongoAlertChannels.QueueAsync(session, delivery);
        }

        return true;
    }

    private static BsonDocument Noted(AlertRecord alert, Notice notice) =>
        Doc.Set(
            ("notices", alert.Notices + 1),
            ("told", alert.IsOpen || alert.IsEvent ? alert.Severity : null),
            ("nextNoticeAt", notice.Next),
            (AlertCollections.ToTell, alert.IsOpen)
        );

    private Task<AlertRecord> ChangeOpenAsync(
        long id,
        Func<AlertRecord, BsonDocument> change,
        CancellationToken cancellation
    ) =>
        database.WriteAsync(
            async session =>
            {
                var found = await session.GetAsync(Alerts, id) ?? throw MetadataErrors.Missing("alert", $"{id}");
                if (!found.IsOpen)
                {
                    throw MetadataErrors.Over(id);
                }

                await session.UpdateAsync(Alerts, Doc.Id(id), change(found));
                return (await session.GetAsync(Alerts, id))!;
            },
            cancellation
        );
}
