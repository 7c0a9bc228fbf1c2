namespace Backup.Blockstore.Grooming;

/// <summary>What is held, as a groom asks for it: of one process, or of all that share a store. Asked in rounds, until in one of them nobody went missing.</summary>
internal interface IHeldRoots
{
    /// <summary>Begins a round: what is held now. Called before anything durable is listed.</summary>
    Task<IReadOnlyList<BlockId>> BeforeListAsync(CancellationToken cancellation);

    /// <summary>Waits for everybody who looks now; then what is held, and what was at any time since the first call.</summary>
    Task<HeldLater> AfterLooksAsync(CancellationToken cancellation);
}

/// <param name="Roots">What is held.</param>
/// <param name="IsAnyGone">
/// Somebody is gone without having told what he held; what he made durable since it was listed is to be found in another round. Listing it now is not
/// enough: it may have been taken hold of by one who has answered, and been given up since.
/// </param>
internal readonly record struct HeldLater(IReadOnlyList<BlockId> Roots, bool IsAnyGone);

/// <summary>Of this process, which alone has the store open.</summary>
/// <param name="watch">Begun before anything else.</param>
/// <param name="holds">That it watches.</param>
/// <remarks>
/// Roots that the store does not have are among them: they may stand in another store, and what is below them in this one; or who holds them came too late,
/// which <see cref="RootMarking"/> passes over.
/// </remarks>
internal sealed class OwnHeldRoots(HoldWatch watch, BlockHolds holds) : IHeldRoots
{
    public Task<IReadOnlyList<BlockId>> BeforeListAsync(CancellationToken cancellation) =>
        Task.FromResult<IReadOnlyList<BlockId>>(watch.Roots());

    public async Task<HeldLater> AfterLooksAsync(CancellationToken cancellation)
    {
        await holds.LooksEndedAsync().WaitAsync(cancellation);
        return new HeldLater(watch.Roots(), IsAnyGone: false);
    }
}
