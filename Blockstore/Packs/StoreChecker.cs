using Backup.Blockstore.Sealing;
using Backup.Foundation.Errors;

namespace Backup.Blockstore.Packs;

/// <summary>
/// Reads published packs, all of them or a part, and reports whatever is not as it was written: in packs, between packs and the index, and files that
/// should not be there or are gone. Not beside a groom.
/// </summary>
/// <param name="catalogue">Where the packs are known.</param>
/// <param name="folder">Where they are.</param>
/// <param name="keys">Sealed blocks that none of them opens are checked by their checksums alone.</param>
/// <param name="found">Told of damages.</param>
internal sealed class StoreChecker(
    PackCatalogue catalogue,
    PackFolder folder,
    ISealingKeys keys,
    Action<StoreFinding> found
)
{
    private long _blocks;
    private long _bytes;
    private long _findings;
    private long _locked;

    internal StoreCheck Check(CheckOptions options, Action<double, long>? progress, CancellationToken cancellation)
    {
        var packs = catalogue.Packs;
        CheckFiles(packs);
        foreach (var (n, pack) in packs.Index())
        {
            cancellation.ThrowIfCancellationRequested();
            // Another part each time: after a while it was all of them.
            Check(pack, options.ReadShare >= 1 || Random.Shared.NextDouble() < options.ReadShare, cancellation);
            progress?.Invoke((n + 1.0) / packs.Count, _bytes);
        }

        catalogue.Damaged.Save();
        return new StoreCheck(_blocks, _bytes, _findings, _locked);
    }

    private void CheckFiles(IReadOnlyList<PackState> packs)
    {
        var known = packs.Select(pack => folder.PathOf(pack.Number)).ToHashSet(StringComparer.Ordinal);
        foreach (var path in Directory.EnumerateFiles(folder.Packs))
        {
            var isOurs =
                known.Contains(path)
                || path.EndsWith(Foundation.Files.DurableFile.TemporarySuffix, StringComparison.Ordinal)
                // Published since the packs were listed.
                || catalogue.Packs.Any(pack => folder.PathOf(pack.Number) == path);
            if (!isOurs)
            {
                Report(null, Path.GetFileName(path), 0, "the file is none of this store's, or came while it was open");
            }
        }
    }

    private void Check(PackState pack, bool reads, CancellationToken cancellation)
    {
        var name = Path.GetFileName(folder.PathOf(pack.Number));
        void Isolate(long offset, string what)
        {
            // Which blocks it had besides those that are found is not known: all of them are written anew when they are put.
            pack.Condemn();
            Report(null, name, offset, what);
        }

        try
        {
            using var reader = new PackReader(folder.PathOf(pack.Number));
            if (reader.Length != pack.Length)
            {
                Isolate(reader.Length, $"the pack had {pack.Length} bytes and has {reader.Length}");
            }

            foreach (var entry in reader.Entries(Isolate))
            {
                cancellation.ThrowIfCancellationRequested();
                _blocks++;
                CheckBlock(pack, reader, entry, reads);
            }
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            Isolate(0, $"the pack cannot be read: {failure.Message}");
        }
    }

    private void CheckBlock(PackState pack, PackReader reader, PackEntry entry, bool reads)
    {
        if (reads && !IsWhole(pack, reader, entry))
        {
            return;
        }

        if (catalogue.Learn(pack, entry) is { } wrong)
        {
            Report(entry.Id, reader.Name, entry.Offset, $"{wrong}; that is mended");
        }
    }

    private bool IsWhole(PackState pack, PackReader reader, PackEntry entry)
    {
        var here = new BlockLocation(pack.Number, entry.StoredLength, entry.Offset);
        try
        {
            using var stored = reader.Read(entry.Offset, entry.StoredLength);
            _bytes += entry.StoredLength;
            Decode(entry.Id, stored.Span, reader.Name);
            if (catalogue.Damaged.Has(entry.Id, pack.Number, entry.Offset))
            {
                // The pack was brought back from a copy.
                catalogue.Damaged.Remove(entry.Id);
            }

            return true;
        }
        catch (Exception failure) when (failure is BackupException or IOException)
        {
            if (catalogue.TryFind(entry.Id, out var counted) && counted == here)
            {
                catalogue.Damaged.Add(entry.Id, here);
            }

            Report(entry.Id, reader.Name, entry.Offset, failure.Message);
            return false;
        }
    }

    private void Decode(BlockId id, ReadOnlySpan<byte> stored, string where)
    {
        try
        {
            BlockCodecs.Decode(keys, id, stored, where).Dispose();
        }
        catch (BackupException locked) when (BlockstoreErrors.IsLocked(locked))
        {
            // It is as it was stored: its checksums fit.
            _locked++;
        }
    }

    private void Report(BlockId? id, string where, long offset, string what)
    {
        _findings++;
        found(new StoreFinding(id, where, offset, what));
    }
}
