namespace Backup.WebUI.Contracts;

/// <param name="Id">Names the key; no secret.</param>
/// <param name="Group">What it opens.</param>
/// <param name="AgentId">Who it was handed to.</param>
/// <param name="HostName">Where that agent runs.</param>
/// <param name="State">pending, valid, replaced, revoked or agent-revoked.</param>
/// <param name="CreatedAt">When it was made.</param>
/// <param name="LastUsedAt">To about a quarter of a minute; left out where it was not used.</param>
/// <param name="EndedAt">When it was replaced or revoked.</param>
/// <param name="RotationWanted">Its agent is asked to replace it.</param>
public sealed record KeyView(
    string Id,
    string Group,
    string AgentId,
    string HostName,
    string State,
    DateTimeOffset CreatedAt,
    DateTimeOffset? LastUsedAt,
    DateTimeOffset? EndedAt,
    bool RotationWanted
);

/// <param name="Id">SHA-256 of its DER, hex.</param>
/// <param name="AgentId">Whom it names.</param>
/// <param name="HostName">Where that agent runs.</param>
/// <param name="State">valid, expired, revoked or agent-revoked.</param>
/// <param name="IssuedAt">When it was made.</param>
/// <param name="ExpiresAt">From then on it is refused; the agent renews it before.</param>
/// <param name="RevokedAt">Left out where it was not revoked.</param>
public sealed record CertificateView(
    string Id,
    string AgentId,
    string HostName,
    string State,
    DateTimeOffset IssuedAt,
    DateTimeOffset ExpiresAt,
    DateTimeOffset? RevokedAt
);
