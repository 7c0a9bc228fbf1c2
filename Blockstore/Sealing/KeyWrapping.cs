using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;
using Backup.Foundation.Secrets;

namespace Backup.Blockstore.Sealing;

/// <summary>
/// Wraps keys of groups under the master key. A wrapped key, frozen: version (1 byte, 1), nonce (24 bytes, random), tag (16 bytes), XAES-256-GCM of the
/// 32 bytes of the key. Group, name, purpose and generation are authenticated with it: a key put in the place of another does not open.
/// </summary>
internal static class KeyWrapping
{
    private const byte Version = 1;
    private const int TagAt = 1 + Xaes256Gcm.NonceLength;
    private const int KeyAt = TagAt + Xaes256Gcm.TagLength;
    private const int BoxLength = KeyAt + Xaes256Gcm.KeyLength;

    /// <param name="key">32 bytes.</param>
    /// <param name="of">Names, purpose and time; its master and box are set.</param>
    /// <param name="master">That it is sealed under.</param>
    internal static WrappedKey Wrap(ReadOnlySpan<byte> key, WrappedKey of, MasterKey master)
    {
        var box = new byte[BoxLength];
        box[0] = Version;
        RandomNumberGenerator.Fill(box.AsSpan(1, Xaes256Gcm.NonceLength));
        master.Seal(
            box.AsSpan(1, Xaes256Gcm.NonceLength),
            key,
            box.AsSpan(KeyAt),
            box.AsSpan(TagAt, Xaes256Gcm.TagLength),
            Authenticated(of)
        );
        return of with { Master = master.Id, Box = box };
    }

    /// <param name="key">32 bytes, written.</param>
    /// <exception cref="Foundation.Errors.BackupException">5033 where it was changed, or is in the place of another.</exception>
    internal static void Unwrap(WrappedKey wrapped, MasterKey master, Span<byte> key)
    {
        ReadOnlySpan<byte> box = wrapped.Box;
        if (
            box.Length != BoxLength
            || box[0] != Version
            || !master.TryOpen(
                box.Slice(1, Xaes256Gcm.NonceLength),
                box[KeyAt..],
                box.Slice(TagAt, Xaes256Gcm.TagLength),
                key,
                Authenticated(wrapped)
            )
        )
        {
            throw BlockstoreErrors.SpoiledKey(wrapped.Id, wrapped.Group);
        }
    }

    /// <summary>Frozen: <c>backup wrapped key</c>, a zero, purpose (1), generation (4), name (8), the group's id in UTF-8.</summary>
    private static byte[] Authenticated(WrappedKey key)
    {
        Span<byte> fixedPart = stackalloc byte[1 + sizeof(int) + KeyId.Length];
        fixedPart[0] = (byte)key.Purpose;
        BinaryPrimitives.WriteInt32LittleEndian(fixedPart[1..], key.Generation);
        key.Id.CopyTo(fixedPart[(1 + sizeof(int))..]);
        return [.. "backup wrapped key\0"u8, .. fixedPart, .. Encoding.UTF8.GetBytes(key.Group)];
    }
}
