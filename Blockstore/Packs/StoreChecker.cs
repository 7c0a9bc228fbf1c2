using Backup.Foundation.Errors;

namespace Backup.Blockstore.Packs;

/// <summary>Reads every published pack from its first to its last byte, without the index, and reports whatever is not as it was written.</summary>
internal static class StoreChecker
{
    internal static StoreCheck Check(PackFolder folder, Action<StoreFinding> found, CancellationToken cancellation)
    {
        var total = new StoreCheck(0, 0, 0);
        foreach (var number in folder.ListPacks().Keys)
        {
            cancellation.ThrowIfCancellationRequested();
            using var pack = OpenIfThere(folder.PathOf(number));
            if (pack is null)
            {
                continue;
            }

            var one = Check(pack, found, cancellation);
            total = new StoreCheck(
                total.Blocks + one.Blocks,
                total.StoredBytes + one.StoredBytes,
                total.Findings + one.Findings
            );
        }

        return total;
    }

    /// <summary>Null where it was given up since it was listed.</summary>
    private static PackReader? OpenIfThere(string path)
    {
        try
        {
            return new PackReader(path);
        }
        catch (FileNotFoundException)
        {
            return null;
        }
    }

    private static StoreCheck Check(PackReader pack, Action<StoreFinding> found, CancellationToken cancellation)
    {
        long findings = 0;
        long bytes = 0;
        void Report(BlockId? id, long offset, string what)
        {
            findings++;
            found(new StoreFinding(id, pack.Name, offset, what));
        }

        var entries = pack.Entries((offset, what) => Report(null, offset, what));
        foreach (var entry in entries)
        {
            cancellation.ThrowIfCancellationRequested();
            bytes += entry.StoredLength;
            try
            {
                using var stored = pack.Read(entry.Offset, entry.StoredLength);
                BlockCodecs.Decode(entry.Id, stored.Span, pack.Name).Dispose();
            }
            catch (BackupException damage)
            {
                Report(entry.Id, entry.Offset, damage.Message);
            }
            catch (IOException failure)
            {
                Report(entry.Id, entry.Offset, failure.Message);
            }
        }

        return new StoreCheck(entries.Count, bytes, findings);
    }
}
