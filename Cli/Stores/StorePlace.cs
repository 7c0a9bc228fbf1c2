using Backup.Blockstore;
using Backup.Blockstore.Sealing;
using Backup.Blockstore.Shared;

namespace Backup.Cli.Stores;

/// <summary>Where blocks and slices are kept, as it is configured; nothing is opened by making one.</summary>
/// <param name="Name">By which people and the catalogue know it.</param>
internal abstract record StorePlace(string Name)
{
    /// <summary>The store of an appliance that names none: packs in its data folder.</summary>
    internal const string EmbeddedName = "embedded";

    /// <summary><c>packs</c>, <c>mongodb</c> or <c>s3</c>.</summary>
    internal abstract string Kind { get; }

    /// <summary>For people; without passwords.</summary>
    internal abstract string Where { get; }

    /// <summary>Whether several processes use it at the same time.</summary>
    internal abstract bool IsShared { get; }

    /// <summary>The folder on this host that it fills; null where it fills none.</summary>
    internal virtual string? Folder => null;

    /// <param name="keys">What sealed blocks are opened with.</param>
    /// <param name="fence">Where what refers to blocks is written down.</param>
    /// <param name="cancellation">Gives up.</param>
    /// <exception cref="Foundation.Errors.BackupException">5004, 5008, 5061 and others where it cannot be opened.</exception>
    internal abstract Task<OpenBlocks> OpenBlocksAsync(
        KeyRing keys,
        IPublicationFence? fence,
        CancellationToken cancellation
    );

    /// <exception cref="Foundation.Errors.BackupException">As of <see cref="OpenBlocksAsync"/>.</exception>
    internal abstract Task<OpenObjects> OpenObjectsAsync(CancellationToken cancellation);
}

/// <summary>A block store that is open, with what has to be closed after it.</summary>
/// <param name="Store">It belongs to this.</param>
/// <param name="HasStopped">Nothing more is accepted until it is opened again.</param>
/// <param name="Beneath">Closed after it; null: nothing.</param>
internal sealed record OpenBlocks(ISealingStore Store, Func<bool> HasStopped, IAsyncDisposable? Beneath = null)
    : IAsyncDisposable
{
    public async ValueTask DisposeAsync()
    {
        try
        {
            await Store.DisposeAsync();
        }
        finally
        {
            await (Beneath?.DisposeAsync() ?? ValueTask.CompletedTask);
        }
    }
}

/// <summary>A store of slices that is open, with what has to be closed after it.</summary>
/// <param name="Store">Not sealed.</param>
/// <param name="Beneath">Closed with it; null: nothing.</param>
internal sealed record OpenObjects(IObjectStore Store, IAsyncDisposable? Beneath = null) : IAsyncDisposable
{
    public ValueTask DisposeAsync() => Beneath?.DisposeAsync() ?? ValueTask.CompletedTask;
}
