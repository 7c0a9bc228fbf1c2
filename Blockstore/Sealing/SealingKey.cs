using System.Security.Cryptography;
using Backup.Foundation.Secrets;

namespace Backup.Blockstore.Sealing;

/// <summary>
/// One generation of a group's data key, with the group's id key. Thread-safe. Once it was forgotten it neither seals nor opens: nothing is ever sealed
/// under the zeros that are left of it.
/// </summary>
/// <remarks>
/// What is sealed, frozen: id of the key (8 bytes), nonce (24 bytes, random), tag (16 bytes), XAES-256-GCM of the content. What is authenticated with it
/// is up to whoever seals, and begins with the magic of its format, so that nothing that was sealed as one thing opens as another.
/// </remarks>
public sealed class SealingKey
{
    /// <summary>Bytes that sealing adds.</summary>
    public const int Overhead = KeyId.Length + Xaes256Gcm.NonceLength + Xaes256Gcm.TagLength;

    private const int NonceAt = KeyId.Length;
    private const int TagAt = NonceAt + Xaes256Gcm.NonceLength;

    private readonly Lock _gate = new();
    private readonly byte[] _data;
    private readonly byte[] _ids;
    private bool _isForgotten;

    /// <param name="id">Of the data key.</param>
    /// <param name="group">Whose key it is.</param>
    /// <param name="generation">1 and up.</param>
    /// <param name="data">32 bytes; copied.</param>
    /// <param name="ids">32 bytes, of the group; copied.</param>
    public SealingKey(KeyId id, string group, int generation, ReadOnlySpan<byte> data, ReadOnlySpan<byte> ids)
    {
        ArgumentOutOfRangeException.ThrowIfNotEqual(data.Length, Xaes256Gcm.KeyLength, nameof(data));
        ArgumentOutOfRangeException.ThrowIfNotEqual(ids.Length, Xaes256Gcm.KeyLength, nameof(ids));
        (Id, Group, Generation) = (id, group, generation);
        // Pinned, so that a collection leaves no copy of them behind.
        _data = GC.AllocateUninitializedArray<byte>(Xaes256Gcm.KeyLength, pinned: true);
        _ids = GC.AllocateUninitializedArray<byte>(Xaes256Gcm.KeyLength, pinned: true);
        data.CopyTo(_data);
        ids.CopyTo(_ids);
    }

    public KeyId Id { get; }

    public string Group { get; }

    public int Generation { get; }

    /// <summary>HMAC-SHA-256 of a raw content under the group's id key: the same content has the same id in this group, and tells an outsider nothing.</summary>
    /// <exception cref="Foundation.Errors.BackupException">5034 where the key was forgotten.</exception>
    public BlockId IdOf(ReadOnlySpan<byte> raw)
    {
        Span<byte> key = stackalloc byte[Xaes256Gcm.KeyLength];
        Take(_ids, key);
        Span<byte> hash = stackalloc byte[BlockId.Length];
        HMACSHA256.HashData(key, raw, hash);
        CryptographicOperations.ZeroMemory(key);
        return new BlockId(hash);
    }

    /// <summary>Seals in place.</summary>
    /// <param name="bytes"><see cref="Overhead"/> bytes that are written, then the content, which is sealed where it stands.</param>
    /// <param name="authenticated">The key's id is authenticated besides it.</param>
    /// <exception cref="Foundation.Errors.BackupException">5034 where the key was forgotten.</exception>
    public void Seal(Span<byte> bytes, ReadOnlySpan<byte> authenticated)
    {
        Id.CopyTo(bytes);
        var nonce = bytes[NonceAt..TagAt];
        RandomNumberGenerator.Fill(nonce);
        var content = bytes[Overhead..];
        Span<byte> key = stackalloc byte[Xaes256Gcm.KeyLength];
        Span<byte> with = stackalloc byte[authenticated.Length + KeyId.Length];
        Join(authenticated, with);
        Take(_data, key);
        Xaes256Gcm.Seal(key, nonce, content, content, bytes[TagAt..Overhead], with);
        CryptographicOperations.ZeroMemory(key);
    }

    /// <param name="bytes">What <see cref="Seal"/> made.</param>
    /// <param name="content">As long as they are, but for <see cref="Overhead"/>.</param>
    /// <param name="authenticated">As it was sealed.</param>
    /// <returns>False where a bit of it is not as it was.</returns>
    /// <exception cref="Foundation.Errors.BackupException">5034 where the key was forgotten.</exception>
    public bool TryOpen(ReadOnlySpan<byte> bytes, Span<byte> content, ReadOnlySpan<byte> authenticated)
    {
        Span<byte> key = stackalloc byte[Xaes256Gcm.KeyLength];
        Span<byte> with = stackalloc byte[authenticated.Length + KeyId.Length];
        Join(authenticated, with);
        Take(_data, key);
        var isOpen = Xaes256Gcm.TryOpen(
            key,
            bytes[NonceAt..TagAt],
            bytes[Overhead..],
            bytes[TagAt..Overhead],
            content,
            with
        );
        CryptographicOperations.ZeroMemory(key);
        return isOpen;
    }

    /// <summary>Overwrites the keys; whoever is sealing or opening at this moment ends it with the copy that it has.</summary>
    public void Forget()
    {
        lock (_gate)
        {
            _isForgotten = true;
            CryptographicOperations.ZeroMemory(_data);
            CryptographicOperations.ZeroMemory(_ids);
        }
    }

    private void Take(byte[] secret, Span<byte> to)
    {
        lock (_gate)
        {
            if (_isForgotten)
            {
                throw BlockstoreErrors.GroupOver(Group);
            }

            secret.CopyTo(to);
        }
    }

    private void Join(ReadOnlySpan<byte> authenticated, Span<byte> with)
    {
        authenticated.CopyTo(with);
        Id.CopyTo(with[authenticated.Length..]);
    }
}
