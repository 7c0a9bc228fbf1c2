namespace Backup.Metadata.Alerting;

/// <summary>Who is told of alerts, and what is on its way to them.</summary>
public interface IAlertChannels
{
    /// <summary>Of all groups, by name.</summary>
    Task<IReadOnlyList<ChannelRecord>> ListAsync(CancellationToken cancellation = default);

    Task<ChannelRecord?> FindAsync(string id, CancellationToken cancellation = default);

    /// <summary>6008 where the group has one of that name.</summary>
    Task AddAsync(ChannelRecord channel, CancellationToken cancellation = default);

    /// <summary>Stores everything but its group, its begin and how it went; 6009 where there is none, 6008 where another one has that name.</summary>
    Task ChangeAsync(ChannelRecord channel, CancellationToken cancellation = default);

    /// <summary>With what was on its way. 6009 where there is none.</summary>
    Task RemoveAsync(string id, CancellationToken cancellation = default);

    /// <summary>Queues a delivery that no alert asks for: a test.</summary>
    Task QueueAsync(DeliveryRecord delivery, CancellationToken cancellation = default);

    /// <summary>Takes the delivery that has been due longest, for that time: no other one gets it meanwhile. Null where none is due.</summary>
    Task<DeliveryRecord?> TakeAsync(string owner, TimeSpan time, CancellationToken cancellation = default);

    Task<DeliveryRecord?> FindDeliveryAsync(string id, CancellationToken cancellation = default);

    /// <summary>It arrived. False where it is no longer this owner's.</summary>
    Task<bool> DeliveredAsync(string id, string owner, CancellationToken cancellation = default);

    /// <summary>It did not arrive. False where it is no longer this owner's.</summary>
    /// <param name="id">Of the delivery.</param>
    /// <param name="owner">Who tried.</param>
    /// <param name="code">Why, for example <c>BK8830</c>.</param>
    /// <param name="message">Why, for people.</param>
    /// <param name="retryAt">When it is tried again; null: never.</param>
    /// <param name="cancellation">Nothing was changed then.</param>
    Task<bool> FailedAsync(
        string id,
        string owner,
        string code,
        string message,
        DateTimeOffset? retryAt,
        CancellationToken cancellation = default
    );

    /// <summary>Of a group's channels, newest first.</summary>
    Task<IReadOnlyList<DeliveryRecord>> DeliveriesAsync(
        string groupId,
        int limit,
        CancellationToken cancellation = default
    );

    /// <summary>Removes those that ended before that moment; their number.</summary>
    Task<int> PruneAsync(DateTimeOffset before, CancellationToken cancellation = default);
}

/// <summary>What a channel is. Persisted, and shown to people.</summary>
public static class ChannelKinds
{
    public const string Mail = "mail";
    public const string Webhook = "webhook";
    public const string Slack = "slack";
}

/// <summary>Somebody who is told.</summary>
/// <param name="Id">Ours.</param>
/// <param name="GroupId">Whose.</param>
/// <param name="Name">For people, unique in the group.</param>
/// <param name="Kind">One of <see cref="ChannelKinds"/>.</param>
/// <param name="Settings">JSON by kind, no secret in it.</param>
/// <param name="SealedSecret">What it proves or signs itself with; null where there is none.</param>
/// <param name="Least">What matters less is not told.</param>
/// <param name="Conditions">Only these; empty: all.</param>
/// <param name="DeploymentIds">Only of these; empty: of all of the group.</param>
/// <param name="WithAppliance">Also what is about the appliance as a whole.</param>
/// <param name="IsOn">Whether anything is told.</param>
/// <param name="CreatedAt">When it was made.</param>
public sealed record ChannelRecord(
    string Id,
    string GroupId,
    string Name,
    string Kind,
    string Settings,
    byte[]? SealedSecret,
    AlertSeverity Least,
    IReadOnlyList<string> Conditions,
    IReadOnlyList<string> DeploymentIds,
    bool WithAppliance,
    bool IsOn,
    DateTimeOffset CreatedAt
)
{
    /// <summary>When something last arrived.</summary>
    public DateTimeOffset? DeliveredAt { get; init; }

    /// <summary>When something last did not, if nothing has arrived since.</summary>
    public DateTimeOffset? FailedAt { get; init; }

    public string? FailureCode { get; init; }

    public string? Failure { get; init; }
}

/// <summary>Frozen: the numbers are persisted.</summary>
public enum DeliveryState
{
    Queued = 0,
    Delivered = 1,

    /// <summary>Given up.</summary>
    Failed = 2,
}

/// <summary>An alert in a delivery, and why it is told.</summary>
public sealed record DeliveredAlert(long AlertId, NoticeKind Kind);

/// <summary>Something on its way to a channel. It arrives once, or twice where the appliance dies between the arrival and its note of it.</summary>
/// <param name="Id">Ours; the receiver gets it, and can tell by it what it has already.</param>
/// <param name="ChannelId">To whom.</param>
/// <param name="Alerts">Of what, as they are when it is sent; none: a test.</param>
/// <param name="CreatedAt">When it was decided.</param>
/// <param name="DueAt">When it is (next) tried.</param>
public sealed record DeliveryRecord(
    string Id,
    string ChannelId,
    IReadOnlyList<DeliveredAlert> Alerts,
    DateTimeOffset CreatedAt,
    DateTimeOffset DueAt
)
{
    public DeliveryState State { get; init; }

    public int Attempts { get; init; }

    /// <summary>When it arrived or was given up.</summary>
    public DateTimeOffset? EndedAt { get; init; }

    public string? Code { get; init; }

    public string? Message { get; init; }

    public bool IsTest => Alerts.Count == 0;
}
