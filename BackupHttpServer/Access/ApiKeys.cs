using System.Buffers.Text;
using System.Security.Cryptography;
using Backup.Foundation.Contracts;
using Backup.Metadata;
using Microsoft.AspNetCore.Http;

namespace Backup.BackupHttpServer.Access;

/// <summary>Makes API keys and recognizes those that requests bear. A key is 32 random bytes; only its SHA-256 is kept.</summary>
internal sealed class ApiKeys(ICredentials credentials, TimeSpan maxAge, TimeProvider time)
{
    private const string Scheme = "Bearer ";
    private const int KeyLength = 32;

    /// <summary>A new key: what is stored, and what is told once. The caller stores it.</summary>
    public (ApiKeyRecord Record, string Text) Make(string groupId, string agentId, string? replaces)
    {
        var key = RandomNumberGenerator.GetBytes(KeyLength);
        var record = new ApiKeyRecord(
            Guid.CreateVersion7(time.GetUtcNow()).ToString("N"),
            groupId,
            agentId,
            SHA256.HashData(key),
            ApiKeyState.Pending,
            time.GetUtcNow(),
            Replaces: replaces
        );
        var text = Base64Url.EncodeToString(key);
        CryptographicOperations.ZeroMemory(key);
        return (record, text);
    }

    /// <summary>Whose key the request bears, in whatever state it is; null where it bears none that is known.</summary>
    public async Task<KeyHolder?> HolderAsync(HttpContext context)
    {
        var header = context.Request.Headers.Authorization;
        var text = header.Count == 1 ? header[0] : null;
        if (
            text is null
            || !text.StartsWith(Scheme, StringComparison.Ordinal)
            || !EnrolmentTokenText.TryDecode(text[Scheme.Length..], KeyLength, out var key)
        )
        {
            return null;
        }

        // Looked up by its hash, which tells nobody how to make a key that is nearer to one; then compared as a whole, in constant time.
        var hash = SHA256.HashData(key);
        CryptographicOperations.ZeroMemory(key);
        var holder = await credentials.FindKeyAsync(hash, context.RequestAborted);
        return holder is not null && CryptographicOperations.FixedTimeEquals(holder.Key.Hash, hash) ? holder : null;
    }

    /// <summary>Whether its agent is to replace the key: an operator asked for it, or it is old.</summary>
    public bool IsDue(ApiKeyRecord key) =>
        key.RotationWanted || (maxAge > TimeSpan.Zero && time.GetUtcNow() - key.CreatedAt > maxAge);
}
