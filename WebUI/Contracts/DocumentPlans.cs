namespace Backup.WebUI.Contracts;

/// <summary>One document as it was. Without a snapshot or a moment it is that of the newest snapshot; at most one of the three.</summary>
public sealed record DocumentPlan
{
    /// <summary><c>db.coll</c>.</summary>
    public required string Namespace { get; init; }

    /// <summary>Its <c>_id</c>, as extended JSON or as the plain text of a number, an object id or a string.</summary>
    public required string Id { get; init; }

    /// <summary>Its id.</summary>
    public string? Snapshot { get; init; }

    /// <summary><c>T,I</c>: up to and including that oplog entry.</summary>
    public string? Optime { get; init; }

    /// <summary>Before that second.</summary>
    public DateTimeOffset? Time { get; init; }

    /// <summary>In canonical extended JSON; else relaxed.</summary>
    public bool Canonical { get; init; }
}

/// <summary>Every version of one document within the point-in-time window.</summary>
public sealed record HistoryPlan
{
    /// <summary><c>db.coll</c>.</summary>
    public required string Namespace { get; init; }

    /// <summary>Its <c>_id</c>, as extended JSON or as the plain text of a number, an object id or a string.</summary>
    public required string Id { get; init; }

    /// <summary>The oldest moment that there is unless given.</summary>
    public MomentPlan? Since { get; init; }

    /// <summary>The newest moment that there is unless given.</summary>
    public MomentPlan? Until { get; init; }

    /// <summary>In canonical extended JSON; else relaxed.</summary>
    public bool Canonical { get; init; }
}

/// <summary>A moment; one of the two.</summary>
/// <param name="Optime"><c>T,I</c>: up to and including that oplog entry.</param>
/// <param name="Time">Before that second.</param>
public sealed record MomentPlan(string? Optime, DateTimeOffset? Time);
