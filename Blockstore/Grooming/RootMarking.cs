using Backup.Foundation.Errors;

namespace Backup.Blockstore.Grooming;

/// <summary>Marks everything that is needed, in the order in which nothing is missed; see <see cref="Packs.PackGroom"/>.</summary>
/// <param name="held">What is in work.</param>
/// <param name="roots">What is durable, and what refers to what.</param>
/// <param name="marks">Where it is marked.</param>
internal sealed class RootMarking(IHeldRoots held, IBlockRoots roots, IBlockMarks marks)
{
    private const int MostNames = 20;

    private readonly List<(string Name, BackupException Failure)> _failures = [];
    private readonly HashSet<BlockId> _traced = [];

    /// <param name="progress">Told how far it is, 0 to 1.</param>
    /// <param name="cancellation">Stops between roots.</param>
    /// <exception cref="BackupException">5013 where something that refers to others cannot be read.</exception>
    internal async Task RunAsync(Action<double> progress, CancellationToken cancellation)
    {
        while (await IsAnyGoneAsync(progress, cancellation))
        {
            // Another round: what an earlier one has marked stays marked.
        }

        if (_failures is [var worst, ..])
        {
            throw BlockstoreErrors.Blind(
                [.. _failures.Take(MostNames).Select(static one => $"{one.Name}: {one.Failure.Message}")],
                _failures.Count,
                worst.Failure
            );
        }
    }

    /// <summary>One round.</summary>
    private async Task<bool> IsAnyGoneAsync(Action<double> progress, CancellationToken cancellation)
    {
        _failures.Clear();
        // Holds are asked first and gone through last: what is wrong below something durable must not be found below a hold.
        var first = Held(await held.BeforeListAsync(cancellation));
        var all = (await DurableAsync(cancellation)).Concat(first).OrderBy(static one => one.IsHold).ToList();
        foreach (var (n, root) in all.Index())
        {
            progress((double)n / all.Count);
            await TryTraceAsync(root, cancellation);
        }

        progress(1);
        var later = await held.AfterLooksAsync(cancellation);
        foreach (var root in Held(later.Roots))
        {
            await TryTraceAsync(root, cancellation);
        }

        return later.IsAnyGone;
    }

    /// <summary>A snapshot and the head that it was taken of have the same root: all of them are told of what is wrong with it.</summary>
    private static BlockRoot Named(IGrouping<(BlockId Id, bool IsHold), BlockRoot> same) =>
        new(same.Key.Id, string.Join(", ", same.Select(static one => one.Name)), same.Key.IsHold);

    private static IEnumerable<BlockRoot> Held(IReadOnlyList<BlockId> ids) =>
        ids.Select(static id => new BlockRoot(id, "What is in work", IsHold: true));

    private async Task<IEnumerable<BlockRoot>> DurableAsync(CancellationToken cancellation) =>
        (await roots.ListAsync(cancellation)).GroupBy(static one => (one.Id, one.IsHold)).Select(Named);

    private async Task TryTraceAsync(BlockRoot root, CancellationToken cancellation)
    {
        cancellation.ThrowIfCancellationRequested();
        if (_traced.Contains(root.Id))
        {
            return;
        }

        try
        {
            await roots.TraceAsync(root.Id, marks, cancellation);
            _traced.Add(root.Id);
        }
        catch (BackupException missing) when (root.IsHold && missing.Number == BlockstoreErrors.BlockMissing)
        {
            // Nothing that was held in time is ever removed.
        }
        catch (BackupException gone) when (gone.Number == BlockstoreErrors.KeyDestroyed)
        {
            // The keys of its group were destroyed: nobody ever reads what is below it.
        }
        catch (BackupException failure)
        {
            _failures.Add((root.Name, failure));
        }
    }
}
