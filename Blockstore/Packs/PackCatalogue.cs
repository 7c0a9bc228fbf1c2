using System.Collections.Concurrent;
using Backup.Blockstore.Grooming;
using Backup.Blockstore.Sealing;
using Backup.Foundation.Errors;
using Backup.Foundation.Files;

namespace Backup.Blockstore.Packs;

/// <summary>The published packs and the index over them. The packs are the truth; the index may be deleted at any time.</summary>
/// <remarks>
/// Where one block stands in several packs, the newest copy counts, unless its pack's header or footer is damaged: whoever writes a block that was
/// there already has a reason to (the other copy is damaged, or its pack is being given up).
/// </remarks>
internal sealed class PackCatalogue
{
    // A pack may be given up, and its blocks be somewhere else, while a block of it is looked up. Not ten times in a row.
    private const int Attempts = 10;

    private readonly PackFolder _folder;
    private readonly BlockIndex _index;
    private readonly BlockHolds _holds;
    private readonly ISealingKeys _keys;
    private readonly DamagedBlocks _damaged;
    private readonly ConcurrentDictionary<int, PackState> _packs;

    // Whatever changes the index: looking first and changing then is one step.
    private readonly Lock _changing = new();
    private volatile GroomMark? _mark;
    private long _blocks;
    private long _storedBytes;

    private PackCatalogue(
        PackFolder folder,
        BlockIndex index,
        BlockHolds holds,
        ISealingKeys keys,
        IndexCover cover,
        bool rebuilt
    )
    {
        _folder = folder;
        _index = index;
        _holds = holds;
        _keys = keys;
        _damaged = new DamagedBlocks(folder.Damaged);
        _packs = new(
            cover.Packs.Select(static pack =>
                KeyValuePair.Create(pack.Key, new PackState(pack.Key) { Length = pack.Value })
            )
        );
        _blocks = cover.Blocks;
        _storedBytes = cover.StoredBytes;
        WasRebuilt = rebuilt;
    }

    /// <summary>Whether the index had to be filled from the packs.</summary>
    internal bool WasRebuilt { get; }

    /// <summary>Blocks that the index finds.</summary>
    internal long Blocks => Interlocked.Read(ref _blocks);

    /// <summary>Bytes that they take.</summary>
    internal long StoredBytes => Interlocked.Read(ref _storedBytes);

    internal int LastPack => _packs.IsEmpty ? 0 : _packs.Keys.Max();

    /// <summary>Published packs, in order.</summary>
    internal IReadOnlyList<PackState> Packs => [.. _packs.Values.OrderBy(static pack => pack.Number)];

    /// <summary>Told of every block that is put again; null while there is no groom. A full fence stands behind the setting.</summary>
    internal GroomMark? Mark
    {
        get => _mark;
        set
        {
            _mark = value;
            Interlocked.MemoryBarrier();
        }
    }

    internal static PackCatalogue Open(
        PackFolder folder,
        PackStoreOptions options,
        BlockHolds holds,
        CancellationToken cancellation
    )
    {
        var packs = folder.ListPacks();
        var rebuild = options.Rebuild;
        var catalogue = Recover(folder, options, holds, packs);
        if (catalogue is not null && rebuild is not null)
        {
            rebuild.Before(catalogue.Blocks);
            catalogue._index.Dispose();
            catalogue = null;
        }

        catalogue ??= Empty(folder, options, holds);
        try
        {
            foreach (var (number, length) in packs.Where(pack => !catalogue._packs.ContainsKey(pack.Key)))
            {
                cancellation.ThrowIfCancellationRequested();
                var isWhole = true;
                using var reader = new PackReader(folder.PathOf(number));
                var entries = reader.Entries(
                    (offset, what) =>
                    {
                        isWhole = false;
                        rebuild?.Found(reader.Name, offset, what);
                    }
                );
                catalogue.Add(
                    new PackState(number) { Length = length },
                    entries,
                    known => isWhole && number > known.Pack
                );
                rebuild?.Read(packs.Count);
            }

            rebuild?.Ended(catalogue.Blocks, catalogue.StoredBytes);
        }
        catch
        {
            catalogue._index.Dispose();
            throw;
        }

        return catalogue;
    }

    internal string PathOf(int pack) => _folder.PathOf(pack);

    internal bool TryFind(BlockId id, out BlockLocation location) => _index.TryFind(id, out location);

