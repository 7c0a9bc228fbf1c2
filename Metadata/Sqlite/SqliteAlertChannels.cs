using System.Text.Json;
using Backup.Metadata.Alerting;

namespace Backup.Metadata.Sqlite;

internal sealed class SqliteAlertChannels(ITransactions database, TimeProvider time) : IAlertChannels
{
    private const string ChannelColumns = """
        id, group_id, name, kind, settings, sealed_secret, least, conditions, deployment_ids, with_appliance, is_on, created_at,
        delivered_at, failed_at, failure_code, failure
        """;

    private const string DeliveryColumns =
        "d.id, d.channel_id, d.alerts, d.created_at, d.due_at, d.state, d.attempts, d.ended_at, d.code, d.message";

    private long Now => time.GetUtcNow().ToUnixTimeMilliseconds();

    internal static void Queue(Session session, DeliveryRecord delivery) =>
        session.Execute(
            """
            INSERT INTO alert_deliveries (id, channel_id, alerts, created_at, due_at, state, attempts)
            VALUES (@Id, @ChannelId, @alerts, @created, @due, 0, 0)
            """,
            new
            {
                delivery.Id,
                delivery.ChannelId,
                alerts = JsonSerializer.Serialize(delivery.Alerts),
                created = delivery.CreatedAt.ToUnixTimeMilliseconds(),
                due = delivery.DueAt.ToUnixTimeMilliseconds(),
            }
        );

    public async Task<IReadOnlyList<ChannelRecord>> ListAsync(CancellationToken cancellation = default) =>
        await database.ReadAsync(
            session => session.Query($"SELECT {ChannelColumns} FROM alert_channels ORDER BY name, id", Channel),
            cancellation
        );

    public Task<ChannelRecord?> FindAsync(string id, CancellationToken cancellation = default) =>
        database.ReadAsync(
            session => session.Find($"SELECT {ChannelColumns} FROM alert_channels WHERE id = @id", Channel, new { id }),
            cancellation
        );

    public Task AddAsync(ChannelRecord channel, CancellationToken cancellation = default) =>
        database.WriteAsync(
            session =>
            {
                session.Execute(
                    """
                    INSERT INTO alert_channels (
                        id, group_id, name, kind, settings, sealed_secret, least, conditions, deployment_ids, with_appliance, is_on, created_at
                    )
                    VALUES (
                        @Id, @GroupId, @Name, @Kind, @Settings, @SealedSecret, @least, @conditions, @deployments, @appliance, @isOn, @created
                    )
                    """,
                    Arguments(channel)
                );
            },
            cancellation
        );

    public Task ChangeAsync(ChannelRecord channel, CancellationToken cancellation = default) =>
        database.WriteAsync(
            session =>
            {
                var changed = session.Execute(
                    """
                    UPDATE alert_channels SET name = @Name, kind = @Kind, settings = @Settings, sealed_secret = @SealedSecret, least = @least,
                        conditions = @conditions, deployment_ids = @deployments, with_appliance = @appliance, is_on = @isOn
                    WHERE id = @Id
                    """,
                    Arguments(channel)
                );
                if (changed == 0)
                {
                    throw MetadataErrors.Missing("alert channel", channel.Id);
                }
            },
            cancellation
        );

    public Task RemoveAsync(string id, CancellationToken cancellation = default) =>
        database.WriteAsync(
            session =>
            {
                session.Execute("DELETE FROM alert_deliveries WHERE channel_id = @id", new { id });
                if (session.Execute("DELETE FROM alert_channels WHERE id = @id", new { id }) == 0)
                {
                    throw MetadataErrors.Missing("alert channel", id);
                }
            },
            cancellation
        );

    public Task QueueAsync(DeliveryRecord delivery, CancellationToken cancellation = default) =>
        database.WriteAsync(session => Queue(session, delivery), cancellation);

    public Task<DeliveryRecord?> TakeAsync(string owner, TimeSpan time, CancellationToken cancellation = default) =>
        database.WriteAsync(
            session =>
            {
                var due = session.Find(
                    $"""
                    SELECT {DeliveryColumns} FROM alert_deliveries d
                    WHERE d.state = 0 AND d.due_at <= @now AND (d.taken_until IS NULL OR d.taken_until <= @now)
                    ORDER BY d.due_at, d.ordinal LIMIT 1
                    """,
                    Delivery,
                    new { now = Now }
                );
                if (due is null)
                {
                    return null;
                }

                session.Execute(
                    "UPDATE alert_deliveries SET owner = @owner, taken_until = @until, attempts = attempts + 1 WHERE id = @Id",
                    new
                    {
                        due.Id,
                        owner,
                        until = Now + (long)time.TotalMilliseconds,
                    }
                );
                return due with { Attempts = due.Attempts + 1 };
            },
            cancellation
        );

