using System.Collections.Concurrent;
using Backup.Blockstore;
using Backup.Blockstore.Grooming;
using Backup.Foundation;
using Backup.MongoWire.Bson;
using Backup.Oplog;
using Backup.Oplog.Catalogues;
using Backup.Snapshots.Manifests;
using Backup.Snapshots.Reading;
using Backup.Snapshots.Records;
using Backup.Snapshots.Runs;

namespace Backup.Snapshots.Heads;

/// <summary>
/// The newest state of one replica set: its catalogue, sorted runs by collection (newest first) and a memtable over them.
/// Operations of the oplog land in the memtable; <see cref="FlushAsync"/> makes them durable. What is not flushed is lost with the
/// process and comes again from the stored slices. As long as it is not disposed no groom takes what it is made of. Operations, flushes and readers belong to one caller at a time;
/// <see cref="MergeAsync"/> may run beside them, once at a time.
/// </summary>
public sealed class Head : IOperationTarget, IDisposable
{
    private readonly IBlockStore _store;
    private readonly HeadOptions _options;

    // Looked into by a merge that runs beside the operations.
    private readonly ConcurrentDictionary<Guid, CollectionState> _states = new();
    private readonly BlockHold _hold;
    private CollectionState? _last;
    private volatile FlushedManifest? _flushed;
    private long _bytes;

    private Head(IBlockStore store, ReplicaSetIdentity set, HeadOptions? options)
    {
        _store = store;
        _options = options ?? new HeadOptions();
        ReplicaSet = set;
        // Runs are there before a manifest says so, and some of them after the last one did.
        _hold = store.Holds.Keep(Roots);
    }

    /// <summary>An empty head.</summary>
    public static Head Create(IBlockStore store, ReplicaSetIdentity set, HeadOptions? options = null) =>
        new(store, set, options);

    /// <summary>The head as it was when that manifest was written.</summary>
    /// <exception cref="Foundation.Errors.BackupException">4003 where the manifest is damaged, 4006 where it is of a newer format; 5001, 5002 of the store.</exception>
    public static async Task<Head> OpenAsync(
        IBlockStore store,
        BlockId manifest,
        HeadOptions? options = null,
        CancellationToken cancellation = default
    )
    {
        var written = await ManifestStore.ReadAsync(store, manifest, cancellation);
        var head = new Head(store, written.ReplicaSet, options)
        {
            Position = written.Position,
            _flushed = new FlushedManifest(manifest),
            PreparedTransactions = written.PreparedTransactions,
            Filters = written.Filters,
            AppliedAhead = written.AppliedAhead,
        };
        foreach (var collection in written.Collections)
        {
            head.Catalogue.Set(collection.Definition);
            var state = head.StateOf(collection.Definition.Uuid);
            state.Definition = collection.Definition;
            state.SetRuns(collection.Runs);
            state.NextOrdinal = Math.Max(state.NextOrdinal, collection.NextOrdinal);
            state.Limits = collection.Limits;
        }

        return head;
    }

    /// <summary>The collections; changed in place by the oplog's replayer, written down with the next flush.</summary>
    public Catalogue Catalogue { get; } = new();

    /// <summary>Names the source; may be set again when its version or FCV changed.</summary>
    public ReplicaSetIdentity ReplicaSet { get; set; }

    /// <summary>What it holds of the source: what all of these include; none: everything. Written down with the next flush.</summary>
    public IReadOnlyList<NamespaceFilter> Filters { get; set; } = [];

    /// <summary>As of the last flush (or of the manifest that was opened).</summary>
    public HeadPosition Position { get; private set; }

    /// <summary>The last flushed manifest; null before the first flush.</summary>
    public BlockId? Manifest => _flushed?.Id;

    public long MemtableBytes => _bytes;

    /// <summary>Time to flush.</summary>
    public bool IsFull => _bytes >= _options.MemtableBytes;

    /// <summary>About how many documents the collection has: those that were written and not merged yet count again. 0 where there is none.</summary>
    public long AboutDocuments(Guid collection) =>
        _states.TryGetValue(collection, out var state)
            ? state.RunsNow().Sum(static run => run.Statistics.Documents)
                + state.Tables.Sum(static table => (long)table.Count)
            : 0;

    /// <summary>How many runs the collection has that has most of them.</summary>
    public int MostRuns => _states.Values.Select(static state => state.RunsNow().Length).DefaultIfEmpty().Max();

    /// <summary>
    /// True while the initial sync catches up: operations on a collection that the catalogue does not hold change nothing then;
    /// afterwards they are damage (4005).
    /// </summary>
    public bool ToleratesMissing { get; set; }

    /// <summary>Transactions prepared and not decided, one raw document each, written into the next manifest.</summary>
    public IReadOnlyList<BsonDocument> PreparedTransactions { get; set; } = [];

    /// <summary>Transactions that it holds although their commits come later, written into the next manifest.</summary>
    public IReadOnlyList<PreparedTransaction> AppliedAhead { get; set; } = [];

