using Backup.Foundation.Files;

namespace Backup.Blockstore.Packs;

/// <summary>What became of some packs.</summary>
/// <param name="Removed">How many were removed; those that were found damaged stay.</param>
/// <param name="CopiedBytes">Of blocks that were copied.</param>
internal readonly record struct MovedPacks(int Removed, long CopiedBytes);

/// <summary>
/// Takes what is needed out of packs, as it is stored, and removes them. Every copy is checked against its checksum, and that it is the block that it
/// should be. See <see cref="PackGroom"/> for why the order of things is as it is.
/// </summary>
/// <param name="catalogue">Where the packs are known.</param>
/// <param name="room">Where copies go.</param>
/// <param name="found">Told of damages.</param>
internal sealed class PackMover(PackCatalogue catalogue, GroomRoom room, Action<StoreFinding> found)
{
    /// <summary>Bytes that are read along rather than asking twice.</summary>
    private const int SmallGap = 64 << 10;

    /// <summary>Bytes of all packs that were removed.</summary>
    internal long RemovedBytes { get; private set; }

    /// <summary>Bytes of all packs that were written.</summary>
    internal long WrittenBytes { get; private set; }

    /// <summary>Copies, then removes.</summary>
    /// <param name="packs">Marked, and chosen.</param>
    /// <param name="cancellation">Before a pack is condemned everything is left as it was; copies that are durable stay.</param>
    internal MovedPacks Move(IReadOnlyList<PackMarks> packs, CancellationToken cancellation)
    {
        var sources = packs.Select(pack => new Source(pack)).ToList();
        var copied = Copy(sources, cancellation);
        foreach (var source in sources)
        {
            source.Marks.State.Condemn();
        }

        room.Passed(GroomStep.Condemned);
        try
        {
            // What was put again between the copying and the condemning.
            copied += Copy(sources, CancellationToken.None);
        }
        catch
        {
            // Nothing was taken off the index: as before, blocks that are put may stand there.
            sources.ForEach(static source => source.Marks.State.Condemn(isCondemned: false));
            throw;
        }

        var gone = new List<string>();
        foreach (var source in sources)
        {
            if (!source.Marks.IsSound || source.Entries is not { } entries)
            {
                source.Marks.State.Condemn(isCondemned: false);
                continue;
            }

            catalogue.Forget(source.Marks.State, entries);
            room.Passed(GroomStep.Forgotten);
            gone.Add(Path.GetFileName(catalogue.PathOf(source.Marks.State.Number)));
            RemovedBytes += source.Marks.State.Length;
        }

        DurableFile.DeleteAll(room.Folder, gone);
        room.Passed(GroomStep.Deleted);
        return new MovedPacks(gone.Count, copied);
    }

    /// <summary>Copies every block that is needed and is not copied yet; they are found in their new places when this is back.</summary>
    private long Copy(List<Source> sources, CancellationToken cancellation)
    {
        using var target = new CopyTarget(catalogue, room);
        for (var n = 0; n < sources.Count; n++)
        {
            var source = sources[n];
            if (!source.Marks.IsSound)
            {
                continue;
            }

            cancellation.ThrowIfCancellationRequested();
            try
            {
                if (n + 1 < sources.Count)
                {
                    // The disk reads the next one while this one is looked at and written.
                    Announce(sources[n + 1]);
                }

                Copy(source, target);
            }
            catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
            {
                Distrust(source, 0, null, failure.Message);
            }
        }

        target.Complete();
        WrittenBytes += target.WrittenBytes;
        return target.CopiedBytes;
    }

    private void Copy(Source source, CopyTarget target)
    {
        var marks = source.Marks;
        using var reader = new PackReader(catalogue.PathOf(marks.State.Number));
        var entries = source.Entries ??= reader.Entries();
        if (entries.Count != marks.Count)
        {
            Distrust(source, 0, null, "its list is not what it was");
            return;
        }

        for (var block = 0; block < entries.Count && marks.IsSound; block++)
        {
            var entry = entries[block];
            if (source.IsDone(block))
            {
                continue;
            }

            var here = new BlockLocation(marks.State.Number, entry.StoredLength, entry.Offset);
            if (marks.IsLive(block))
            {
                source.SetDone(block);
                CopyBlock(source, reader, entry, here, target);
            }
            else if (IsLastGoodCopy(entry, here, out var damaged))
            {
                source.SetDone(block);
                CopyBlock(source, reader, entry, damaged, target);
            }
        }
    }

