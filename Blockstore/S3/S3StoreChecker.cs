using Backup.Blockstore.Packs;
using Backup.Blockstore.Sealing;
using Backup.Foundation.Errors;

namespace Backup.Blockstore.S3;

/// <summary>Reads packs back, all of them or a part, and reports what is not as it was written.</summary>
/// <param name="blobs">Where the packs are.</param>
/// <param name="index">Refreshed.</param>
/// <param name="keys">Sealed blocks that none of them opens are checked by their checksums alone.</param>
/// <param name="found">Told of damages.</param>
internal sealed class S3StoreChecker(IBlobs blobs, S3Index index, ISealingKeys keys, Action<StoreFinding> found)
{
    private readonly HashSet<BlockId> _listed = [];
    private long _bytes;
    private long _findings;
    private long _locked;

    internal async Task<StoreCheck> CheckAsync(
        CheckOptions options,
        Action<double, long>? progress,
        CancellationToken cancellation
    )
    {
        foreach (var pack in index.Gone)
        {
            Report(null, pack.Key, 0, "the pack is gone");
        }

        var packs = index.Packs;
        foreach (var (n, pack) in packs.Index())
        {
            var entries = await ListAsync(pack, cancellation);
            // Another part each time: after a while it was all of them.
            if (options.ReadShare >= 1 || Random.Shared.NextDouble() < options.ReadShare)
            {
                await ReadAsync(pack, entries, cancellation);
            }

            progress?.Invoke((n + 1.0) / packs.Count, _bytes);
        }

        return new StoreCheck(_listed.Count, _bytes, _findings, _locked);
    }

    private async Task<List<PackEntry>?> ListAsync(S3Pack pack, CancellationToken cancellation)
    {
        using var list = await blobs.GetAsync(pack.ListKey, cancellation);
        if (list is null)
        {
            // A groom has removed it since the packs were listed, or somebody else has.
            return null;
        }

        var entries = S3PackBytes.FromList(list.Span);
        if (entries is null)
        {
            Report(null, pack.ListKey, 0, "the list of a pack's blocks is damaged");
        }

        _listed.UnionWith((entries ?? []).Select(static entry => entry.Id));
        return entries;
    }

    private async Task ReadAsync(S3Pack pack, List<PackEntry>? listed, CancellationToken cancellation)
    {
        using var whole = await blobs.GetAsync(pack.Key, cancellation);
        if (whole is null)
        {
            // A groom has removed it since the packs were listed; else the next check finds it gone.
            return;
        }

        _bytes += whole.Length;
        var entries = S3PackBytes.FromPack(whole.Span, (offset, what) => Report(null, pack.Key, offset, what));
        _listed.UnionWith(entries.Select(static entry => entry.Id));
        foreach (var entry in listed ?? entries)
        {
            cancellation.ThrowIfCancellationRequested();
            if (Wrong(pack, whole.Span, entry) is { } wrong)
            {
                Report(entry.Id, pack.Key, entry.Offset, wrong);
                await index.TellDamageAsync(entry.Id, pack, cancellation);
            }
            else if (index.IsDamaged(entry.Id, pack))
            {
                // The pack was brought back from a copy.
                await index.ForgetDamageAsync(null, pack, cancellation);
                await index.ForgetDamageAsync(entry.Id, pack, cancellation);
            }
        }
    }

    private string? Wrong(S3Pack pack, ReadOnlySpan<byte> whole, PackEntry entry)
    {
        if (entry.Offset + entry.StoredLength > whole.Length)
        {
            return $"block {entry.Id} is damaged: the pack ends before it does";
        }

        try
        {
            var stored = whole.Slice((int)entry.Offset, entry.StoredLength);
            BlockCodecs.Decode(keys, entry.Id, stored, $"{pack.Key}, offset {entry.Offset}").Dispose();
        }
        catch (BackupException locked) when (BlockstoreErrors.IsLocked(locked))
        {
            // It is as it was stored: its checksums fit.
            _locked++;
        }
        catch (BackupException damaged) when (damaged.Number == BlockstoreErrors.BlockDamaged)
        {
            return damaged.Message;
        }

        return null;
    }

    private void Report(BlockId? id, string where, long offset, string what)
    {
        _findings++;
        found(new StoreFinding(id, where, offset, what));
    }
}
