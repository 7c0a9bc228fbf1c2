using System.Collections.Concurrent;
using Backup.Blockstore;
using Backup.MongoWire.Bson;
using Backup.Oplog.Catalogues;
using Backup.Snapshots.Keys;
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
    private readonly Func<Guid, KeyRange, IEnumerable<RecordCursor>> _overlay;
    private readonly Dictionary<Guid, ManifestCollection> _byUuid;
    private readonly ConcurrentDictionary<Guid, ulong> _windows = new();

    /// <param name="store">Of the runs.</param>
    /// <param name="manifest">What to read.</param>
    /// <param name="overlay">Layers above the runs, newest first; null for none.</param>
    internal SnapshotReader(
        IBlockStore store,
        SnapshotManifest manifest,
        Func<Guid, KeyRange, IEnumerable<RecordCursor>>? overlay = null
    )
    {
        _store = store;
        _overlay = overlay ?? (static (_, _) => []);
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

    /// <summary>Where capped collections are sorted; in the system's temporary folder unless set.</summary>
    public SortSpace Sorting { get; set; } = new(Path.GetTempPath());

    /// <summary>By database, then name, ordinal; views among them.</summary>
    public IReadOnlyList<CatalogueCollection> Collections { get; }

    /// <summary>The documents of one collection; none for a view.</summary>
    public DocumentCursor OpenCollection(Guid uuid)
    {
        var collection = _byUuid[uuid];
        var documents = Merge(collection);
        return collection.Definition.IsCapped
            ? new NaturalOrderCursor(documents, collection.Limits, Sorting)
            : documents;
    }

    /// <summary>
    /// The documents in `_id` order, also of a capped collection; what a capped one has overwritten is left out. Only the blocks are read whose keys
    /// are asked for, but the first time that a capped collection is read so, all of it is.
    /// </summary>
    /// <param name="uuid">Of the collection.</param>
    /// <param name="range">Which `_id`s.</param>
    /// <param name="cancellation">Gives up.</param>
    public async ValueTask<DocumentCursor> OpenInIdOrderAsync(
        Guid uuid,
        KeyRange range = default,
        CancellationToken cancellation = default
    )
    {
        var collection = _byUuid[uuid];
        return collection.Definition.IsCapped
            ? new WindowCursor(Merge(collection, range), await WindowAsync(collection, cancellation))
            : Merge(collection, range);
    }

    /// <summary>One document by its `_id`: an index page or two and one block of each run are read.</summary>
    /// <returns>Null where there is none.</returns>
    public Task<BsonDocument?> FindAsync(Guid uuid, BsonElement id, CancellationToken cancellation = default) =>
        FirstAsync(uuid, KeyRange.Of(id), cancellation);

    private async Task<BsonDocument?> FirstAsync(Guid uuid, KeyRange range, CancellationToken cancellation)
    {
        await using var cursor = await OpenInIdOrderAsync(uuid, range, cancellation);
        return await cursor.MoveNextAsync(cancellation) ? cursor.View.ToDocument() : null;
    }

    /// <summary>Of a capped collection the first ordinal that is still there.</summary>
    private async ValueTask<ulong> WindowAsync(ManifestCollection collection, CancellationToken cancellation)
    {
        var uuid = collection.Definition.Uuid;
        if (!_windows.TryGetValue(uuid, out var first))
        {
            first = await CappedWindow.FirstOrdinalAsync(() => Merge(collection), collection.Limits, cancellation);
            _windows[uuid] = first;
        }

        return first;
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
        await using var cursor = await OpenInIdOrderAsync(uuid, default, cancellation);
        while (await cursor.MoveNextAsync(cancellation))
        {
            sum += new CollectionSize(1, cursor.Current.Length);
        }

        return sum;
    }

    private MergingCursor Merge(ManifestCollection collection, KeyRange range = default) =>
        new(
            [
                .. _overlay(collection.Definition.Uuid, range),
                .. collection.Runs.Select(run => new RunCursor(_store, run.Root, range)),
            ],
            collection.Definition.Namespace
        );
}
