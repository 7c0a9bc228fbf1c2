namespace Backup.Metadata;

/// <summary>
/// Who took what out of the backup, or tried to: records are added and never changed or removed, which the store itself sees to. No record holds a
/// secret.
/// </summary>
public interface IAudit
{
    /// <summary>Durable when this is back.</summary>
    Task AddAsync(AuditRecord record, CancellationToken cancellation = default);

    /// <summary>Those of <paramref name="since"/> and later, oldest first; the newest <paramref name="limit"/> of them.</summary>
    Task<IReadOnlyList<AuditRecord>> ListAsync(
        DateTimeOffset since,
        int limit,
        CancellationToken cancellation = default
    );

    /// <summary>Those that are asked for, newest first.</summary>
    Task<IReadOnlyList<AuditRecord>> FindAsync(AuditQuery query, CancellationToken cancellation = default);
}

/// <summary>Which records are wanted.</summary>
/// <param name="GroupId">Those about that group; null: about the appliance as a whole.</param>
/// <param name="Limit">At most so many; 1 or more.</param>
public sealed record AuditQuery(string? GroupId, int Limit)
{
    /// <summary>Those about the appliance as a whole too.</summary>
    public bool WithAppliance { get; init; }

    /// <summary>Those of every group and of the appliance; the group does not matter then.</summary>
    public bool OfAll { get; init; }

    /// <summary>Of that time and later.</summary>
    public DateTimeOffset Since { get; init; } = DateTimeOffset.UnixEpoch;

    /// <summary>Older than the one with that ordinal; null: from the newest on.</summary>
    public long? Before { get; init; }
}

/// <summary>One thing that was done, or refused.</summary>
/// <param name="At">When.</param>
/// <param name="Actor">Who: <c>host</c> for a command on the appliance's own host, <c>user EMAIL</c>, <c>token NAME</c> or <c>link ID</c>.</param>
/// <param name="From">Where from: an address, or <c>local</c> for a command on the appliance's own host.</param>
/// <param name="Action">What, as a dotted word: <c>link.create</c>, <c>link.download</c>, <c>restore.push</c>.</param>
/// <param name="Subject">Of what: for example <c>rs0 snapshot 0193…, archive</c>.</param>
/// <param name="Outcome">One of <see cref="AuditOutcomes"/>.</param>
public sealed record AuditRecord(
    DateTimeOffset At,
    string Actor,
    string From,
    string Action,
    string Subject,
    string Outcome
)
{
    /// <summary>The group that it is about; null where it is about the appliance as a whole.</summary>
    public string? GroupId { get; init; }

    /// <summary>Grows from record to record; given by the store when it is added.</summary>
    public long Ordinal { get; init; }

    /// <summary>Bytes that went out; null where it was not about bytes.</summary>
    public long? Bytes { get; init; }

    /// <summary>Of the error that ended it, for example <c>BK8061</c>; null where none did.</summary>
    public string? Code { get; init; }

    /// <summary>More, for people; empty where there is nothing to add.</summary>
    public string Details { get; init; } = "";
}

/// <summary>How it ended.</summary>
public static class AuditOutcomes
{
    /// <summary>Done.</summary>
    public const string Ok = "ok";

    /// <summary>Begun: another record tells the end. One without it was in work when the process died.</summary>
    public const string Begun = "begun";

    /// <summary>Not let in.</summary>
    public const string Refused = "refused";

    /// <summary>The other side went away before the end.</summary>
    public const string Cut = "cut";

    /// <summary>Something was wrong on this side.</summary>
    public const string Failed = "failed";
}
