namespace Backup.Metadata;

/// <summary>What agents prove themselves with: API keys, of which only hashes are kept, and certificates.</summary>
public interface ICredentials
{
    /// <summary>The key with that SHA-256 in whatever state it is, with its agent; null where there never was one.</summary>
    Task<KeyHolder?> FindKeyAsync(byte[] hash, CancellationToken cancellation = default);

    /// <summary>Every key, oldest first; those that have ended too.</summary>
    Task<IReadOnlyList<ApiKeyRecord>> KeysAsync(CancellationToken cancellation = default);

    /// <summary>
    /// Adds a pending key that is to take the place of <see cref="ApiKeyRecord.Replaces"/>; a pending one that was to do so before is removed,
    /// since nobody uses it. False, and nothing changed, where the key to be replaced is not valid any more.
    /// </summary>
    Task<bool> OfferKeyAsync(ApiKeyRecord next, CancellationToken cancellation = default);

    /// <summary>
    /// A pending key becomes valid and the one that it replaces ends, in one step; a valid one stays as it is. False, and nothing changed,
    /// where it has ended.
    /// </summary>
    Task<bool> ConfirmKeyAsync(string keyId, CancellationToken cancellation = default);

    /// <summary>Asks the agent to replace the key. 6009 where there is none, 6013 where it is not valid.</summary>
    Task RequestRotationAsync(string keyId, CancellationToken cancellation = default);

    /// <summary>Ends the key, and the pending one that was to replace it, at once. 6009 where there is none; an ended one stays as it is.</summary>
    Task RevokeKeyAsync(string keyId, CancellationToken cancellation = default);

    /// <summary>Notes when keys were used; an earlier time than the one known changes nothing, nor does a key that is not there.</summary>
    Task KeysUsedAsync(
        IReadOnlyCollection<KeyValuePair<string, DateTimeOffset>> uses,
        CancellationToken cancellation = default
    );

    /// <summary>Adds a certificate that was issued to an agent.</summary>
    Task AddCertificateAsync(ClientCertificateRecord certificate, CancellationToken cancellation = default);

    /// <summary>The certificate whose DER has that SHA-256; null where none such was issued.</summary>
    Task<ClientCertificateRecord?> FindCertificateAsync(byte[] sha256, CancellationToken cancellation = default);

    /// <summary>Every certificate, oldest first.</summary>
    Task<IReadOnlyList<ClientCertificateRecord>> CertificatesAsync(CancellationToken cancellation = default);

    /// <summary>Ends the certificate at once. 6009 where there is none.</summary>
    Task RevokeCertificateAsync(byte[] sha256, CancellationToken cancellation = default);
}

/// <summary>Frozen: the numbers are persisted.</summary>
public enum ApiKeyState
{
    /// <summary>Handed out to replace another one, not confirmed by the agent yet: good for nothing but the confirmation.</summary>
    Pending = 0,

    Valid = 1,

    /// <summary>Ended by a newer one.</summary>
    Replaced = 2,

    /// <summary>Ended by an operator.</summary>
    Revoked = 3,
}

/// <summary>An API key of a group, handed to one of its agents; only its SHA-256 is kept.</summary>
/// <param name="Id">Ours; no secret.</param>
/// <param name="GroupId">What it opens.</param>
/// <param name="AgentId">Who it was handed to.</param>
/// <param name="Hash">SHA-256 of its 32 bytes.</param>
/// <param name="State">See <see cref="ApiKeyState"/>.</param>
/// <param name="CreatedAt">When it was made.</param>
/// <param name="LastUsedAt">To about a quarter of a minute; null while it was not used.</param>
/// <param name="EndedAt">When it was replaced or revoked.</param>
/// <param name="Replaces">The key that it takes the place of; null for the first of an agent.</param>
/// <param name="RotationWanted">Its agent is asked to replace it.</param>
public sealed record ApiKeyRecord(
    string Id,
    string GroupId,
    string AgentId,
    byte[] Hash,
    ApiKeyState State,
    DateTimeOffset CreatedAt,
    DateTimeOffset? LastUsedAt = null,
    DateTimeOffset? EndedAt = null,
    string? Replaces = null,
    bool RotationWanted = false
);

/// <summary>A key and whose it is.</summary>
public sealed record KeyHolder(ApiKeyRecord Key, AgentRecord Agent);

/// <summary>A certificate that was issued to an agent.</summary>
/// <param name="Sha256">Of its DER.</param>
/// <param name="AgentId">Whom it names.</param>
/// <param name="IssuedAt">When it was made.</param>
/// <param name="ExpiresAt">From then on it is refused.</param>
/// <param name="RevokedAt">From then on it is refused; null where it was not revoked.</param>
public sealed record ClientCertificateRecord(
    byte[] Sha256,
    string AgentId,
    DateTimeOffset IssuedAt,
    DateTimeOffset ExpiresAt,
    DateTimeOffset? RevokedAt = null
);
