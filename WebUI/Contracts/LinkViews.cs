namespace Backup.WebUI.Contracts;

/// <summary>What a download link is to lead to, and how long.</summary>
/// <param name="Subject">A replica set or a cluster, as users name it.</param>
/// <param name="Snapshot">Its id; null for the newest, or where a moment is given.</param>
/// <param name="Optime">The moment, as <c>T,I</c>; null for a snapshot.</param>
/// <param name="Before">The moment, as the second before which it is; null for a snapshot.</param>
/// <param name="Namespaces">What of it; none: everything.</param>
/// <param name="Format">archive, directory or ndjson.</param>
/// <param name="Gzip">Compressed.</param>
/// <param name="Seconds">How long it is good; a minute to 30 days.</param>
/// <param name="Uses">How many downloads it is good for; 1 to 1000.</param>
/// <param name="Checksum">Whether size and sum are found out at once.</param>
public sealed record LinkRequest(
    string Subject,
    string? Snapshot,
    string? Optime,
    string? Before,
    IReadOnlyList<string> Namespaces,
    string Format,
    bool Gzip,
    double Seconds,
    int Uses,
    bool Checksum
);

/// <param name="Id">Names it; no secret.</param>
/// <param name="State">open, used-up, revoked or expired.</param>
/// <param name="Subject">Of what it is.</param>
/// <param name="Snapshot">Its id; left out where it is a moment.</param>
/// <param name="Optime">The moment's last position; left out where it is a snapshot.</param>
/// <param name="Namespaces">What of it; none: everything.</param>
/// <param name="Format">archive, directory or ndjson.</param>
/// <param name="Gzip">Compressed.</param>
/// <param name="FileName">How the download is called.</param>
/// <param name="CreatedAt">When it was made.</param>
/// <param name="ExpiresAt">Until when it is good.</param>
/// <param name="Uses">How many downloads it is good for.</param>
/// <param name="Begun">Downloads begun.</param>
/// <param name="Finished">Of these, those whose last byte went out.</param>
/// <param name="RevokedAt">Left out where it was not.</param>
/// <param name="Bytes">Left out until it is known.</param>
/// <param name="Sha256">Of all bytes, 64 hex digits; left out until it is known.</param>
/// <param name="Trouble">Why size and sum cannot be found out; left out where nothing is wrong.</param>
public sealed record LinkView(
    string Id,
    string State,
    string Subject,
    string? Snapshot,
    OptimeView? Optime,
    IReadOnlyList<string> Namespaces,
    string Format,
    bool Gzip,
    string FileName,
    DateTimeOffset CreatedAt,
    DateTimeOffset ExpiresAt,
    int Uses,
    int Begun,
    int Finished,
    DateTimeOffset? RevokedAt,
    long? Bytes,
    string? Sha256,
    string? Trouble
);

/// <param name="Link">What was made.</param>
/// <param name="Url">The link itself, with its secret: shown now and never again.</param>
/// <param name="Pin">Of the server's public key, for <c>curl --pinnedpubkey</c>.</param>
/// <param name="Curl">A line that downloads it, and goes on where it was cut when it is run again.</param>
/// <param name="Verify">A line that checks the sum of what came.</param>
public sealed record CreatedLinkView(LinkView Link, string Url, string Pin, string Curl, string Verify);

/// <param name="At">When.</param>
/// <param name="Actor">Who.</param>
/// <param name="From">Where from.</param>
/// <param name="Action">What.</param>
/// <param name="Subject">Of what.</param>
/// <param name="Outcome">ok, begun, refused, cut or failed.</param>
/// <param name="Bytes">That went out; left out where it was not about bytes.</param>
/// <param name="Code">Of the error that ended it; left out where none did.</param>
/// <param name="Details">More; left out where there is nothing to add.</param>
public sealed record AuditView(
    DateTimeOffset At,
    string Actor,
    string From,
    string Action,
    string Subject,
    string Outcome,
    long? Bytes,
    string? Code,
    string? Details
);
