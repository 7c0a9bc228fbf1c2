using System.Security.Cryptography;
using Backup.Foundation.Contracts;
using Backup.Metadata;

namespace Backup.BackupHttpServer;

/// <summary>Makes the one-time tokens that agents enrol with.</summary>
public static class Enrolment
{
    /// <summary>The same for the group of that name, which is made where it is missing.</summary>
    public static async Task<string> CreateTokenAsync(
        IMetadataStore metadata,
        string group,
        ReadOnlyMemory<byte> caFingerprint,
        TimeSpan lifetime,
        TimeProvider time,
        CancellationToken cancellation = default
    )
    {
        var owner = await metadata.Access.EnsureGroupAsync(group, cancellation);
        return await CreateGroupTokenAsync(metadata, owner.Id, caFingerprint, lifetime, time, cancellation);
    }

    /// <summary>Stores the hash of a new token and gives its text, which is nowhere else.</summary>
    /// <param name="metadata">Where it is kept.</param>
    /// <param name="groupId">Whose agent it is going to be.</param>
    /// <param name="caFingerprint">SHA-256 of the server's CA certificate (<c>CertificateAuthority.Fingerprint</c>).</param>
    /// <param name="lifetime">Until it can no longer be used; more than zero.</param>
    /// <param name="time">The clock.</param>
    public static async Task<string> CreateGroupTokenAsync(
        IMetadataStore metadata,
        string groupId,
        ReadOnlyMemory<byte> caFingerprint,
        TimeSpan lifetime,
        TimeProvider time,
        CancellationToken cancellation = default
    )
    {
        ArgumentOutOfRangeException.ThrowIfLessThanOrEqual(lifetime, TimeSpan.Zero);
        var secret = RandomNumberGenerator.GetBytes(EnrolmentTokenText.SecretLength);
        var token = new EnrolmentToken(SHA256.HashData(secret), groupId, time.GetUtcNow() + lifetime, Used: false);
        await metadata.Access.AddTokenAsync(token, cancellation);
        return EnrolmentTokenText.Format(caFingerprint.Span, secret);
    }
}