    /// <summary>
    /// Takes over what an initial sync copied, as the oldest layer of that collection: once, and before the first <see cref="MergeAsync"/>. Where
    /// operations have emptied the collection already it is older than that and left out.
    /// </summary>
    /// <param name="collection">UUID.</param>
    /// <param name="run">From <see cref="BaseRunBuilder"/>; null for a collection that was empty.</param>
    public void SetBaseRun(Guid collection, BaseRun? run)
    {
        var state = StateOf(collection);
        if (run?.Run is { } oldest && !state.WasCleared)
        {
            state.SetRuns([.. state.RunsNow(), oldest]);
        }
    }

    /// <summary>
    /// Takes a collection of another head over the same store in the place of what this one holds of that UUID: its definition and its
    /// documents. Both heads are to stand at the same optime. Lasting with the next flush.
    /// </summary>
    /// <param name="other">Flushed, and nothing applied since.</param>
    /// <param name="definition">As the other one's catalogue has it.</param>
    /// <exception cref="ArgumentException">The other one has operations that are not flushed.</exception>
    public void TakeOver(Head other, CatalogueCollection definition)
    {
        ArgumentOutOfRangeException.ThrowIfNotEqual(other.MemtableBytes, 0);
        Drop(definition.Uuid);
        Catalogue.Set(definition);
        if (other._states.TryGetValue(definition.Uuid, out var theirs))
        {
            var state = StateOf(definition.Uuid);
            state.Definition = definition;
            state.SetRuns(theirs.RunsNow());
            state.NextOrdinal = theirs.NextOrdinal;
            state.Limits = theirs.Limits;
        }
    }

    /// <exception cref="Foundation.Errors.BackupException">4005 where the catalogue has no such collection and none is tolerated to miss.</exception>
    public void Put(Guid collection, BsonView document, bool isInsert)
    {
        if (TryFind(collection, out var state, out var definition))
        {
            var table = state.Table;
            _bytes -= table.Bytes;
            table.Put(document, state.TakeOrdinal(definition), isInsert);
            _bytes += table.Bytes;
        }
    }

    /// <exception cref="Foundation.Errors.BackupException">4001 where the document is known to be missing, 4005 as of a put.</exception>
    public void Update(Guid collection, BsonView idHolder, BsonView update, MissingDocument ifMissing, Optime at)
    {
        if (!TryFind(collection, out var state, out var definition))
        {
            return;
        }

        var flags = ifMissing switch
        {
            MissingDocument.Upsert => OperandFlags.Upsert,
            MissingDocument.Ignore => OperandFlags.TolerateMissing,
            _ => OperandFlags.None,
        };
        var ordinal = ifMissing == MissingDocument.Upsert ? state.TakeOrdinal(definition) : 0;
        var name = definition?.Namespace ?? collection.ToString();
        var table = state.Table;
        var before = table.Bytes;
        if (!table.TryUpdate(idHolder, update, flags, at, ordinal, name))
        {
            state.Tables.Add(table = new Memtable());
            before = 0;
            table.TryUpdate(idHolder, update, flags, at, ordinal, name);
        }

        _bytes += table.Bytes - before;
    }

    /// <exception cref="Foundation.Errors.BackupException">4005 as of a put.</exception>
    public void Delete(Guid collection, BsonView idHolder)
    {
        if (TryFind(collection, out var state, out _))
        {
            var table = state.Table;
            _bytes -= table.Bytes;
            table.Delete(idHolder);
            _bytes += table.Bytes;
        }
    }

    /// <summary>The limits are kept and hold from then on whenever the collection is read or merged.</summary>
    public void TrimOldest(Guid collection, long maximumBytes, long maximumDocuments)
    {
        if (TryFind(collection, out var state, out _))
        {
            state.Limits = new CappedLimits(maximumDocuments, maximumBytes);
        }
    }

    public bool KeepsLimits(Guid collection) =>
        _states.TryGetValue(collection, out var state) && state.Limits != CappedLimits.None;

    public void Clear(Guid collection)
    {
        if (!_states.TryGetValue(collection, out var old))
        {
            return;
        }

        // A new state, so that a merge of the old runs that is under way finds its place gone.
        var state = new CollectionState(collection)
        {
            NextOrdinal = old.NextOrdinal,
            Limits = old.Limits,
            WasCleared = true,
        };
        Forget(old);
        _states[collection] = state;
    }

    public void Drop(Guid collection)
    {
        if (_states.TryRemove(collection, out var state))
        {
            Forget(state);
        }
    }

