using System.Runtime.CompilerServices;
using Backup.Blockstore;
using Backup.Daemon.PointInTime;
using Backup.Daemon.Restores;
using Backup.Foundation;
using Backup.Metadata;
using Backup.MongoWire.Bson;
using Backup.Snapshots.Heads;
using Backup.Snapshots.Sharding;

namespace Backup.Daemon.Documents;

/// <summary>Which shard owns what, from one moment to a later one: the config servers' own oplog, followed step by step.</summary>
internal sealed class OwnerHistory : IAsyncDisposable
{
    private readonly RestoreServices _services;
    private readonly SliceHold _hold;
    private readonly string _folder;
    private readonly ScratchBlockStore _scratch;
    private readonly Head _head;
    private readonly RestorePlan _plan;
    private readonly MomentReplay _replay;
    private readonly IAsyncEnumerator<ReadOnlyMemory<byte>> _entries;
    private ClusterLayout? _layout;
    private bool _hasEntry;

    private OwnerHistory(
        RestoreServices services,
        RestorePlan plan,
        SliceHold hold,
        (string Folder, ScratchBlockStore Scratch, Head Head) opened,
        CancellationToken cancellation
    )
    {
        (_services, _plan, _hold) = (services, plan, hold);
        (_folder, _scratch, _head) = opened;
        _replay = new MomentReplay(plan, _head, Path.Combine(_folder, "transactions"));
        _entries = EntriesAsync(cancellation).GetAsyncEnumerator(cancellation);
    }

    /// <summary>The entry of the last change of who owns what that was seen.</summary>
    internal Optime ChangedAt { get; private set; }

    /// <param name="services">Stores, options.</param>
    /// <param name="config">The config servers.</param>
    /// <param name="from">Where it begins.</param>
    /// <param name="to">Up to where it may be asked.</param>
    /// <param name="cancellation">Gives up, also later on.</param>
    internal static async Task<OwnerHistory> OpenAsync(
        RestoreServices services,
        ReplicaSetRecord config,
        Optime from,
        Optime to,
        CancellationToken cancellation
    )
    {
        var (plan, hold) = await new SourceOpener(services).PlanAsync(config, RestorePoint.UpTo(from), cancellation);
        var folder = RestoreFolder.Make(services.Options);
        ScratchBlockStore? scratch = null;
        Head? head = null;
        try
        {
            scratch = new ScratchBlockStore(services.Blocks, folder);
            var options = new HeadOptions { MemtableBytes = services.Options.RestoreMemtableBytes };
            head = await Head.OpenAsync(scratch, plan.Manifest, options, cancellation);
            var whole = plan with { Point = RestorePoint.UpTo(to) };
            var owners = new OwnerHistory(services, whole, hold, (folder, scratch, head), cancellation);
            owners._hasEntry = await owners._entries.MoveNextAsync();
            await owners.AdvanceAsync(from, cancellation);
            return owners;
        }
        catch
        {
            head?.Dispose();

            if (scratch is not null)
            {
                await scratch.DisposeAsync();
            }

            RestoreFolder.Remove(folder);
            await hold.DisposeAsync();
            throw;
        }
    }

    /// <summary>Goes on to a moment that is not before the one where it is.</summary>
    internal async Task AdvanceAsync(Optime to, CancellationToken cancellation)
    {
        while (_hasEntry && At(_entries.Current) <= to.Timestamp)
        {
            var entry = _entries.Current;
            _replay.Apply(entry);
            if (Touches(entry.Span))
            {
                (_layout, ChangedAt) = (null, Optime.FromTimestamp(At(entry)));
            }

            if (_head.IsFull)
            {
                await _head.MergeAsync(cancellation);
                await _head.FlushAsync(_head.Position with { Optime = _replay.Optime }, cancellation);
            }

            _hasEntry = await _entries.MoveNextAsync();
        }
    }

    /// <summary>Who owns a document where it is now; null where its database is not known.</summary>
    internal async Task<string?> OwnerOfAsync(string ns, BsonDocument document, CancellationToken cancellation)
    {
        _layout ??= await ClusterLayoutReader.ReadAsync(_head.OpenReader(), cancellation);
        return _layout.OwnerOf(ns, document.View);
    }

    public async ValueTask DisposeAsync()
    {
        await _entries.DisposeAsync();
        _replay.Dispose();
        _head.Dispose();
        await _scratch.DisposeAsync();
        RestoreFolder.Remove(_folder);
        await _hold.DisposeAsync();
    }

    private async IAsyncEnumerable<ReadOnlyMemory<byte>> EntriesAsync(
        [EnumeratorCancellation] CancellationToken cancellation
    )
    {
        if (_plan.Point.AtMost <= _plan.BaseOptime)
        {
            yield break;
        }

        var slices = new SliceStream(_services.Metadata, _services.Objects, _plan.Set.Name, _plan.SyncId);
        await foreach (var slice in slices.ReadAsync(_plan.ReplayFrom, cancellation))
        {
            using (slice)
            {
                foreach (var entry in slice.Documents())
                {
                    yield return entry;
                }
            }
        }
    }

    private static ulong At(ReadOnlyMemory<byte> entry) => new BsonView(entry.Span)["ts"u8].AsTimestamp;

    /// <summary>By the names that stand in it: rather once too often. A transaction may be the end of one that was begun before.</summary>
    private static bool Touches(ReadOnlySpan<byte> entry) =>
        entry.IndexOf("config.chunks\0"u8) >= 0
        || entry.IndexOf("config.collections\0"u8) >= 0
        || entry.IndexOf("config.databases\0"u8) >= 0
        || entry.IndexOf("Transaction\0"u8) >= 0;
}
