namespace Backup.Blockstore.Grooming;

/// <summary>What is held, as a groom asks for it: of one process, or of all that share a store.</summary>
internal interface IHeldRoots
{
    /// <summary>What is held now. Called before anything durable is listed.</summary>
    Task<IReadOnlyList<BlockId>> BeforeListAsync(CancellationToken cancellation);

    /// <summary>Waits for everybody who looks now; then what is held, and what was at any time since the first call.</summary>
    Task<HeldLater> AfterLooksAsync(CancellationToken cancellation);
}

/// <param name="Roots">What is held.</param>
/// <param name="ListsAgain">Whether what is durable has to be listed once more: somebody is gone without having told what he held.</param>
internal readonly record struct HeldLater(IReadOnlyList<BlockId> Roots, bool ListsAgain);

/// <summary>Of this process, which alone has the store open.</summary>
/// <param name="watch">Begun before anything else.</param>
/// <param name="holds">That it watches.</param>
/// <param name="isThere">Whether the store has a block.</param>
internal sealed class OwnHeldRoots(HoldWatch watch, BlockHolds holds, Func<BlockId, bool> isThere) : IHeldRoots
{
    public Task<IReadOnlyList<BlockId>> BeforeListAsync(CancellationToken cancellation) => Task.FromResult(Roots());

    public async Task<HeldLater> AfterLooksAsync(CancellationToken cancellation)
    {
        await holds.LooksEndedAsync().WaitAsync(cancellation);
        return new HeldLater(Roots(), ListsAgain: false);
    }

    /// <summary>Who holds what is not there any more came too late, and finds that out when reading.</summary>
    private IReadOnlyList<BlockId> Roots() => [.. watch.Roots().Where(isThere)];
}