    public Task<DeliveryRecord?> FindDeliveryAsync(string id, CancellationToken cancellation = default) =>
        database.ReadAsync(
            session =>
                session.Find(
                    $"SELECT {DeliveryColumns} FROM alert_deliveries d WHERE d.id = @id",
                    Delivery,
                    new { id }
                ),
            cancellation
        );

    public Task<bool> DeliveredAsync(string id, string owner, CancellationToken cancellation = default) =>
        database.WriteAsync(
            session =>
            {
                var ended = session.Execute(
                    """
                    UPDATE alert_deliveries SET state = 1, ended_at = @now, owner = NULL, taken_until = NULL, code = NULL, message = NULL
                    WHERE id = @id AND owner = @owner AND state = 0
                    """,
                    new
                    {
                        id,
                        owner,
                        now = Now,
                    }
                );
                session.Execute(
                    """
                    UPDATE alert_channels SET delivered_at = @now, failed_at = NULL, failure_code = NULL, failure = NULL
                    WHERE @ended = 1 AND id = (SELECT channel_id FROM alert_deliveries WHERE id = @id)
                    """,
                    new
                    {
                        id,
                        ended,
                        now = Now,
                    }
                );
                return ended == 1;
            },
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
        database.WriteAsync(
            session =>
            {
                var noted = session.Execute(
                    """
                    UPDATE alert_deliveries SET owner = NULL, taken_until = NULL, code = @code, message = @message,
                        state = CASE WHEN @retry IS NULL THEN 2 ELSE 0 END, due_at = coalesce(@retry, due_at),
                        ended_at = CASE WHEN @retry IS NULL THEN @now END
                    WHERE id = @id AND owner = @owner AND state = 0
                    """,
                    new
                    {
                        id,
                        owner,
                        code,
                        message,
                        now = Now,
                        retry = retryAt?.ToUnixTimeMilliseconds(),
                    }
                );
                session.Execute(
                    """
                    UPDATE alert_channels SET failed_at = @now, failure_code = @code, failure = @message
                    WHERE @noted = 1 AND id = (SELECT channel_id FROM alert_deliveries WHERE id = @id)
                    """,
                    new
                    {
                        id,
                        noted,
                        code,
                        message,
                        now = Now,
                    }
                );
                return noted == 1;
            },
            cancellation
        );

    public async Task<IReadOnlyList<DeliveryRecord>> DeliveriesAsync(
        string groupId,
        int limit,
        CancellationToken cancellation = default
    ) =>
        await database.ReadAsync(
            session =>
                session.Query(
                    $"""
                    SELECT {DeliveryColumns} FROM alert_deliveries d JOIN alert_channels c ON c.id = d.channel_id
                    WHERE c.group_id = @groupId ORDER BY d.ordinal DESC LIMIT @limit
                    """,
                    Delivery,
                    new { groupId, limit }
                ),
            cancellation
        );

    public Task<int> PruneAsync(DateTimeOffset before, CancellationToken cancellation = default) =>
        database.WriteAsync(
            session =>
                session.Execute(
                    "DELETE FROM alert_deliveries WHERE ended_at < @before",
                    new { before = before.ToUnixTimeMilliseconds() }
                ),
            cancellation
        );

    private static object Arguments(ChannelRecord channel) =>
        new
        {
            channel.Id,
            channel.GroupId,
            channel.Name,
            channel.Kind,
            channel.Settings,
            channel.SealedSecret,
            least = (int)channel.Least,
            conditions = JsonSerializer.Serialize(channel.Conditions),
            deployments = JsonSerializer.Serialize(channel.DeploymentIds),
            appliance = channel.WithAppliance ? 1 : 0,
            isOn = channel.IsOn ? 1 : 0,
            created = channel.CreatedAt.ToUnixTimeMilliseconds(),
        };

    private static ChannelRecord Channel(Row row) =>
        new(
            row.Text(),
            row.Text(),
            row.Text(),
            row.Text(),
            row.Text(),
            row.BytesOrNull(),
            (AlertSeverity)row.Int(),
            Names(row),
            Names(row),
            row.Flag(),
            row.Flag(),
            row.Time()
        )
        {
            DeliveredAt = row.TimeOrNull(),
            FailedAt = row.TimeOrNull(),
            FailureCode = row.TextOrNull(),
            Failure = row.TextOrNull(),
        };

    private static DeliveryRecord Delivery(Row row) =>
        new(
            row.Text(),
            row.Text(),
            JsonSerializer.Deserialize<List<DeliveredAlert>>(row.Text())!,
            row.Time(),
            row.Time()
        )
        {
            State = (DeliveryState)row.Int(),
            Attempts = row.Int(),
            EndedAt = row.TimeOrNull(),
            Code = row.TextOrNull(),
            Message = row.TextOrNull(),
        };

    private static List<string> Names(Row row) => JsonSerializer.Deserialize<List<string>>(row.Text())!;
}
