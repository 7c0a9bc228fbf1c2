using Backup.Blockstore;
using Backup.Oplog.Catalogues;
using Backup.Snapshots.Manifests;
using Backup.Snapshots.Runs;

namespace Backup.Snapshots.Reading;

/// <summary>
/// A snapshot's collections and their documents: in `_id` order, capped collections in natural order. Cursors of several collections may be
/// used side by side; one cursor belongs to one caller.
/// </summary>
public sealed class SnapshotReader
{
    private readonly IBlockStore _store;
    private readonly Func<Guid, IEnumerable<RecordCursor>> _overlay;
    private readonly Dictionary<Guid, ManifestCollection> _byUuid;

    /// <param name="store">Of the runs.</param>
    /// <param name="manifest">What to read.</param>
    /// <param name="overlay">Layers above the runs, newest first; null for none.</param>
    internal SnapshotReader(
        IBlockStore store,
        SnapshotManifest manifest,
        Func<Guid, IEnumerable<RecordCursor>>? overlay = null
    )
    {
        _store = store;
        _overlay = overlay ?? (static _ => []);
        Manifest = manifest;
        _byUuid = manifest.Collections.ToDictionary(one => one.Definition.Uuid);
        Collections =
        [
            .. manifest
                .Collections.Select(one => one.Definition)
                .OrderBy(one => one.Database, StringComparer.Ordinal)
                .ThenBy(one => one.Name, StringComparer.Ordinal),
        ];
    }

    /// <exception cref="Foundation.Errors.BackupException">4003 where the manifest is damaged, 4006 where it is of a newer format; 5001, 5002 of the store.</exception>
    public static async Task<SnapshotReader> OpenAsync(
        IBlockStore store,
        BlockId manifest,
        CancellationToken cancellation = default
    ) => new(store, await ManifestStore.ReadAsync(store, manifest, cancellation));

    public SnapshotManifest Manifest { get; }

    /// <summary>By database, then name, ordinal; views among them.</summary>
    public IReadOnlyList<CatalogueCollection> Collections { get; }

    /// <summary>The documents of one collection; none for a view.</summary>
    public DocumentCursor OpenCollection(Guid uuid)
    {
        var collection = _byUuid[uuid];
        var documents = Merge(collection);
        return collection.Definition.IsCapped ? new NaturalOrderCursor(documents, collection.Limits) : documents;
    }

    /// <summary>The documents in `_id` order, also of a capped collection; what a capped one has overwritten is left out.</summary>
    internal async ValueTask<DocumentCursor> OpenInIdOrderAsync(Guid uuid, CancellationToken cancellation)
    {
        var collection = _byUuid[uuid];
        if (!collection.Definition.IsCapped)
        {
            return Merge(collection);
        }

        var limits = collection.Limits;
        var first = await CappedWindow.FirstOrdinalAsync(() => Merge(collection), limits, cancellation);
        return new WindowCursor(Merge(collection), first);
    }

    /// <summary>
    /// Counts the documents of some collections exactly. Where one run holds a range of keys alone its index tells; only where runs overlap are blocks read.
    /// Layers above the runs are not counted.
    /// </summary>
    public async Task<CollectionSize> MeasureAsync(
        Func<CatalogueCollection, bool> which,
        CancellationToken cancellation = default
    )
    {
        var sum = default(CollectionSize);
        foreach (var collection in Manifest.Collections.Where(one => which(one.Definition)))
        {
            sum += collection.Definition.IsCapped
                ? await MeasureByReadingAsync(collection.Definition.Uuid, cancellation)
                : await RunMerger.MeasureAsync(_store, collection.Runs, collection.Definition.Namespace, cancellation);
        }

        return sum;
    }

    private async Task<CollectionSize> MeasureByReadingAsync(Guid uuid, CancellationToken cancellation)
    {
        var sum = default(CollectionSize);
        await using var cursor = await OpenInIdOrderAsync(uuid, cancellation);
        while (await cursor.MoveNextAsync(cancellation))
        {
            sum += new CollectionSize(1, cursor.Current.Length);
        }

        return sum;
    }

    private MergingCursor Merge(ManifestCollection collection) =>
        new(
            [
                .. _overlay(collection.Definition.Uuid),
                .. collection.Runs.Select(run => new RunCursor(_store, run.Root)),
            ],
            collection.Definition.Namespace
        );
}
