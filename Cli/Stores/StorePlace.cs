using System.Text;
using Backup.Blockstore;
using Backup.Blockstore.Sealing;
using Backup.Blockstore.Shared;
using Backup.Foundation.Errors;
using Backup.Metadata;

namespace Backup.Cli.Stores;

/// <summary>Where blocks and slices are kept, as it is configured; nothing is opened by making one.</summary>
/// <param name="Name">By which people and the catalogue know it.</param>
internal abstract record StorePlace(string Name)
{
    /// <summary>The store of an appliance that names none: packs in its data folder.</summary>
    internal const string EmbeddedName = "embedded";

    /// <summary>Of the object with the note; persisted.</summary>
    private const string NoteName = "appliance/catalogue";

    /// <summary>What groups may ask of it, as it is configured.</summary>
    internal IReadOnlyList<string> Tags { get; init; } = [];

    /// <summary>As the catalogue is asked about it.</summary>
    internal TaggedStore Tagged => new(Name, Tags);

    /// <summary><c>packs</c>, <c>mongodb</c> or <c>s3</c>.</summary>
    internal abstract string Kind { get; }

    /// <summary>For people; without passwords.</summary>
    internal abstract string Where { get; }

    /// <summary>Whether several processes use it at the same time.</summary>
    internal abstract bool IsShared { get; }

    /// <summary>The folder on this host that it fills; null where it fills none.</summary>
    internal virtual string? Folder => null;

    /// <summary>The folder around it, which also has its slices; null where it fills none.</summary>
    internal string? BaseFolder => Path.GetDirectoryName(Folder);

    /// <param name="keys">What sealed blocks are opened with.</param>
    /// <param name="fence">Where what refers to blocks is written down; null: nothing is put.</param>
    /// <param name="cancellation">Gives up.</param>
    /// <exception cref="BackupException">5004, 5008, 5061 and others where it cannot be opened.</exception>
    internal abstract Task<OpenBlocks> OpenBlocksAsync(
        ISealingKeys keys,
        IPublicationFence? fence,
        CancellationToken cancellation
    );

    /// <exception cref="BackupException">As of <see cref="OpenBlocksAsync"/>.</exception>
    internal abstract Task<OpenObjects> OpenObjectsAsync(CancellationToken cancellation);

    /// <summary>Whether there may be slices: false where there is not even a place for them.</summary>
    internal virtual bool MayHaveSlices => true;

    /// <summary>What is noted at the store of the catalogue that it belongs to; null: nothing.</summary>
    /// <exception cref="BackupException">As of <see cref="OpenBlocksAsync"/>.</exception>
    internal virtual async Task<string?> NoteAsync(CancellationToken cancellation)
    {
        await using var objects = await OpenObjectsAsync(cancellation);
        try
        {
            using var content = await objects.Store.GetAsync(NoteName, cancellation);
            return Encoding.UTF8.GetString(content.Memory.Span);
        }
        catch (BackupException missing) when (missing.Number == BlockstoreErrors.ObjectMissing)
        {
            return null;
        }
    }

    /// <summary>In the place of the note before.</summary>
    /// <exception cref="BackupException">As of <see cref="OpenBlocksAsync"/>.</exception>
    internal virtual async Task SetNoteAsync(string text, CancellationToken cancellation)
    {
        await using var objects = await OpenObjectsAsync(cancellation);
        await objects.Store.PutAsync(NoteName, Encoding.UTF8.GetBytes(text), cancellation);
    }
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
