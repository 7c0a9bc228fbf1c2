using Backup.Blockstore;
using Backup.Metadata;
using Backup.MongoWire.Bson;
using Backup.Oplog.Catalogues;
using Backup.Snapshots.Heads;

namespace Backup.Daemon.Heads;

/// <summary>
/// One collection of an initial sync on its way into a base run: its slices are consumed as they come in, those of each <c>_id</c> range into
/// a run of its own. What is built is lost with the process and built again from the slices, which stay until the whole sync is
/// built; blocks that are there already cost no second write.
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
    private readonly Dictionary<int, BaseRunBuilder> _builders = [];
    private readonly SortedDictionary<int, BaseRun> _ranges = [];
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

    /// <summary>Consumes what is there.</summary>
    /// <param name="ranges">All of them, as they were seen before this.</param>
    /// <param name="slot">Given back when that is done.</param>
    /// <param name="cancellation">Gives up.</param>
    internal void Start(IReadOnlyCollection<SyncCollection> ranges, SemaphoreSlim slot, CancellationToken cancellation)
    {
        async Task WorkAsync()
        {
            try
            {
                await ConsumeAsync(ranges, cancellation);
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
        await ForgetAsync();
    }

    private async Task ConsumeAsync(IReadOnlyCollection<SyncCollection> ranges, CancellationToken cancellation)
    {
        var slices = await metadata.Syncs.SlicesAsync(syncId, Uuid, cancellation);
        if (!Continues(slices))
        {
            _consumed.Clear();
            await ForgetAsync();
        }

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
            var builder = BuilderOf(slice.Range);
            foreach (var document in bytes.Documents())
            {
                await builder.AddAsync(new BsonDocument(document), cancellation);
            }

            _consumed.Add(slice);
        }

        foreach (var range in ranges.Where(range => range.Done).Select(range => range.Range))
        {
            await CompleteAsync(range, cancellation);
        }

        if (ranges.All(range => range.Done))
        {
            Result =
                _ranges.Count == 1
                    ? _ranges.Values.Single()
                    : await BaseRunBuilder.JoinAsync(blocks, [.. _ranges.Values], options, cancellation);
        }
    }

    private BaseRunBuilder BuilderOf(int range)
    {
        if (!_builders.TryGetValue(range, out var builder))
        {
            _builders.Add(range, builder = new BaseRunBuilder(blocks, collection.IsCapped, options));
        }

        return builder;
    }

    /// <summary>A range that is done gives its buffers back at once: there may be many.</summary>
    private async Task CompleteAsync(int range, CancellationToken cancellation)
    {
        if (!_ranges.ContainsKey(range))
        {
            await using var builder = BuilderOf(range);
            _ranges.Add(range, await builder.CompleteAsync(cancellation));
            _builders.Remove(range);
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

    private async Task ForgetAsync()
    {
        foreach (var builder in _builders.Values)
        {
            await builder.DisposeAsync();
        }

        _builders.Clear();
        _ranges.Clear();
    }
}
