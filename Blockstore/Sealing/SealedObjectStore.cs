using System.Buffers;
using System.Buffers.Binary;
using System.Text;

namespace Backup.Blockstore.Sealing;

/// <summary>
/// Objects sealed under the key of the group that they are put for, in another object store. What was put plain before is read as it is.
/// </summary>
/// <remarks>
/// A sealed object, frozen: magic <c>BKSO</c>, version (1 byte, 1), three zeros, length of the content (4 bytes), and what <see cref="SealingKey"/>
/// makes of the content. Authenticated with it are these 12 bytes and the object's name: an object in the place of another does not open. Objects are
/// zstd frames, which begin otherwise, so a plain one is never taken for a sealed one.
/// </remarks>
/// <param name="inner">Where they are kept.</param>
/// <param name="keys">Of all groups.</param>
/// <param name="groupOf">Whose object it is, by its name.</param>
public sealed class SealedObjectStore(
    IObjectStore inner,
    KeyRing keys,
    Func<string, CancellationToken, ValueTask<string>> groupOf
) : IObjectStore
{
    private const uint Magic = 0x4F534B42; // "BKSO"
    private const byte Version = 1;
    private const int VersionAt = sizeof(uint);
    private const int LengthAt = 2 * sizeof(uint);
    private const int FrontLength = LengthAt + sizeof(uint);
    private const int HeaderLength = FrontLength + SealingKey.Overhead;

    /// <exception cref="Foundation.Errors.BackupException">As of the store below; 5034 where the group's keys were destroyed, 5036 where it does not open again.</exception>
    public async Task PutAsync(string name, ReadOnlyMemory<byte> content, CancellationToken cancellation = default)
    {
        ObjectNames.Require(name);
        var group = keys.Seals ? await groupOf(name, cancellation) : "";
        var sealer = await keys.SealerOfAsync(group, cancellation);
        if (sealer.Key is not { } key)
        {
            await inner.PutAsync(name, content, cancellation);
            return;
        }

        using var stored = Seal(key, name, content.Span);
        await inner.PutAsync(name, stored.Memory, cancellation);
    }

    /// <exception cref="Foundation.Errors.BackupException">
    /// As of the store below; 5030 where there is no key to open it, 5031 where the key was destroyed, 5036 where it was changed since it was sealed.
    /// </exception>
    public async Task<IMemoryOwner<byte>> GetAsync(string name, CancellationToken cancellation = default)
    {
        var stored = await inner.GetAsync(name, cancellation);
        if (!IsSealed(stored.Memory.Span))
        {
            return stored;
        }

        using (stored)
        {
            return Open(name, stored.Memory.Span);
        }
    }

    public Task DeleteAsync(string name, CancellationToken cancellation = default) =>
        inner.DeleteAsync(name, cancellation);

    public Task DeletePrefixAsync(string prefix, CancellationToken cancellation = default) =>
        inner.DeletePrefixAsync(prefix, cancellation);

    public IAsyncEnumerable<string> ListAsync(string prefix, CancellationToken cancellation = default) =>
        inner.ListAsync(prefix, cancellation);

    private static bool IsSealed(ReadOnlySpan<byte> stored) =>
        stored.Length >= sizeof(uint) && BinaryPrimitives.ReadUInt32LittleEndian(stored) == Magic;

    /// <summary>Sealed, then opened and compared.</summary>
    private static PooledBytes Seal(SealingKey key, string name, ReadOnlySpan<byte> content)
    {
        var stored = new PooledBytes(HeaderLength + content.Length);
        try
        {
            var bytes = stored.Span;
            bytes[..FrontLength].Clear();
            BinaryPrimitives.WriteUInt32LittleEndian(bytes, Magic);
            bytes[VersionAt] = Version;
            BinaryPrimitives.WriteInt32LittleEndian(bytes[LengthAt..], content.Length);
            content.CopyTo(bytes[HeaderLength..]);
            var authenticated = Authenticated(bytes, name);
            key.Seal(bytes[FrontLength..], authenticated);
            using var opened = new PooledBytes(content.Length);
            return key.TryOpen(bytes[FrontLength..], opened.Span, authenticated) && opened.Span.SequenceEqual(content)
                ? stored
                : throw BlockstoreErrors.SpoiledObject(name, "it does not open to what was sealed; it was not stored");
        }
        catch
        {
            stored.Dispose();
            throw;
        }
    }

    private PooledBytes Open(string name, ReadOnlySpan<byte> stored)
    {
        if (
            stored.Length < HeaderLength
            || stored[VersionAt] != Version
            || BinaryPrimitives.ReadInt32LittleEndian(stored[LengthAt..]) != stored.Length - HeaderLength
        )
        {
            throw BlockstoreErrors.SpoiledObject(name, "its header is damaged, or of a newer release");
        }

        var key = keys.Require(
            new KeyId(stored.Slice(FrontLength, KeyId.Length)),
            $"object '{name}' was sealed under it"
        );
        var content = new PooledBytes(stored.Length - HeaderLength);
        try
        {
            return key.TryOpen(stored[FrontLength..], content.Span, Authenticated(stored, name))
                ? content
                : throw BlockstoreErrors.SpoiledObject(name, "it was changed since it was sealed");
        }
        catch
        {
            content.Dispose();
            throw;
        }
    }

    private static byte[] Authenticated(ReadOnlySpan<byte> stored, string name) =>
        [.. stored[..FrontLength], .. Encoding.UTF8.GetBytes(name)];
}
