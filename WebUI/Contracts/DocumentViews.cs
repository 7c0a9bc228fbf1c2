namespace Backup.WebUI.Contracts;

/// <summary>Which document of a backup is looked for.</summary>
/// <param name="Subject">A replica set, as users name it.</param>
/// <param name="Namespace"><c>db.collection</c>.</param>
/// <param name="Id">Its <c>_id</c>: extended JSON, or plain text.</param>
/// <param name="Snapshot">Of one document: the snapshot; null for the newest, or where a moment is given.</param>
/// <param name="Moment">Of one document: the moment; null for a snapshot.</param>
/// <param name="Since">Of a history: its first moment; null: the oldest there is.</param>
/// <param name="Until">Of a history: its last moment; null: the newest there is.</param>
/// <param name="IsCanonical">Documents in canonical extended JSON; else relaxed.</param>
public sealed record DocumentRequest(
    string Subject,
    string Namespace,
    string Id,
    string? Snapshot = null,
    MomentRequest? Moment = null,
    MomentRequest? Since = null,
    MomentRequest? Until = null,
    bool IsCanonical = false
);

/// <summary>A moment as a command names it; one of the two.</summary>
/// <param name="Optime"><c>T,I</c>.</param>
/// <param name="Before">The second before which it is.</param>
public sealed record MomentRequest(string? Optime, string? Before);

/// <summary>One line of the answer: progress, a version, or in the end the error or that it was all.</summary>
public sealed record DocumentLine(
    ReplayView? Progress = null,
    DocumentView? Version = null,
    ErrorView? Error = null,
    bool IsEnd = false
);

/// <param name="At">The entry that made it, or the moment that was asked for.</param>
/// <param name="Time">Its second.</param>
/// <param name="Change"><c>was</c>, <c>inserted</c>, <c>updated</c>, <c>deleted</c> or <c>moved</c>; left out for one document.</param>
/// <param name="Document">Extended JSON; left out where there is none.</param>
/// <param name="Fields">Of an update: the fields at the top that differ.</param>
/// <param name="Shard">Of a cluster: which shard has it, or had it.</param>
public sealed record DocumentView(
    OptimeView At,
    DateTimeOffset Time,
    string? Change,
    string? Document,
    IReadOnlyList<string>? Fields,
    string? Shard = null
);
