using System.Buffers;
using Backup.Blockstore;
using Backup.MongoWire.Bson;
using Backup.Snapshots.Keys;
using Backup.Snapshots.Records;
using Backup.Snapshots.Runs;

namespace Backup.Snapshots.Heads;

/// <summary>What the initial sync of one collection became.</summary>
/// <param name="Run">Null where there was no document.</param>
/// <param name="NextOrdinal">For a capped collection: the ordinal after the last one given; 0 for others.</param>
public sealed record BaseRun(RunReference? Run, ulong NextOrdinal);

/// <summary>
/// Makes the base run of one collection from the documents of its initial sync. As long as they come in key order they are streamed straight
/// into blocks; where the order breaks (capped collections come in natural order, `_id` ranges may come one after another in any order) a
/// new run begins, short ones are sorted in a memtable first, and all are merged at the end. The same `_id` twice: the later one counts. Not thread-safe.
/// </summary>
public sealed class BaseRunBuilder : IAsyncDisposable
{
    private readonly ArrayBufferWriter<byte> _key = new(64);
    private readonly ArrayBufferWriter<byte> _lastKey = new(64);
    private readonly ArrayBufferWriter<byte> _header = new(16);
    private readonly IBlockStore _store;
    private readonly HeadOptions _options;
    private readonly bool _capped;

    /// <summary>Newest first.</summary>
    private readonly List<RunReference> _runs = [];
    private RunWriter? _writer;
    private Memtable? _unordered;
    private ulong _nextOrdinal = 1;

    /// <param name="store">Where the blocks go.</param>
    /// <param name="capped">Gives each document an ordinal in the order of the calls.</param>
    /// <param name="options">Memory and concurrency as of a head.</param>
    public BaseRunBuilder(IBlockStore store, bool capped, HeadOptions? options = null)
    {
        _store = store;
        _capped = capped;
        _options = options ?? new HeadOptions();
    }

    /// <summary>
    /// Makes one base run of the runs of several ranges of a collection: where their keys do not overlap (they do not, unless a
    /// collation ordered them) their blocks are taken over as they are.
    /// </summary>
    public static async Task<BaseRun> JoinAsync(
        IBlockStore store,
        IReadOnlyList<BaseRun> ranges,
        HeadOptions options,
        CancellationToken cancellation = default
    )
    {
        var runs = ranges.Where(range => range.Run is not null).Select(range => range.Run!).ToList();
        return runs.Count switch
        {
            0 => new BaseRun(null, 0),
            1 => new BaseRun(runs[0], 0),
            _ => new BaseRun(await RunMerger.MergeAsync(store, runs, HowToMerge(options), cancellation), 0),
        };
    }

    /// <summary>As they came; an `_id` that came twice counts twice.</summary>
    public long Documents { get; private set; }

    public long DocumentBytes { get; private set; }

    /// <summary>The document is not used after the returned task is complete.</summary>
    /// <exception cref="Foundation.Errors.BackupException">4004 where it has no `_id`.</exception>
    public ValueTask AddAsync(BsonDocument document, CancellationToken cancellation = default)
    {
        _key.ResetWrittenCount();
        DocumentKey.Write(document.View, _key);
        Documents++;
        DocumentBytes += document.Length;
        var ordinal = _capped ? _nextOrdinal++ : 0;
        if (_unordered is not null)
        {
            return AddUnorderedAsync(document, ordinal, cancellation);
        }

        if (_writer is not null && _key.WrittenSpan.SequenceCompareTo(_lastKey.WrittenSpan) <= 0)
        {
            return BreakOrderAsync(document, ordinal, cancellation);
        }

        _writer ??= new RunWriter(_store, _options.WriteConcurrency);
        _lastKey.ResetWrittenCount();
        _lastKey.Write(_key.WrittenSpan);
        _header.ResetWrittenCount();
        RecordWriter.PutHeader(_header, ordinal);
        return _writer.AddAsync(_key.WrittenSpan, _header.WrittenSpan, document.Span, cancellation);
    }

    /// <summary>The whole of it, not yet flushed to disk: durable with the head's next flush.</summary>
    public async Task<BaseRun> CompleteAsync(CancellationToken cancellation = default)
    {
        await EndRunAsync(cancellation);
        await SpillAsync(cancellation);
        await MergeAsync(cancellation);
        return new BaseRun(_runs.Count == 0 ? null : _runs[0], _capped ? _nextOrdinal : 0);
    }

    public async ValueTask DisposeAsync()
    {
        _unordered?.Dispose();
        if (_writer is not null)
        {
            await _writer.DisposeAsync();
        }
    }

    /// <summary>Once out of order, everything is sorted in memory first: one break is seldom alone.</summary>
    private async ValueTask BreakOrderAsync(BsonDocument document, ulong ordinal, CancellationToken cancellation)
    {
        await EndRunAsync(cancellation);
        _unordered = new Memtable();
        await AddUnorderedAsync(document, ordinal, cancellation);
    }

    private ValueTask AddUnorderedAsync(BsonDocument document, ulong ordinal, CancellationToken cancellation)
    {
        _unordered!.Put(document.View, ordinal, isInsert: true);
        return _unordered.Bytes < _options.MemtableBytes ? default : SpillAsync(cancellation);
    }

    private async ValueTask EndRunAsync(CancellationToken cancellation)
    {
        if (_writer is null)
        {
            return;
        }

        await using var writer = _writer;
        _writer = null;
        if (await writer.CompleteAsync(cancellation) is { } run)
        {
            _runs.Insert(0, run);
        }
    }

    private async ValueTask SpillAsync(CancellationToken cancellation)
    {
        if (_unordered is not { Count: > 0 })
        {
            return;
        }

        using var table = _unordered;
        _runs.InsertRange(0, await MemtableFlush.WriteAsync(_store, [table], _options, cancellation));
        _unordered = new Memtable();
        if (MergePolicy.Choose(_runs, _options.MaxRuns) is { } newest)
        {
            await MergeAsync(newest, cancellation);
        }
    }

    private ValueTask MergeAsync(CancellationToken cancellation) =>
        _runs.Count > 1 ? MergeAsync(_runs.Count, cancellation) : default;

    private async ValueTask MergeAsync(int newest, CancellationToken cancellation)
    {
        var merged = await RunMerger.MergeAsync(_store, _runs.GetRange(0, newest), HowToMerge(_options), cancellation);
        _runs.RemoveRange(0, newest);
        if (merged is not null)
        {
            _runs.Insert(0, merged);
        }
    }

    private static MergeOptions HowToMerge(HeadOptions options) =>
        new("(initial sync)", ToOldest: true, Concurrency: options.WriteConcurrency);
}
