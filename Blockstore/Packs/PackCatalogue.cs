using System.Collections.Concurrent;
using Backup.Foundation.Errors;
using Backup.Foundation.Files;

namespace Backup.Blockstore.Packs;

/// <summary>The published packs and the index over them. The packs are the truth; the index may be deleted at any time.</summary>
internal sealed class PackCatalogue
{
    private readonly PackFolder _folder;
    private readonly BlockIndex _index;
    private readonly ConcurrentDictionary<int, long> _packs;
    private long _blocks;
    private long _storedBytes;

    private PackCatalogue(PackFolder folder, BlockIndex index, IndexCover cover, bool rebuilt)
    {
        _folder = folder;
        _index = index;
        _packs = new ConcurrentDictionary<int, long>(cover.Packs);
        _blocks = cover.Blocks;
        _storedBytes = cover.StoredBytes;
        WasRebuilt = rebuilt;
    }

    /// <summary>Whether the index had to be filled from the packs.</summary>
    internal bool WasRebuilt { get; }

    internal long BlocksAtOpen { get; private set; }

    internal long StoredBytesAtOpen { get; private set; }

    internal int LastPack => _packs.IsEmpty ? 0 : _packs.Keys.Max();

    internal static PackCatalogue Open(PackFolder folder, PackStoreOptions options, CancellationToken cancellation)
    {
        var packs = folder.ListPacks();
        var catalogue = Recover(folder, options, packs) ?? Empty(folder, options, packs);
        try
        {
            foreach (var (number, length) in packs)
            {
                cancellation.ThrowIfCancellationRequested();
                if (!catalogue._packs.ContainsKey(number))
                {
                    using var reader = new PackReader(folder.PathOf(number));
                    catalogue.Add(number, length, reader.Entries());
                }
            }
        }
        catch
        {
            catalogue._index.Dispose();
            throw;
        }

        catalogue.BlocksAtOpen = catalogue._blocks;
        catalogue.StoredBytesAtOpen = catalogue._storedBytes;
        return catalogue;
    }

    internal bool TryFind(BlockId id, out BlockLocation location) => _index.TryFind(id, out location);

    internal void Add(OpenPack pack) => Add(pack.Number, pack.Length, pack.Entries);

    /// <exception cref="BackupException">5001 where no pack has it, 5002 where it is damaged.</exception>
    internal PooledBytes Read(BlockId id)
    {
        if (!_index.TryFind(id, out var location))
        {
            throw BlockstoreErrors.NoBlock(id);
        }

        var where = $"pack '{_folder.PathOf(location.Pack)}', offset {location.Offset}";
        try
        {
            using var reader = new PackReader(_folder.PathOf(location.Pack));
            using var stored = reader.Read(location.Offset, location.StoredLength);
            return BlockCodecs.Decode(id, stored.Span, where);
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            throw BlockstoreErrors.Damaged(id, where, failure.Message, failure);
        }
    }

    internal IEnumerable<StoredBlock> List(CancellationToken cancellation)
    {
        foreach (var number in _packs.Keys.Order())
        {
            using var reader = new PackReader(_folder.PathOf(number));
            foreach (var entry in reader.Entries())
            {
                cancellation.ThrowIfCancellationRequested();
                // A block that stands in two packs (its index was lost meanwhile) is listed where the index has it.
                if (
                    _index.TryFind(entry.Id, out var location)
                    && location.Pack == number
                    && location.Offset == entry.Offset
                )
                {
                    yield return new StoredBlock(entry.Id, entry.RawLength, entry.StoredLength);
                }
            }
        }
    }

    /// <summary>Writes the index down. Where that fails there is none next time, which costs time and nothing else.</summary>
    internal async Task CloseAsync()
    {
        Guid token;
        try
        {
            token = await _index.CheckpointAsync();
        }
        catch (Exception failure) when (failure is not OutOfMemoryException)
        {
            _index.Dispose();
            return;
        }

        _index.Dispose();
        try
        {
            new IndexCover(token, _packs, _blocks, _storedBytes).Write(_folder.Index);
        }
        catch (Exception failure) when (failure is IOException or BackupException)
        {
            // Without its cover the index is not read again.
        }
    }

    private static PackCatalogue? Recover(
        PackFolder folder,
        PackStoreOptions options,
        SortedDictionary<int, long> packs
    )
    {
        try
        {
            var cover = IndexCover.Read(folder.Index);
            var current = cover?.Packs.All(pack => packs.TryGetValue(pack.Key, out var length) && length == pack.Value);
            if (cover is null || current is not true)
            {
                return null;
            }

            // From now on the index's files change: only another clean close makes them readable again.
            DurableFile.Delete(IndexCover.PathIn(folder.Index));
            var index = BlockIndex.Open(folder.Index, options.IndexMemoryBits, cover.Blocks);
            try
            {
                index.Recover(cover.Token);
                return new PackCatalogue(folder, index, cover, rebuilt: false);
            }
            catch
            {
                index.Dispose();
                throw;
            }
        }
        catch (Exception failure) when (failure is not (OutOfMemoryException or BackupException))
        {
            // Whatever FASTER makes of damaged files: the packs have it all.
            return null;
        }
    }

    private static PackCatalogue Empty(PackFolder folder, PackStoreOptions options, SortedDictionary<int, long> packs)
    {
        const int usualBlock = 64 * 1024;
        folder.ClearIndex();
        var index = BlockIndex.Open(folder.Index, options.IndexMemoryBits, packs.Values.Sum() / usualBlock);
        return new PackCatalogue(
            folder,
            index,
            new IndexCover(default, new Dictionary<int, long>(), 0, 0),
            rebuilt: true
        );
    }

    private void Add(int number, long length, IReadOnlyList<PackEntry> entries)
    {
        foreach (var entry in entries)
        {
            if (_index.TryFind(entry.Id, out _))
            {
                continue;
            }

            _index.Set(entry.Id, new BlockLocation(number, entry.StoredLength, entry.Offset));
            _blocks++;
            _storedBytes += entry.StoredLength;
        }

        _packs[number] = length;
    }
}
