using System.Buffers.Binary;
using System.Runtime.InteropServices;
using Backup.Foundation.Files;

namespace Backup.Blockstore.Packs;

/// <summary>Where the index says that a block is.</summary>
[StructLayout(LayoutKind.Sequential)]
internal readonly record struct BlockLocation(int Pack, int StoredLength, long Offset);

/// <summary>
/// Id to place of every published block, in memory: about 32 bytes a block. It holds nothing that the packs do not hold: whoever doubts it deletes it and
/// fills it again. Thread-safe.
/// </summary>
/// <remarks>
/// Written down at a clean close as <c>blocks</c>: for each of the 256 first bytes of an id the number of its blocks (4 bytes), then that many slots in the
/// order of their ids. <see cref="IndexCover"/> seals the file. Keep in sync with docs/formats/block-and-pack.md.
/// </remarks>
internal sealed class BlockIndex : IDisposable
{
    internal const string FileName = "blocks";

    private const int Shards = 256;
    private const int HighAt = 1;
    private const int LowAt = HighAt + sizeof(ulong);

    private readonly IndexShard[] _shards;
    private readonly Lock[] _locks = [.. Enumerable.Range(0, Shards).Select(static _ => new Lock())];

    internal BlockIndex()
        : this([.. Enumerable.Range(0, Shards).Select(static _ => new IndexShard())]) { }

    private BlockIndex(IndexShard[] shards) => _shards = shards;

    internal long Count => _shards.Sum(static shard => (long)shard.Count);

    /// <summary>Reads what <see cref="Write"/> wrote; its bytes are vouched for by <see cref="IndexCover"/>.</summary>
    /// <exception cref="InvalidDataException">It is no such file.</exception>
    internal static BlockIndex Read(string folder)
    {
        using var file = new FileStream(Path.Combine(folder, FileName), FileMode.Open, FileAccess.Read);
        var shards = new IndexShard[Shards];
        Span<byte> head = stackalloc byte[sizeof(int)];
        for (var shard = 0; shard < Shards; shard++)
        {
            file.ReadExactly(head);
            var count = BinaryPrimitives.ReadInt32LittleEndian(head);
            if (count < 0 || (file.Length - file.Position) / IndexSlot.Length < count)
            {
                throw new InvalidDataException("an index ends too early");
            }

            var slots = new IndexSlot[count];
            file.ReadExactly(MemoryMarshal.AsBytes(slots.AsSpan()));
            shards[shard] = new IndexShard(slots);
        }

        return new BlockIndex(shards);
    }

    /// <summary>Writes everything down, durably. Nothing is changed meanwhile.</summary>
    internal void Write(string folder)
    {
        using var file = DurableFile.Create(Path.Combine(folder, FileName));
        foreach (var shard in _shards)
        {
            var slots = new IndexSlot[shard.Count];
            shard.CopyTo(slots);
            file.Append(BitConverter.GetBytes(slots.Length));
            file.Append(MemoryMarshal.AsBytes(slots.AsSpan()));
        }

        file.Publish();
    }

    internal bool TryFind(BlockId id, out BlockLocation location)
    {
        var (shard, high, low) = Split(id);
        lock (_locks[shard])
        {
            return _shards[shard].TryFind(high, low, out location);
        }
    }

    internal void Set(BlockId id, BlockLocation location)
    {
        var (shard, high, low) = Split(id);
        lock (_locks[shard])
        {
            _shards[shard].Set(high, low, location);
        }
    }

    internal void Remove(BlockId id)
    {
        var (shard, high, low) = Split(id);
        lock (_locks[shard])
        {
            _shards[shard].Remove(high, low);
        }
    }

    public void Dispose()
    {
        foreach (var (shard, held) in _shards.Zip(_locks))
        {
            lock (held)
            {
                shard.Dispose();
            }
        }
    }

    private static (int Shard, ulong High, ulong Low) Split(BlockId id)
    {
        var bytes = MemoryMarshal.AsBytes(new ReadOnlySpan<BlockId>(in id));
        return (
            bytes[0],
            BinaryPrimitives.ReadUInt64BigEndian(bytes[HighAt..]),
            BinaryPrimitives.ReadUInt64BigEndian(bytes[LowAt..])
        );
    }
}
