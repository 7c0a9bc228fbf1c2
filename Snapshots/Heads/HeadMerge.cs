using Backup.Blockstore;
using Backup.Blockstore.Grooming;
using Backup.Foundation.Errors;
using Backup.Oplog.Catalogues;
using Backup.Snapshots.Reading;
using Backup.Snapshots.Runs;

namespace Backup.Snapshots.Heads;

/// <summary>One merge of a head's runs.</summary>
internal static class HeadMerge
{
    /// <returns>False where the collection was emptied or dropped meanwhile: the result is thrown away.</returns>
    internal static async Task<bool> MergeAsync(
        IBlockStore store,
        CollectionState state,
        int newest,
        HeadOptions options,
        CancellationToken cancellation
    )
    {
        RunReference[] all;
        BlockHold work;
        using (store.Holds.Look())
        {
            // The head may drop them meanwhile; what comes out is the head's before this ends.
            all = state.RunsNow();
            work = store.Holds.Begin([.. all.Select(static run => run.Root)]);
        }

        using var held = work;
        var definition = state.Definition;
        try
        {
            return await MergeAsync(store, state, all, newest, definition, options, cancellation);
        }
        catch (BackupException tooLarge) when (tooLarge.Number == SnapshotsErrors.RecordTooLarge && newest < all.Length)
        {
            // Kept updates of one document that come to more than a record: with its base at hand they become the document.
            return await MergeAsync(store, state, all, all.Length, definition, options, cancellation);
        }
    }

    private static async Task<bool> MergeAsync(
        IBlockStore store,
        CollectionState state,
        RunReference[] all,
        int newest,
        CatalogueCollection? definition,
        HeadOptions options,
        CancellationToken cancellation
    )
    {
        var toOldest = newest == all.Length;
        var runs = all[..newest];
        var name = definition?.Namespace ?? state.Uuid.ToString();
        ulong first = 0;
        if (toOldest && definition is { IsCapped: true } && state.Limits != CappedLimits.None)
        {
            var limits = state.Limits;
            MergingCursor Open() => new([.. runs.Select(run => new RunCursor(store, run.Root))], name);
            first = await CappedWindow.FirstOrdinalAsync(Open, limits, cancellation);
        }

        var how = new MergeOptions(name, toOldest, first, options.WriteConcurrency);
        var merged = await RunMerger.MergeAsync(store, runs, how, cancellation);
        return state.TryReplace(runs, merged);
    }
}