    /// <summary>
    /// Writes the memtable as one run a collection, then the manifest, and makes all of it durable. When it fails or is cancelled
    /// the head is as before and may be flushed again.
    /// </summary>
    public async Task<FlushResult> FlushAsync(HeadPosition position, CancellationToken cancellation = default)
    {
        // The manifest of before too: who publishes it may not be done with that, and a groom that has not heard of it yet hears it once this ends.
        using var work = _store.Holds.Begin(_flushed is { } had ? [had.Id] : []);
        var before = _store.Statistics;
        var written = new Dictionary<Guid, List<RunReference>>();
        foreach (var state in _states.Values.Where(one => one.Tables.Count > 0 && Catalogue.Find(one.Uuid) is not null))
        {
            written[state.Uuid] = await MemtableFlush.WriteAsync(_store, state.Tables, _options, cancellation);
        }

        var manifest = Describe(position, written);
        var id = await ManifestStore.WriteAsync(_store, manifest, cancellation);
        await _store.FlushAsync(cancellation);

        // From here on nothing can fail.
        Adopt(written);
        Position = position;
        _flushed = new FlushedManifest(id);
        var after = _store.Statistics;
        return new FlushResult(id, written.Count, after.NewBlocks - before.NewBlocks, after.NewBytes - before.NewBytes);
    }

    /// <summary>
    /// Merges runs until no collection has more than <see cref="HeadOptions.MaxRuns"/>; sizes are tiered, so that a byte is
    /// rewritten a logarithmic number of times. Lasting with the next flush.
    /// </summary>
    /// <returns>How many merges were done.</returns>
    public async Task<int> MergeAsync(CancellationToken cancellation = default)
    {
        var merges = 0;
        foreach (var state in _states.Values)
        {
            while (MergePolicy.Choose(state.RunsNow(), _options.MaxRuns) is { } chosen)
            {
                if (!await HeadMerge.MergeAsync(_store, state, chosen, _options, cancellation))
                {
                    break;
                }

                merges++;
            }
        }

        return merges;
    }

    /// <summary>Everything applied so far, the memtable included: for a restore to a point in time. Valid until the next operation.</summary>
    /// <param name="position">Where the head stands now; as of the last flush unless given.</param>
    public SnapshotReader OpenReader(HeadPosition? position = null) =>
        new(
            _store,
            Describe(position ?? Position, []),
            (uuid, range) =>
                _states.TryGetValue(uuid, out var state)
                    ? Enumerable.Reverse(state.Tables).Select(table => new MemtableCursor(table, range))
                    : []
        );

    public void Dispose()
    {
        // First: what it holds is asked for once more, and what takes it over holds it already.
        _hold.Dispose();
        foreach (var state in _states.Values)
        {
            state.Dispose();
        }

        _states.Clear();
        _last = null;
    }

    /// <summary>Asked by a groom, from any thread.</summary>
    private IEnumerable<BlockId> Roots() =>
        _states
            .Values.SelectMany(static state => state.RunsNow())
            .Select(static run => run.Root)
            .Concat(_flushed is { } flushed ? [flushed.Id] : [])
            .ToList();

    private SnapshotManifest Describe(HeadPosition position, Dictionary<Guid, List<RunReference>> newRuns)
    {
        var collections = new List<ManifestCollection>();
        foreach (var definition in Catalogue.Collections.OrderBy(one => one.Uuid))
        {
            _states.TryGetValue(definition.Uuid, out var state);
            var added = newRuns.GetValueOrDefault(definition.Uuid) ?? [];
            collections.Add(
                new ManifestCollection(
                    definition,
                    [.. added, .. state?.RunsNow() ?? []],
                    definition.IsCapped ? state?.NextOrdinal ?? CollectionState.FirstOperationOrdinal : 0,
                    state?.Limits ?? CappedLimits.None
                )
            );
        }

        var sums = collections.Aggregate(default(RunStatistics), (sum, one) => sum + one.Statistics);
        return new SnapshotManifest(ReplicaSet, position, collections, [.. PreparedTransactions], sums)
        {
            Filters = Filters,
            AppliedAhead = AppliedAhead,
        };
    }

    private void Adopt(Dictionary<Guid, List<RunReference>> written)
    {
        foreach (var (uuid, state) in _states)
        {
            if (written.TryGetValue(uuid, out var runs))
            {
                state.AddNewest(runs);
            }
            else if (Catalogue.Find(uuid) is null)
            {
                _states.TryRemove(uuid, out _);
            }

            state.Definition = Catalogue.Find(uuid);
            state.ClearTables();
        }

        _last = null;
        _bytes = 0;
    }

    private bool TryFind(Guid collection, out CollectionState state, out CatalogueCollection? definition)
    {
        definition = Catalogue.Find(collection);
        if (definition is null && !ToleratesMissing)
        {
            throw SnapshotsErrors.NotInCatalogue(collection);
        }

        state = _last is { } last && last.Uuid == collection ? last : _last = StateOf(collection);
        return definition is not null;
    }

    private CollectionState StateOf(Guid collection) =>
        _states.GetOrAdd(collection, static uuid => new CollectionState(uuid));

    private void Forget(CollectionState state)
    {
        _bytes -= state.MemtableBytes;
        state.Dispose();
        _last = null;
    }

    /// <summary>An id is larger than what is written in one step.</summary>
    private sealed record FlushedManifest(BlockId Id);
}
