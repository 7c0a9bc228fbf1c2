using System.Buffers.Binary;
using System.Security.Cryptography;
using Backup.Foundation.Files;

namespace Backup.Blockstore.Packs;

/// <summary>
/// Says which packs the index covers, and seals its file with a hash: an index is only ever
/// read where it is, byte for byte, what a clean close left. Removed as soon as it is read: after a crash there is none,
/// and the index is filled again from the packs' footers.
/// </summary>
/// <param name="Packs">Number and length of each pack covered.</param>
/// <param name="Blocks">How many blocks they hold.</param>
/// <param name="StoredBytes">Bytes of these blocks.</param>
internal sealed record IndexCover(IReadOnlyDictionary<int, long> Packs, long Blocks, long StoredBytes)
{
    private const uint Magic = 0x58494B42; // "BKIX"
    private const uint Version = 2;
    private const string FileName = "cover";

    // Magic, version, blocks, stored bytes, hash of the index's file, number of packs.
    private const int BlocksAt = 8;
    private const int StoredAt = BlocksAt + sizeof(long);
    private const int FileHashAt = StoredAt + sizeof(long);
    private const int CountAt = FileHashAt + SHA256.HashSizeInBytes;
    private const int PacksAt = CountAt + sizeof(int);
    private const int PackLength = sizeof(int) + sizeof(long);

    internal static string PathIn(string folder) => Path.Combine(folder, FileName);

    internal void Write(string folder)
    {
        var bytes = new byte[PacksAt + (Packs.Count * PackLength) + SHA256.HashSizeInBytes];
        var at = bytes.AsSpan();
        BinaryPrimitives.WriteUInt32LittleEndian(at, Magic);
        BinaryPrimitives.WriteUInt32LittleEndian(at[4..], Version);
        BinaryPrimitives.WriteInt64LittleEndian(at[BlocksAt..], Blocks);
        BinaryPrimitives.WriteInt64LittleEndian(at[StoredAt..], StoredBytes);
        HashFile(folder).CopyTo(at[FileHashAt..]);
        BinaryPrimitives.WriteInt32LittleEndian(at[CountAt..], Packs.Count);
        at = at[PacksAt..];
        foreach (var (number, length) in Packs)
        {
            BinaryPrimitives.WriteInt32LittleEndian(at, number);
            BinaryPrimitives.WriteInt64LittleEndian(at[sizeof(int)..], length);
            at = at[PackLength..];
        }

        SHA256.HashData(bytes.AsSpan(..^SHA256.HashSizeInBytes), at);
        DurableFile.Write(PathIn(folder), bytes);
    }

    /// <summary>Null where there is none or where anything about it or the index's file is not as it was left.</summary>
    internal static IndexCover? Read(string folder)
    {
        var path = PathIn(folder);
        if (!File.Exists(path))
        {
            return null;
        }

        var bytes = File.ReadAllBytes(path);
        if (
            bytes.Length < PacksAt + SHA256.HashSizeInBytes
            || !SHA256
                .HashData(bytes.AsSpan(..^SHA256.HashSizeInBytes))
                .AsSpan()
                .SequenceEqual(bytes.AsSpan(^SHA256.HashSizeInBytes..))
            || BinaryPrimitives.ReadUInt32LittleEndian(bytes) != Magic
            || BinaryPrimitives.ReadUInt32LittleEndian(bytes.AsSpan(4)) != Version
            || !HashFile(folder).AsSpan().SequenceEqual(bytes.AsSpan(FileHashAt, SHA256.HashSizeInBytes))
        )
        {
            return null;
        }

        var packs = new Dictionary<int, long>();
        var count = BinaryPrimitives.ReadInt32LittleEndian(bytes.AsSpan(CountAt));
        for (var n = 0; n < count; n++)
        {
            var at = bytes.AsSpan(PacksAt + (n * PackLength));
            packs[BinaryPrimitives.ReadInt32LittleEndian(at)] = BinaryPrimitives.ReadInt64LittleEndian(
                at[sizeof(int)..]
            );
        }

        return new IndexCover(
            packs,
            BinaryPrimitives.ReadInt64LittleEndian(bytes.AsSpan(BlocksAt)),
            BinaryPrimitives.ReadInt64LittleEndian(bytes.AsSpan(StoredAt))
        );
    }

    private static byte[] HashFile(string folder)
    {
        using var file = File.OpenRead(Path.Combine(folder, BlockIndex.FileName));
        return SHA256.HashData(file);
    }
}
