using System.Text.Json.Serialization;

namespace Backup.WebUI.Contracts;

/// <summary>Something that is or was wrong.</summary>
/// <param name="Condition">For example cluster-snapshot-failed.</param>
/// <param name="Subject">The name of what it is about, or its id.</param>
/// <param name="Since">When it was raised.</param>
/// <param name="Error">What is wrong, and the way out.</param>
public sealed record AlertView(string Condition, string Subject, DateTimeOffset Since, ErrorView Error)
{
    public long Id { get; init; }

    /// <summary>Of the condition, for people.</summary>
    public string Title { get; init; } = "";

    /// <summary>critical, warning or info.</summary>
    public string Severity { get; init; } = "critical";

    /// <summary>What follows while nobody does anything; empty where the error says it.</summary>
    public string Consequence { get; init; } = "";

    /// <summary>Its id; left out of what is about the appliance or an agent.</summary>
    public string? Deployment { get; init; }

    /// <summary>When it was last seen to be so.</summary>
    public DateTimeOffset LastAt { get; init; }

    /// <summary>When it was over; left out while it is open.</summary>
    public DateTimeOffset? ResolvedAt { get; init; }

    /// <summary>What was said when somebody ended it.</summary>
    public string? Resolution { get; init; }

    /// <summary>Who knows; left out while nobody does.</summary>
    public AcknowledgementView? Acknowledged { get; init; }

    /// <summary>How often it was open again soon after it was over.</summary>
    public int Reopened { get; init; }

    /// <summary>How often somebody was told.</summary>
    public int Notices { get; init; }

    /// <summary>Whether it is about the appliance as a whole.</summary>
    public bool OfAppliance { get; init; }

    /// <summary>Whether something of its source's servers was collected when it opened.</summary>
    public bool HasExcerpt { get; init; }

    /// <summary>Of a mass change: the moment before it; left out where it cannot be restored, or is not kept any more.</summary>
    public CleanSecondView? Before { get; init; }
}

/// <param name="Until">Told again then; left out: not before it is over.</param>
public sealed record AcknowledgementView(string By, DateTimeOffset At, string Comment, DateTimeOffset? Until);

/// <param name="Comment">For the others.</param>
/// <param name="Until">Told again then; left out: not before it is over, or worse.</param>
public sealed record AcknowledgementRequest(string? Comment, DateTimeOffset? Until);

/// <param name="Comment">Why it is over.</param>
public sealed record ResolutionRequest(string? Comment);

/// <summary>Something that can be wrong, with its thresholds where they are asked for.</summary>
/// <param name="Name">As rules name it.</param>
/// <param name="Title">For people.</param>
/// <param name="Unit">none, seconds, days, percent, intervals or times.</param>
/// <param name="Warning">Past it, it matters; left out: it never only matters a little.</param>
/// <param name="Critical">Past it, it is critical; left out: it never is.</param>
/// <param name="IsOn">Whether it is looked at.</param>
public sealed record ConditionView(string Name, string Title, string Unit, double? Warning, double? Critical, bool IsOn)
{
    /// <summary>The smallest threshold.</summary>
    public double? Least { get; init; }

    /// <summary>The largest threshold.</summary>
    public double? Most { get; init; }

    public bool LessIsWorse { get; init; }

    /// <summary>Of one without a threshold: critical, warning or info.</summary>
    public string? Severity { get; init; }

    /// <summary>Its rule is the appliance's, for its administrators.</summary>
    public bool OfAppliance { get; init; }

    /// <summary>Where its thresholds come from: default, appliance, group or deployment.</summary>
    public string From { get; init; } = "default";
}

/// <param name="IsOn">Whether it is looked at.</param>
/// <param name="Warning">Left out: the default.</param>
/// <param name="Critical">Left out: the default.</param>
/// <param name="Deployment">Of that one alone; left out: of the group.</param>
public sealed record RuleRequest(bool IsOn, double? Warning, double? Critical, string? Deployment);

