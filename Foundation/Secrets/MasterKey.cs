using System.Security.Cryptography;

namespace Backup.Foundation.Secrets;

/// <summary>
/// The key that all keys of groups are wrapped under: 32 bytes that are kept outside the appliance. In memory it is pinned, and overwritten when this is
/// disposed. Thread-safe.
/// </summary>
public sealed class MasterKey : IDisposable
{
    private const int IdLength = 8;

    private readonly Lock _gate = new();
    private readonly byte[] _key;
    private bool _isGone;

    /// <param name="key">32 bytes; copied.</param>
    public MasterKey(ReadOnlySpan<byte> key)
    {
        ArgumentOutOfRangeException.ThrowIfNotEqual(key.Length, Xaes256Gcm.KeyLength, nameof(key));
        _key = GC.AllocateUninitializedArray<byte>(Xaes256Gcm.KeyLength, pinned: true);
        key.CopyTo(_key);
        Id = Convert.ToHexStringLower(HMACSHA256.HashData(key, "backup master key"u8).AsSpan(0, IdLength));
    }

    /// <summary>16 hex digits that tell one master key from another, and nothing else of it. Frozen: HMAC-SHA-256 of <c>backup master key</c>, its first 8 bytes.</summary>
    public string Id { get; }

    /// <summary>As <see cref="Xaes256Gcm.Seal"/>.</summary>
    public void Seal(
        ReadOnlySpan<byte> nonce,
        ReadOnlySpan<byte> plain,
        Span<byte> sealedTo,
        Span<byte> tag,
        ReadOnlySpan<byte> authenticated
    )
    {
        lock (_gate)
        {
            ObjectDisposedException.ThrowIf(_isGone, this);
            Xaes256Gcm.Seal(_key, nonce, plain, sealedTo, tag, authenticated);
        }
    }

    /// <summary>As <see cref="Xaes256Gcm.TryOpen"/>.</summary>
    public bool TryOpen(
        ReadOnlySpan<byte> nonce,
        ReadOnlySpan<byte> sealedBytes,
        ReadOnlySpan<byte> tag,
        Span<byte> plain,
        ReadOnlySpan<byte> authenticated
    )
    {
        lock (_gate)
        {
            ObjectDisposedException.ThrowIf(_isGone, this);
            return Xaes256Gcm.TryOpen(_key, nonce, sealedBytes, tag, plain, authenticated);
        }
    }

    public void Dispose()
    {
        lock (_gate)
        {
            _isGone = true;
            CryptographicOperations.ZeroMemory(_key);
        }
    }
}
