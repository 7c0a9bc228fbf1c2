using System.Collections.Concurrent;
using Backup.Foundation.Files;

namespace Backup.Blockstore.Packs;

/// <summary>
/// The pack being written: appended to under a temporary name, readable by this process at once, published whole. Appends
/// are serial (the caller's lock); reads go on beside them.
/// </summary>
internal sealed class OpenPack : IDisposable
{
    private readonly PendingFile _file;
    private readonly List<PackEntry> _entries = [];
    private readonly ConcurrentDictionary<BlockId, PackEntry> _byId = new();

    internal OpenPack(int number, string path)
    {
        Number = number;
        State = new PackState(number);
        _file = DurableFile.Create(path);
        try
        {
            _file.Append(PackFormat.Header());
        }
        catch
        {
            _file.Dispose();
            throw;
        }
    }

    internal int Number { get; }

    /// <summary>Carries the number of the holds, before the pack is published and after it.</summary>
    internal PackState State { get; }

    internal long Length => _file.Length;

    internal IReadOnlyList<PackEntry> Entries => _entries;

    internal PackEntry Append(BlockId id, ReadOnlySpan<byte> stored, int rawLength)
    {
        var entry = new PackEntry(id, _file.Length, stored.Length, rawLength);
        _file.Append(stored);
        _entries.Add(entry);
        _byId[id] = entry;
        return entry;
    }

    /// <summary>Whoever appends goes on for a while: what is appended from <paramref name="offset"/> on may be written to the disk meanwhile.</summary>
    /// <returns>Where that ends.</returns>
    internal long BeginWriting(long offset)
    {
        FileHints.Written(_file.Handle, offset, _file.Length - offset);
        return _file.Length;
    }

    internal bool TryFind(BlockId id, out PackEntry entry) => _byId.TryGetValue(id, out entry);

    /// <summary>The stored bytes of a block of this pack; null where the pack has just been published: look in the index.</summary>
    internal PooledBytes? Read(PackEntry entry)
    {
        var bytes = new PooledBytes(entry.StoredLength);
        try
        {
            _file.Read(entry.Offset, bytes.Span);
            return bytes;
        }
        catch (ObjectDisposedException)
        {
            bytes.Dispose();
            return null;
        }
        catch
        {
            bytes.Dispose();
            throw;
        }
    }

    internal void Publish()
    {
        _file.Append(PackFormat.Footer(_entries));
        _file.Publish();
        State.Length = _file.Length;
    }

    public void Dispose() => _file.Dispose();
}