/// <summary>Somebody who is told.</summary>
/// <param name="Kind">mail, webhook or slack.</param>
/// <param name="Least">critical, warning or info: what matters less is not told.</param>
/// <param name="Conditions">Only these; empty: all.</param>
/// <param name="Deployments">Ids; only of these; empty: of all of the group.</param>
/// <param name="WithAppliance">Also what is about the appliance as a whole.</param>
public sealed record ChannelView(
    string Id,
    string Name,
    string Kind,
    string Least,
    IReadOnlyList<string> Conditions,
    IReadOnlyList<string> Deployments,
    bool WithAppliance,
    bool IsOn,
    DateTimeOffset CreatedAt
)
{
    /// <summary>Of a mail channel.</summary>
    public IReadOnlyList<string>? To { get; init; }

    /// <summary>Of a webhook; of a Slack channel its host alone, for the rest of it is a secret.</summary>
    public string? Url { get; init; }

    /// <summary>Of a webhook.</summary>
    public string? Template { get; init; }

    /// <summary>Of a webhook: whether it signs.</summary>
    public bool? Signs { get; init; }

    public DateTimeOffset? DeliveredAt { get; init; }

    public DateTimeOffset? FailedAt { get; init; }

    /// <summary>Why the last delivery failed; left out where it did not.</summary>
    public ErrorView? Error { get; init; }
}

/// <summary>A channel as it is to be; of one that is there, what is left out stays as it is.</summary>
/// <param name="Kind">Of a new one; it cannot be changed.</param>
/// <param name="Secret">Of a webhook, what it signs with: 16 to 256 characters; an empty one: it does not sign.</param>
public sealed record ChannelRequest(
    string? Name,
    string? Kind,
    string? Least,
    IReadOnlyList<string>? Conditions,
    IReadOnlyList<string>? Deployments,
    bool? WithAppliance,
    bool? IsOn,
    IReadOnlyList<string>? To,
    string? Url,
    string? Template,
    string? Secret
)
{
    /// <summary>No secret in logs.</summary>
    public override string ToString() => $"channel {Name} of kind {Kind}";
}

/// <param name="Channel">Its name.</param>
/// <param name="State">queued, delivered or failed.</param>
/// <param name="Test">Somebody tried the channel.</param>
/// <param name="Alerts">How many it tells of.</param>
/// <param name="Error">Why the last try failed.</param>
public sealed record DeliveryView(
    string Id,
    string Channel,
    string State,
    bool Test,
    int Alerts,
    int Attempts,
    DateTimeOffset CreatedAt,
    DateTimeOffset? DueAt,
    DateTimeOffset? EndedAt,
    ErrorView? Error
);

/// <param name="Deployment">Its id; left out: all of the group.</param>
public sealed record WindowView(
    string Id,
    string? Deployment,
    DateTimeOffset From,
    DateTimeOffset To,
    string Text,
    string By
);

/// <param name="From">Left out: from now on.</param>
/// <param name="To">Within 31 days.</param>
/// <param name="Deployment">By name or id; left out: all of the group.</param>
public sealed record WindowRequest(DateTimeOffset? From, DateTimeOffset To, string? Text, string? Deployment);

/// <param name="Server">Left out where none is set.</param>
public sealed record MailSettingView(MailServerView? Server);

/// <summary>The server that mails are handed to.</summary>
/// <param name="HasPassword">Whether one is stored.</param>
public sealed record MailServerView(
    string Host,
    int Port,
    bool Tls,
    string From,
    string? User,
    bool HasPassword,
    string? Authority
);

/// <param name="Tls">STARTTLS, which a server that cannot is refused for; true unless set.</param>
/// <param name="Password">Left out: the one that is stored stays.</param>
/// <param name="Authority">PEM that vouches for the server; left out: what the system trusts.</param>
public sealed record MailServerRequest(
    string? Host,
    int? Port,
    bool? Tls,
    string? From,
    string? User,
    [property: JsonPropertyName("password")] string? Password,
    string? Authority
)
{
    /// <summary>No secret in logs.</summary>
    public override string ToString() => $"mail server {Host}:{Port}";
}