    /// <summary>Where the index has a block; null where it does not, and where it is known to be damaged there.</summary>
    internal PlacedBlock? Place(BlockId id) =>
        _index.TryFind(id, out var location)
        && _packs.TryGetValue(location.Pack, out var pack)
        && !_damaged.Has(id, location.Pack, location.Offset)
            ? new PlacedBlock(pack, location.Offset, location.StoredLength)
            : null;

    /// <summary>Blocks that are to be written anew when they are put.</summary>
    internal DamagedBlocks Damaged => _damaged;

    /// <summary>
    /// A block is put that stands there already. From now on the pack carries the holds' number, and a groom that has chosen it already marks the block;
    /// one that is past that says so here.
    /// </summary>
    /// <param name="place">
    /// Where it was found. It is to be looked for once more after this: where it stands somewhere else by then, that is to be claimed.
    /// </param>
    /// <returns>False where it must be written anew.</returns>
    internal bool TryClaim(PlacedBlock place)
    {
        // The order is what counts. A groom first shows its mark, then reads the stamps; condemns, then reads the marks; moves a block, then
        // reads the stamp of where it was. So either it sees what is done here, or this and the second look see what it has done.
        place.Pack.Touch(_holds.Clock);
        _mark?.Hit(place.Pack.Number, place.Offset);
        return !place.Pack.IsCondemned;
    }

    /// <summary>A pack was published: what stands in it is found there from now on.</summary>
    internal void Add(OpenPack pack)
    {
        Add(pack.State, pack.Entries, static _ => true);
        if (_damaged.Count > 0)
        {
            // Whatever was damaged stands here now.
            foreach (var entry in pack.Entries)
            {
                _damaged.Remove(entry.Id);
            }
        }
    }

    /// <summary>A pack of copies was published: those that are still found where they were copied from are found there from now on.</summary>
    /// <param name="pack">Durable.</param>
    /// <param name="copies">Of each entry, in order, where the index had it.</param>
    internal void Add(OpenPack pack, IReadOnlyList<BlockLocation> copies)
    {
        _packs[pack.Number] = pack.State;
        foreach (var (entry, from) in pack.Entries.Zip(copies))
        {
            lock (_changing)
            {
                if (_index.TryFind(entry.Id, out var now) && now == from)
                {
                    _index.Set(entry.Id, new BlockLocation(pack.Number, entry.StoredLength, entry.Offset));
                    _storedBytes += entry.StoredLength - now.StoredLength;
                }
            }
        }

        // Whoever claimed a block where it was has the pack's stamp for it: that holds for the copy too.
        Interlocked.MemoryBarrier();
        foreach (var source in copies.Select(static one => one.Pack).Distinct())
        {
            if (_packs.TryGetValue(source, out var was))
            {
                pack.State.Touch(was.Stamp);
            }
        }
    }

    /// <summary>The pack is not known any more, nor what is found in it alone.</summary>
    /// <param name="pack">Condemned; nothing of it that is needed is found there.</param>
    /// <param name="entries">All of them.</param>
    internal void Forget(PackState pack, IReadOnlyList<PackEntry> entries)
    {
        foreach (var entry in entries)
        {
            lock (_changing)
            {
                if (
                    _index.TryFind(entry.Id, out var location)
                    && location.Pack == pack.Number
                    && location.Offset == entry.Offset
                )
                {
                    _index.Remove(entry.Id);
                    _blocks--;
                    _storedBytes -= location.StoredLength;
                }
            }
        }

        _packs.TryRemove(pack.Number, out _);
    }

