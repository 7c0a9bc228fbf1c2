using Backup.Blockstore;
using Backup.Metadata;
using Backup.MongoWire.Bson;
using Backup.Oplog.Catalogues;
using Backup.Snapshots.Heads;

namespace Backup.Daemon.Heads;

/// <summary>
/// One collection of an initial sync on its way into a base run: its slices are consumed as they come in. What is built is lost
/// with the process and built again from the slices, which stay until the whole sync is built; blocks that are there already cost no
/// second write.
/// </summary>
internal sealed class CollectionBuild(
    IMetadataStore metadata,
    IBlockStore blocks,
    IObjectStore objects,
    CatalogueCollection collection,
    string syncId,
    HeadOptions options
) : IAsyncDisposable
{
    private readonly List<SyncSlice> _consumed = [];
    private BaseRunBuilder? _builder;
    private Task _work = Task.CompletedTask;

    internal Guid Uuid => collection.Uuid;

    /// <summary>The finished run; null while it is being built.</summary>
    internal BaseRun? Result { get; private set; }

    internal bool IsIdle => _work.IsCompleted;

    /// <summary>Whether there is something to do, by the positions of the collection's ranges.</summary>
    internal bool HasWork(IReadOnlyCollection<SyncCollection> ranges)
    {
        if (Result is not null || !IsIdle)
        {
            return false;
        }

        var done = ranges.All(range => range.Done);
        // A capped collection that was interrupted is copied afresh: it is read once it is whole.
        return done
            || (!collection.IsCapped && ranges.Sum(range => range.Documents) > _consumed.Sum(slice => slice.Documents));
    }

    /// <summary>Consumes what is there; <paramref name="slot"/> is given back when that is done.</summary>
    internal void Start(bool isWhole, SemaphoreSlim slot, CancellationToken cancellation)
    {
        async Task WorkAsync()
        {
            try
            {
                await ConsumeAsync(isWhole, cancellation);
            }
            finally
            {
                slot.Release();
            }
        }

        _work = Task.Run(WorkAsync, cancellation);
    }

    /// <summary>Rethrows what the work ended with.</summary>
    internal Task ObserveAsync() => _work;

    public async ValueTask DisposeAsync()
    {
        await _work.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        if (_builder is not null)
        {
            await _builder.DisposeAsync();
        }
    }

    private async Task ConsumeAsync(bool isWhole, CancellationToken cancellation)
    {
        var slices = await metadata.Syncs.SlicesAsync(syncId, Uuid, cancellation);
        if (!Continues(slices))
        {
            await RestartAsync();
        }

        _builder ??= new BaseRunBuilder(blocks, collection.IsCapped, options);
        var known = _consumed.Select(Key).ToHashSet();
        foreach (var slice in slices.Where(slice => !known.Contains(Key(slice))))
        {
            using var bytes = await SliceBytes.LoadAsync(
                objects,
                slice.ObjectName,
                slice.RawLength,
                slice.Sha256,
                cancellation
            );
            foreach (var document in bytes.Documents())
            {
                await _builder.AddAsync(new BsonDocument(document), cancellation);
            }

            _consumed.Add(slice);
        }

        if (isWhole)
        {
            Result = await _builder.CompleteAsync(cancellation);
        }
    }

    private static (int Range, long Sequence) Key(SyncSlice slice) => (slice.Range, slice.Sequence);

    /// <summary>Whether everything consumed is still what is stored: a range may have been copied afresh meanwhile.</summary>
    private bool Continues(IReadOnlyList<SyncSlice> slices)
    {
        var stored = slices.ToDictionary(Key, slice => slice.Sha256);
        return _consumed.TrueForAll(slice =>
            stored.TryGetValue(Key(slice), out var sha256) && sha256.AsSpan().SequenceEqual(slice.Sha256)
        );
    }

    private async Task RestartAsync()
    {
        _consumed.Clear();
        if (_builder is not null)
        {
            await _builder.DisposeAsync();
            _builder = null;
        }
    }
}
