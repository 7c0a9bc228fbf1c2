using Backup.Foundation;

namespace Backup.Metadata;

/// <summary>What a download link leads to: one moment of one subject, in one form.</summary>
/// <param name="SubjectKind"><see cref="ReplicaSet"/> or <see cref="Cluster"/>.</param>
/// <param name="SubjectId">Of the replica set, or of the cluster's deployment.</param>
/// <param name="Subject">As users name it.</param>
/// <param name="SnapshotId">A snapshot, or a cut of a cluster; null where a moment is meant.</param>
/// <param name="AtMost">The last position that belongs to the moment; null where a snapshot is meant.</param>
/// <param name="Namespaces">What of it; none: everything.</param>
/// <param name="Format"><c>archive</c>, <c>directory</c> or <c>ndjson</c>.</param>
/// <param name="Gzip">Compressed.</param>
public sealed record LinkSource(
    string SubjectKind,
    string SubjectId,
    string Subject,
    string? SnapshotId,
    Optime? AtMost,
    IReadOnlyList<string> Namespaces,
    string Format,
    bool Gzip
)
{
    public const string ReplicaSet = "replicaSet";
    public const string Cluster = "cluster";

    /// <summary>For people.</summary>
    public string Text
    {
        get
        {
            var moment = SnapshotId is null ? $"up to {AtMost}" : $"snapshot {SnapshotId}";
            var of = Namespaces.Count == 0 ? "" : $" of {string.Join(", ", Namespaces)}";
            return $"{Subject} {moment}{of}, {Format}{(Gzip ? " (gzip)" : "")}";
        }
    }
}

/// <summary>The bytes that a link leads to, as far as they are known.</summary>
/// <param name="Tag">The same as long as they are the same: what is known of other bytes does not hold for them. Behind a dot: how often they became others.</param>
/// <param name="Bytes">How many; null until they were made once from end to end.</param>
/// <param name="Sha256">Of all of them; null like that.</param>
public sealed record LinkContent(string Tag, long? Bytes, byte[]? Sha256);

/// <summary>A download link.</summary>
/// <param name="Id">Names it; no secret.</param>
/// <param name="SecretHash">SHA-256 of the secret; the secret itself is kept nowhere.</param>
/// <param name="Source">What it leads to.</param>
/// <param name="FileName">How the download is called; printable ASCII without any that a path or a header would mind.</param>
/// <param name="CreatedAt">When it was made.</param>
/// <param name="ExpiresAt">From then on no download begins or goes on.</param>
/// <param name="Uses">How many downloads it is good for; at least 1.</param>
/// <param name="WantsSum">Size and sum are found out without being asked for.</param>
public sealed record DownloadLink(
    string Id,
    byte[] SecretHash,
    LinkSource Source,
    string FileName,
    DateTimeOffset CreatedAt,
    DateTimeOffset ExpiresAt,
    int Uses,
    bool WantsSum
)
{
    /// <summary>Downloads that were begun; at most <see cref="Uses"/>.</summary>
    public int Begun { get; init; }

    /// <summary>Downloads whose last byte went out; at most <see cref="Begun"/>. The others can be gone on with.</summary>
    public int Finished { get; init; }

    /// <summary>Null where it was not revoked.</summary>
    public DateTimeOffset? RevokedAt { get; init; }

    /// <summary>Null until the source was opened once.</summary>
    public LinkContent? Content { get; init; }

    /// <summary>Why size and sum could not be found out, for people; null where nothing is wrong.</summary>
    public string? Trouble { get; init; }
}

/// <summary>What a link says to a download.</summary>
public enum LinkVerdict
{
    /// <summary>Goes ahead, and is a use of its own.</summary>
    Begun,

    /// <summary>Goes ahead, as part of a use that was begun before.</summary>
    GoesOn,
    Expired,
    Revoked,
    UsedUp,
}