    /// <exception cref="BackupException">5001 where no pack has it, 5002 where it is damaged, 5030 and 5031 where there is no key to open it.</exception>
    internal PooledBytes Read(BlockId id)
    {
        BlockLocation? before = null;
        for (var attempt = 1; ; attempt++)
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
                return BlockCodecs.Decode(_keys, id, stored.Span, where);
            }
            catch (BackupException damage) when (damage.Number == BlockstoreErrors.BlockDamaged)
            {
                _damaged.Add(id, location);
                throw;
            }
            catch (FileNotFoundException) when (attempt < Attempts && location != before)
            {
                // It was moved between the two lines; where the index still says the same, the file is lost.
                before = location;
            }
            catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
            {
                _damaged.Add(id, location);
                throw BlockstoreErrors.Damaged(id, where, failure.Message, failure);
            }
        }
    }

    internal IEnumerable<StoredBlock> List(CancellationToken cancellation)
    {
        foreach (var pack in Packs)
        {
            if (OpenIfThere(pack) is not { } reader)
            {
                continue;
            }

            using (reader)
            {
                foreach (var entry in reader.Entries())
                {
                    cancellation.ThrowIfCancellationRequested();
                    // A block that stands in two packs (its index was lost meanwhile) is listed where the index has it.
                    if (
                        _index.TryFind(entry.Id, out var location)
                        && location.Pack == pack.Number
                        && location.Offset == entry.Offset
                    )
                    {
                        yield return new StoredBlock(entry.Id, entry.RawLength, entry.StoredLength);
                    }
                }
            }
        }
    }

    /// <summary>Writes the index down. Where that fails there is none next time, which costs time and nothing else.</summary>
    internal void Close()
    {
        _damaged.Save();
        try
        {
            _index.Write(_folder.Index);
            var packs = _packs.ToDictionary(static pack => pack.Key, static pack => pack.Value.Length);
            new IndexCover(packs, _blocks, _storedBytes).Write(_folder.Index);
        }
        catch (Exception failure) when (failure is IOException or BackupException)
        {
            // Without its cover the index is not read again.
        }
        finally
        {
            _index.Dispose();
        }
    }

    private static PackCatalogue? Recover(
        PackFolder folder,
        PackStoreOptions options,
        BlockHolds holds,
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

            // From now on the index changes: only another clean close makes it readable again.
            DurableFile.Delete(IndexCover.PathIn(folder.Index));
            var index = BlockIndex.Read(folder.Index);
            return new PackCatalogue(folder, index, holds, options.Keys, cover, rebuilt: false);
        }
        catch (Exception failure) when (failure is IOException or InvalidDataException)
        {
            // The packs have it all.
            return null;
        }
    }

    private static PackCatalogue Empty(PackFolder folder, PackStoreOptions options, BlockHolds holds)
    {
        folder.ClearIndex();
        return new PackCatalogue(
            folder,
            new BlockIndex(),
            holds,
            options.Keys,
            new IndexCover(new Dictionary<int, long>(), 0, 0),
            rebuilt: true
        );
    }

    private void Add(PackState pack, IReadOnlyList<PackEntry> entries, Func<BlockLocation, bool> replaces)
    {
        // First, so that whoever finds a block in it finds it, too.
        _packs[pack.Number] = pack;
        foreach (var entry in entries)
        {
            lock (_changing)
            {
                if (!_index.TryFind(entry.Id, out var known))
                {
                    _blocks++;
                }
                else if (replaces(known))
                {
                    _storedBytes -= known.StoredLength;
                }
                else
                {
                    continue;
                }

                _index.Set(entry.Id, new BlockLocation(pack.Number, entry.StoredLength, entry.Offset));
                _storedBytes += entry.StoredLength;
            }
        }
    }

    /// <summary>
    /// A check has found a block in a pack: where the index does not have it, or has it where something else stands, it has it here from now on.
    /// </summary>
    /// <returns>What was wrong with the index; null where nothing was.</returns>
    internal string? Learn(PackState pack, PackEntry entry)
    {
        if (_index.TryFind(entry.Id, out var known))
        {
            if ((known.Pack == pack.Number && known.Offset == entry.Offset) || StandsAt(entry.Id, known))
            {
                return null;
            }
        }
        else if (!_packs.ContainsKey(pack.Number))
        {
            return null;
        }

        Add(pack, [entry], was => was == known);
        return known == default ? "the index did not know it" : "the index had it where something else stands";
    }

    private bool StandsAt(BlockId id, BlockLocation place)
    {
        try
        {
            using var reader = new PackReader(_folder.PathOf(place.Pack));
            using var header = reader.Read(place.Offset, BlockHeader.Length);
            return BlockHeader.TryRead(header.Span, out var found) && found.Id == id;
        }
        catch (IOException)
        {
            return false;
        }
    }

    /// <summary>Null where it was given up meanwhile.</summary>
    private PackReader? OpenIfThere(PackState pack)
    {
        try
        {
            return new PackReader(_folder.PathOf(pack.Number));
        }
        catch (FileNotFoundException) when (!_packs.ContainsKey(pack.Number))
        {
            return null;
        }
    }
}