    /// <summary>Asks for what is needed of a pack, each stretch with its small gaps as one.</summary>
    private void Announce(Source source)
    {
        var marks = source.Marks;
        if (!marks.IsSound || source.IsAnnounced)
        {
            return;
        }

        source.IsAnnounced = true;
        using var reader = new PackReader(catalogue.PathOf(marks.State.Number));
        var (begin, end) = (0L, 0L);
        for (var block = 0; block < marks.Count; block++)
        {
            if (!marks.IsLive(block))
            {
                continue;
            }

            var (offset, length) = (marks.OffsetOf(block), marks.LengthOf(block));
            if (offset > end + SmallGap)
            {
                Ask();
                begin = offset;
            }

            end = offset + length;
        }

        Ask();

        void Ask()
        {
            if (end > begin)
            {
                reader.Announce(begin, end - begin);
            }
        }
    }

    private void CopyBlock(Source source, PackReader reader, PackEntry entry, BlockLocation from, CopyTarget target)
    {
        using var stored = reader.Read(entry.Offset, entry.StoredLength);
        if (BlockCodecs.IsIntact(entry.Id, stored.Span))
        {
            target.Append(entry, stored.Span, from);
        }
        else
        {
            Distrust(source, entry.Offset, entry.Id, "a block that is needed is damaged");
        }
    }

    /// <summary>A second copy, of which the first one, which counts, is damaged.</summary>
    private bool IsLastGoodCopy(PackEntry entry, BlockLocation here, out BlockLocation damaged)
    {
        if (!catalogue.TryFind(entry.Id, out damaged) || damaged == here)
        {
            return false;
        }

        try
        {
            using var other = new PackReader(catalogue.PathOf(damaged.Pack));
            using var stored = other.Read(damaged.Offset, damaged.StoredLength);
            return !BlockCodecs.IsIntact(entry.Id, stored.Span);
        }
        catch (IOException)
        {
            return true;
        }
    }

    private void Distrust(Source source, long offset, BlockId? id, string what)
    {
        source.Marks.Distrust();
        var name = Path.GetFileName(catalogue.PathOf(source.Marks.State.Number));
        found(new StoreFinding(id, name, offset, $"{what}; the pack is kept"));
    }

    /// <summary>A pack, and which of its blocks are copied.</summary>
    private sealed class Source(PackMarks marks)
    {
        private readonly System.Collections.BitArray _done = new(marks.Count);

        internal PackMarks Marks => marks;

        internal List<PackEntry>? Entries { get; set; }

        internal bool IsAnnounced { get; set; }

        internal bool IsDone(int block) => _done[block];

        internal void SetDone(int block) => _done[block] = true;
    }
}

/// <summary>Packs that copies are appended to; what was not completed is thrown away.</summary>
internal sealed class CopyTarget(PackCatalogue catalogue, GroomRoom room) : IDisposable
{
    /// <summary>Bytes after which the disk is given them, so that the fsync has little left to wait for.</summary>
    private const long Portion = 4 << 20;

    private readonly List<BlockLocation> _from = [];
    private OpenPack? _pack;
    private long _given;

    /// <summary>Bytes of blocks.</summary>
    internal long CopiedBytes { get; private set; }

    /// <summary>Bytes of packs.</summary>
    internal long WrittenBytes { get; private set; }

    /// <param name="entry">Of the block.</param>
    /// <param name="stored">Its stored bytes, intact.</param>
    /// <param name="from">Where the index has it.</param>
    internal void Append(PackEntry entry, ReadOnlySpan<byte> stored, BlockLocation from)
    {
        if (_pack is null)
        {
            (_pack, _given) = (room.NewPack(), 0);
        }

        _pack.Append(entry.Id, stored, entry.RawLength);
        _from.Add(from);
        if (_pack.Length - _given >= Portion)
        {
            _given = _pack.BeginWriting(_given);
        }

        CopiedBytes += stored.Length;
        if (_pack.Length >= room.PackBytes)
        {
            Complete();
        }
    }

    /// <summary>Durable, and found in its new place, when this is back.</summary>
    internal void Complete()
    {
        if (_pack is not { } pack)
        {
            return;
        }

        room.Passed(GroomStep.Copied);
        pack.Publish();
        room.Passed(GroomStep.Published);
        catalogue.Add(pack, _from);
        room.Passed(GroomStep.Found);
        WrittenBytes += pack.Length;
        _from.Clear();
        _pack = null;
    }

    public void Dispose() => _pack?.Dispose();
}
