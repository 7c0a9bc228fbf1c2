using System.Buffers.Binary;
using System.Collections.Concurrent;
using System.Security.Cryptography;
using Backup.Foundation.Files;

namespace Backup.Blockstore.Packs;

/// <summary>
/// Blocks that were found damaged where they stand, and are to be written anew when their content is put again. It is written down, so that a start
/// knows what the last check found; without the file it is found again when the block is read. Thread-safe. See docs/formats/block-and-pack.md.
/// </summary>
internal sealed class DamagedBlocks
{
    private const uint Magic = 0x4D444B42; // "BKDM"
    private const uint Version = 1;
    private const int CountAt = 8;
    private const int EntriesAt = CountAt + sizeof(int);
    private const int EntryLength = BlockId.Length + sizeof(int) + sizeof(int) + sizeof(long);

    // 100,000 are 5 MB; who has more damage than that learns of it in other ways.
    private const int Most = 100_000;

    private readonly string _path;
    private readonly ConcurrentDictionary<BlockId, BlockLocation> _places = new();
    private readonly Lock _writing = new();

    /// <param name="path">Where they are written down.</param>
    internal DamagedBlocks(string path)
    {
        _path = path;
        foreach (var (id, place) in Read(_path))
        {
            _places[id] = place;
        }
    }

    internal int Count => _places.Count;

    internal bool Has(BlockId id, int pack, long offset) =>
        _places.TryGetValue(id, out var place) && place.Pack == pack && place.Offset == offset;

    /// <summary>It is known from now on; after a restart once it is written down.</summary>
    internal void Add(BlockId id, BlockLocation place)
    {
        if (_places.Count < Most)
        {
            _places[id] = place;
        }
    }

    /// <summary>It stands somewhere else now, or was read well.</summary>
    internal void Remove(BlockId id) => _places.TryRemove(id, out _);

    /// <summary>Writes them down; where that fails they are known to this process alone, and the next one finds them again.</summary>
    internal void Save()
    {
        lock (_writing)
        {
            var places = _places.ToArray();
            var bytes = new byte[EntriesAt + (places.Length * EntryLength) + SHA256.HashSizeInBytes];
            BinaryPrimitives.WriteUInt32LittleEndian(bytes, Magic);
            BinaryPrimitives.WriteUInt32LittleEndian(bytes.AsSpan(4), Version);
            BinaryPrimitives.WriteInt32LittleEndian(bytes.AsSpan(CountAt), places.Length);
            var at = bytes.AsSpan(EntriesAt);
            foreach (var (id, place) in places)
            {
                id.CopyTo(at);
                BinaryPrimitives.WriteInt32LittleEndian(at[BlockId.Length..], place.Pack);
                BinaryPrimitives.WriteInt32LittleEndian(at[(BlockId.Length + 4)..], place.StoredLength);
                BinaryPrimitives.WriteInt64LittleEndian(at[(BlockId.Length + 8)..], place.Offset);
                at = at[EntryLength..];
            }

            SHA256.HashData(bytes.AsSpan(..^SHA256.HashSizeInBytes), at);
            try
            {
                DurableFile.Write(_path, bytes);
            }
            catch (Foundation.Errors.BackupException)
            {
                // As promised.
            }
        }
    }

    /// <summary>Nothing where there is no file, or where anything about it is not as it was written.</summary>
    private static List<(BlockId Id, BlockLocation Place)> Read(string path)
    {
        var found = new List<(BlockId, BlockLocation)>();
        if (!File.Exists(path))
        {
            return found;
        }

        var bytes = File.ReadAllBytes(path);
        if (
            bytes.Length < EntriesAt + SHA256.HashSizeInBytes
            || !SHA256
                .HashData(bytes.AsSpan(..^SHA256.HashSizeInBytes))
                .AsSpan()
                .SequenceEqual(bytes.AsSpan(^SHA256.HashSizeInBytes..))
            || BinaryPrimitives.ReadUInt32LittleEndian(bytes) != Magic
            || BinaryPrimitives.ReadUInt32LittleEndian(bytes.AsSpan(4)) != Version
            || BinaryPrimitives.ReadInt32LittleEndian(bytes.AsSpan(CountAt))
                != (bytes.Length - EntriesAt - SHA256.HashSizeInBytes) / EntryLength
        )
        {
            return found;
        }

        var at = bytes.AsSpan(EntriesAt..^SHA256.HashSizeInBytes);
        for (; at.Length >= EntryLength; at = at[EntryLength..])
        {
            var place = new BlockLocation(
                BinaryPrimitives.ReadInt32LittleEndian(at[BlockId.Length..]),
                BinaryPrimitives.ReadInt32LittleEndian(at[(BlockId.Length + 4)..]),
                BinaryPrimitives.ReadInt64LittleEndian(at[(BlockId.Length + 8)..])
            );
            found.Add((new BlockId(at[..BlockId.Length]), place));
        }

        return found;
    }
}
