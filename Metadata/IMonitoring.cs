namespace Backup.Metadata;

/// <summary>
/// What agents tell of their sources: a sample a minute, what was made of them for longer spans, and what happened to members. Every amount is bounded: what is
/// older than it is kept goes in the step that stores something newer.
/// </summary>
public interface IMonitoring
{
    /// <summary>
    /// Stores the sample of its minute, in the place of one that is there, with what happened since the one before; the deployment's samples that are older than
    /// <paramref name="keep"/> go in the same step. The spans that the minute is in are due then.
    /// </summary>
    /// <param name="sample">Of one minute.</param>
    /// <param name="keep">How long samples are kept.</param>
    /// <param name="events">Of the same deployment; those older than a year go, and of more than <see cref="MostEvents"/> the oldest.</param>
    /// <param name="cancellation">Nothing was changed then.</param>
    Task AddAsync(
        MonitoringRecord sample,
        TimeSpan keep,
        IReadOnlyList<HostEventRecord>? events = null,
        CancellationToken cancellation = default
    );

    /// <summary>The deployment's samples from that moment on, oldest first.</summary>
    /// <param name="deploymentId">Whose.</param>
    /// <param name="from">Included.</param>
    /// <param name="to">Not included; null: now.</param>
    /// <param name="cancellation">Gives up.</param>
    Task<IReadOnlyList<MonitoringRecord>> ListAsync(
        string deploymentId,
        DateTimeOffset from,
        DateTimeOffset? to = null,
        CancellationToken cancellation = default
    );

    /// <summary>The newest sample of each deployment that has one.</summary>
    Task<IReadOnlyList<MonitoringRecord>> NewestAsync(CancellationToken cancellation = default);

    /// <summary>The newest sample of the deployment; null where there is none.</summary>
    Task<MonitoringRecord?> NewestAsync(string deploymentId, CancellationToken cancellation = default);

    /// <summary>Spans of which something was stored since they were made, and that ended before that moment; shorter ones and oldest first.</summary>
    Task<IReadOnlyList<DueSpan>> DueAsync(DateTimeOffset before, int limit, CancellationToken cancellation = default);

    /// <summary>
    /// Stores what was made of a span, and takes it off the list, unless something was stored in it since it was listed; the longer span that it is in is due then. The
    /// deployment's spans of that length that are older than <paramref name="keep"/> go in the same step.
    /// </summary>
    /// <param name="due">As it was listed.</param>
    /// <param name="span">Null: nothing is known of it.</param>
    /// <param name="keep">How long spans of that length are kept.</param>
    /// <param name="longer">Minutes of the longer span; null: there is none.</param>
    /// <param name="cancellation">Nothing was changed then.</param>
    Task RollAsync(DueSpan due, SpanRecord? span, TimeSpan keep, int? longer, CancellationToken cancellation = default);

    /// <summary>The deployment's spans of that many minutes that begin from that moment on, oldest first.</summary>
    Task<IReadOnlyList<SpanRecord>> SpansAsync(
        string deploymentId,
        int minutes,
        DateTimeOffset from,
        DateTimeOffset to,
        CancellationToken cancellation = default
    );

    /// <summary>What happened to the deployment's members, newest first.</summary>
    Task<IReadOnlyList<HostEventRecord>> EventsAsync(
        string deploymentId,
        DateTimeOffset from,
        DateTimeOffset to,
        int limit,
        CancellationToken cancellation = default
    );

    /// <summary>Of one deployment, at most.</summary>
    const int MostEvents = 10_000;

    /// <summary>How long events are kept.</summary>
    static readonly TimeSpan EventsKept = TimeSpan.FromDays(366);
}

/// <summary>A sample of a deployment's servers.</summary>
/// <param name="DeploymentId">Whose.</param>
/// <param name="At">When it came; kept to the minute.</param>
/// <param name="Content">Opaque to the catalogue, zstd of <paramref name="RawLength"/> bytes.</param>
/// <param name="RawLength">Of the content before it was compressed.</param>
public sealed record MonitoringRecord(string DeploymentId, DateTimeOffset At, byte[] Content, int RawLength);

/// <summary>A span that is to be made (again).</summary>
/// <param name="DeploymentId">Whose.</param>
/// <param name="Minutes">How long it is; it begins at a multiple of that.</param>
/// <param name="From">Its begin.</param>
/// <param name="Changes">How often something was stored in it since it was made.</param>
public sealed record DueSpan(string DeploymentId, int Minutes, DateTimeOffset From, long Changes)
{
    public DateTimeOffset To => From.AddMinutes(Minutes);
}

/// <summary>What was made of the samples of a span.</summary>
/// <param name="DeploymentId">Whose.</param>
/// <param name="Minutes">How long it is.</param>
/// <param name="From">Its begin.</param>
/// <param name="Content">Opaque to the catalogue, zstd of <paramref name="RawLength"/> bytes.</param>
/// <param name="RawLength">Of the content before it was compressed.</param>
public sealed record SpanRecord(string DeploymentId, int Minutes, DateTimeOffset From, byte[] Content, int RawLength);

/// <summary>What happened to a member. Frozen: the numbers are persisted.</summary>
public enum HostEventKind
{
    /// <summary>It became the primary; before it another one was, or nobody.</summary>
    BecamePrimary = 0,

    /// <summary>It was the primary, and nobody is.</summary>
    NoPrimary = 1,

    /// <summary>There was an election (the term is another), and it is the primary as before.</summary>
    Elected = 2,

    /// <summary>Its state is another one, for example RECOVERING.</summary>
    Role = 3,

    /// <summary>It cannot be reached any more.</summary>
    Down = 4,

    /// <summary>It can be reached again.</summary>
    Up = 5,

    /// <summary>Its release is another one.</summary>
    Version = 6,

    /// <summary>Its process was started anew.</summary>
    Restarted = 7,

    Added = 8,
    Removed = 9,
}

/// <summary>Something that happened to a member of a source.</summary>
/// <param name="DeploymentId">Whose.</param>
/// <param name="At">When it was noticed: up to a minute after it happened.</param>
/// <param name="Kind">What.</param>
/// <param name="Host">host:port.</param>
/// <param name="Before">How it was: a state, a release, another host, a term; empty where there was nothing.</param>
/// <param name="Now">How it is.</param>
public sealed record HostEventRecord(
    string DeploymentId,
    DateTimeOffset At,
    HostEventKind Kind,
    string Host,
    string Before,
    string Now
);
