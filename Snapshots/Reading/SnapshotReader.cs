using Backup.Blockstore;
using Backup.Oplog.Catalogues;
using Backup.Snapshots.Manifests;

namespace Backup.Snapshots.Reading;

/// <summary>
/// A snapshot's collections and their documents: in `_id` order, capped collections in natural order. Cursors of several collections may be
/// used side by side; one cursor belongs to one caller.
/// </summary>
public sealed class SnapshotReader
{
    private SnapshotReader() { }

    /// <exception cref="Foundation.Errors.BackupException">4003 where the manifest is damaged or of a newer format; 5001, 5002 of the store.</exception>
    public static Task<SnapshotReader> OpenAsync(
        IBlockStore store,
        BlockId manifest,
        CancellationToken cancellation = default
    ) => throw new NotSupportedException();

    public SnapshotManifest Manifest => throw new NotSupportedException();

    /// <summary>By database, then name, ordinal; views among them.</summary>
    public IReadOnlyList<CatalogueCollection> Collections => throw new NotSupportedException();

    /// <summary>The documents of one collection; none for a view.</summary>
    public DocumentCursor OpenCollection(Guid uuid) => throw new NotSupportedException();
}
