using Backup.Blockstore;
using Backup.Daemon.Radar;
using Backup.Foundation;
using Backup.Metadata;
using Backup.MongoWire.Bson;
using Backup.Oplog;
using Backup.Snapshots.Heads;
using Backup.Snapshots.Manifests;

namespace Backup.Daemon.Heads;

/// <summary>
/// An open head that is brought forward by stored oplog slices. What it holds beyond its last checkpoint lives in memory only and
/// is read from the slices again after a crash. Belongs to one caller.
/// </summary>
internal sealed class HeadFollower : IAsyncDisposable
{
    private const int SlicesAtOnce = 16;

    private readonly HeadServices _services;
    private readonly SyncRecord _sync;
    private readonly Head _head;
    private readonly OplogReplayer _replayer;
    private readonly RunMerges _merges;
    private readonly RadarKeeper _radar;
    private readonly MemtableBudget.Share _memory;
    private readonly List<ReplayNotice> _lostCollections = [];
    private readonly List<ReplayNotice> _leftCollections = [];
    private readonly Optime _resumedAt;
    private Optime _read;
    private HeadRecord _stored;

    private HeadFollower(HeadServices services, SyncRecord sync, Head head, HeadRecord stored, RadarKeeper radar)
    {
        _services = services;
        _radar = radar;
        _memory = services.Memtables.Open();
        _sync = sync;
        _head = head;
        _merges = new RunMerges(head, services.Blocks, services.HeadOptions.MaxRuns);
        _stored = stored;
        _head.ToleratesMissing = !stored.Consistent;
        _read = Before(stored.ReplayFrom);
        (Applied, Through) = (stored.Optime, stored.Optime);
        // Where transactions were open, they are not known again before the entries up to here were read.
        _resumedAt = stored.ReplayFrom < stored.Optime ? stored.Optime : Optime.Zero;
        _replayer = new OplogReplayer(
            head.Catalogue,
            head,
            new OplogReplayerOptions
            {
                Mode = stored.Consistent ? ReplayMode.Consistent : ReplayMode.CatchingUp,
                AppliedThrough = stored.Optime,
                FeatureCompatibilityVersion = head.ReplicaSet.FeatureCompatibilityVersion,
                SpillFolder = Path.Combine(services.Options.SpillFolder, stored.ReplicaSetId),
                OnNotice = Notice,
                Watch = radar.Radar,
                Includes = ns => NamespaceFilters.Include(head.Filters, ns),
                Keeps = ns => NamespaceFilters.Keep(head.Filters, ns),
            }
        );
    }

    /// <summary>Everything up to and including this entry is applied.</summary>
    internal Optime Applied { get; private set; }

    /// <summary>
    /// Nothing that the source has up to this moment is left to be applied: never before <see cref="Applied"/>, and behind it where the next stored
    /// entry is known to come later.
    /// </summary>
    internal Optime Through { get; private set; }

    internal string SyncId => _sync.Id;

    /// <summary>The entry from which on it is consistent; null while that is not known.</summary>
    internal Optime? ConsistentFrom => _sync.End;

    /// <summary>Whether the end of the initial sync is passed.</summary>
    internal bool IsConsistent => _replayer.Mode == ReplayMode.Consistent;

    /// <summary>Applied entries that no checkpoint holds yet.</summary>
    internal bool IsDirty => Applied > _stored.Optime || IsConsistent != _stored.Consistent;

    internal DateTimeOffset LastCheckpoint => _stored.UpdatedAt;

    /// <summary>As it is in the metadata.</summary>
    internal HeadRecord Stored => _stored;

    internal static async Task<HeadFollower> OpenAsync(
        HeadServices services,
        SyncRecord sync,
        HeadRecord stored,
        CancellationToken cancellation
    )
    {
        if (!BlockId.TryParse(stored.ManifestBlock, out var manifest))
        {
            throw DaemonErrors.MissingEntries(stored.ReplicaSetId, stored.Optime);
        }

        var head = await Head.OpenAsync(services.Blocks, manifest, services.HeadOptions, cancellation);
        var radar = await RadarKeeper.OpenAsync(services, stored.ReplicaSetId, head.AboutDocuments, cancellation);
        return new HeadFollower(services, sync, head, stored, radar);
    }

    /// <summary>
    /// Whether every transaction that was prepared up to <see cref="Applied"/> is decided. Where one is not, it may be committed with a time that
    /// lies before, and a snapshot taken here would lack what belongs to it.
    /// </summary>
    internal bool IsDecided => KnowsTransactions && _replayer.PreparedTransactions.Count == 0;

    /// <summary>False after it was opened, until the entries of the transactions that were open then are read again: no checkpoint before that.</summary>
    internal bool KnowsTransactions => _replayer.Position >= _resumedAt;

    /// <summary>The next stored slices, a few at most; fewer than <see cref="IsBehind"/> asks for means that the end was reached.</summary>
    internal Task<IReadOnlyList<OplogSlice>> NextAsync(CancellationToken cancellation) =>
        _services.Metadata.OplogSlices.AfterAsync(_sync.Id, _read, SlicesAtOnce, cancellation);

    /// <summary>Applies them.</summary>
    /// <param name="slices">From <see cref="NextAsync"/>, nothing applied since.</param>
    /// <param name="untilDecided">Whether to stop at the first entry where <see cref="IsDecided"/> holds, in the midst of a slice.</param>
    /// <param name="upTo">The entries after this one are left; null: none is.</param>
    /// <param name="cancellation">What was applied stays applied.</param>
    internal async Task ApplyAsync(
        IReadOnlyList<OplogSlice> slices,
        bool untilDecided,
        Optime? upTo,
        CancellationToken cancellation
    )
    {
        foreach (var slice in slices)
        {
            CheckContinues(slice);
            if (!await ApplyAsync(slice, untilDecided, upTo, cancellation))
            {
                return;
            }

            _read = slice.Last;
            Pass(slice.Last);
            if (_memory.Holds(_head.MemtableBytes) || _head.IsFull)
            {
                await CheckpointAsync(cancellation);
            }
        }
    }

    /// <summary>Tells of what went beyond what is usual in what was applied.</summary>
    internal Task WatchAsync(CancellationToken cancellation) => _radar.StepAsync(cancellation);

    internal static bool IsBehind(IReadOnlyList<OplogSlice> slices) => slices.Count >= SlicesAtOnce;

    /// <summary>What the source is, as the head knows it.</summary>
    internal ReplicaSetIdentity ReplicaSet => _head.ReplicaSet;

    /// <summary>Makes everything applied durable: a restart goes on from here.</summary>
    internal async Task CheckpointAsync(CancellationToken cancellation)
    {
        var flushed = await FlushAsync(cancellation);
        await _services.Metadata.Heads.SetAsync(flushed, cancellation);
        Adopt(flushed);
    }

    /// <summary>Writes everything applied to the block store. The head is not stored before the caller has done so, nor before <see cref="Adopt"/> known to be.</summary>
    internal async Task<HeadRecord> FlushAsync(CancellationToken cancellation)
    {
        _head.PreparedTransactions = [.. _replayer.PreparedTransactions.Select(SnapshotManifest.Describe)];
        if (_replayer.FeatureCompatibilityVersion is { } version)
        {
            _head.ReplicaSet = _head.ReplicaSet with { FeatureCompatibilityVersion = version };
        }

        var merged = await _merges.CollectAsync(cancellation);
        var newBytes = _services.Blocks.Statistics.NewBytes;
        var replayFrom = _replayer.OldestOpenTransaction is { } open && open < Applied ? open : Applied;
        var position = new HeadPosition(Applied, replayFrom, IsConsistent, _sync.Begin, _sync.End ?? Optime.Zero);
        var flushed = await _head.FlushAsync(position, cancellation);
        newBytes = _services.Blocks.Statistics.NewBytes - newBytes;
        _merges.Start(newBytes);
        await RecordLostCollectionsAsync(cancellation);
        await _radar.SaveAsync(Applied, cancellation);
        return _stored with
        {
            ManifestBlock = flushed.Manifest.ToString(),
            Optime = Applied,
            ReplayFrom = replayFrom,
            Consistent = IsConsistent,
            NewBytes = _stored.NewBytes + merged + newBytes,
            UpdatedAt = _services.Time.GetUtcNow(),
        };
    }

    /// <summary>The record is stored.</summary>
    internal void Adopt(HeadRecord record)
    {
        _stored = record;
        _ = _memory.Holds(_head.MemtableBytes);
    }

    /// <summary>
    /// Takes over what a partial sync copied, and with it what the source has under the names that were ordered. The head is changed in memory alone:
    /// whatever fails before it is stored, it has to be opened again.
    /// </summary>
    /// <param name="partial">Flushed; it stands where this head stands.</param>
    /// <returns>The namespaces that have other contents now.</returns>
    internal IReadOnlyList<string> TakeOver(PartialHead partial)
    {
        var changed = new List<string>();
        if (partial.Order.IsWidening)
        {
            _head.Filters = NamespaceFilters.Of(partial.Order.Wanted);
        }

        foreach (var collection in partial.Head.Catalogue.Collections.ToList())
        {
            if (!NamespaceFilters.Keep(_head.Filters, collection.Namespace))
            {
                Drop(collection.Uuid);
            }
            else if (collection.ExcludedBecause is null)
            {
                _head.TakeOver(partial.Head, collection);
                changed.Add(collection.Namespace);
            }
            else if (_head.Catalogue.Find(collection.Uuid) is null)
            {
                // What a partial head marks as excluded is this one's; where neither has it, it still has to be copied.
                _head.Catalogue.Set(collection);
            }
        }

        var ghosts = _head.Catalogue.Collections.Where(one =>
            partial.IsOrdered(one.Namespace) && partial.Head.Catalogue.Find(one.Uuid) is null
        );
        foreach (var ghost in ghosts.ToList())
        {
            Drop(ghost.Uuid);
        }

        return changed;
    }

    /// <summary>What it holds of the source: what all of these include.</summary>
    internal IReadOnlyList<NamespaceFilter> Filters => _head.Filters;

    /// <summary>Collections that can no longer be followed and that a fresh copy would mend.</summary>
    internal IReadOnlyList<string> NamespacesToCopy() =>
        [
            .. _head
                .Catalogue.Collections.Where(one =>
                    one.NeedsCopy && NamespaceFilters.Keep(_head.Filters, one.Namespace)
                )
                .Select(one => Pattern(one.Namespace))
                .Distinct()
                .Order(StringComparer.Ordinal),
        ];

    /// <summary>A star in a name would be no star of a pattern.</summary>
    private static string Pattern(string ns) =>
        ns.IndexOf('*', StringComparison.Ordinal) is var star and >= 0 ? ns[..(star + 1)] : ns;

    /// <summary>
    /// Puts the head under these filters: what the last of them leaves out goes. In memory alone, as <see cref="TakeOver"/>.
    /// </summary>
    /// <returns>The namespaces that left.</returns>
    internal IReadOnlyList<string> Narrow(IReadOnlyList<NamespaceFilter> filters)
    {
        var left = _head.Catalogue.Collections.Where(one => !NamespaceFilters.Keep(filters, one.Namespace)).ToList();
        left.ForEach(one => Drop(one.Uuid));
        _head.Filters = filters;
        return left.ConvertAll(one => one.Namespace);
    }

    private void Drop(Guid collection)
    {
        _head.Catalogue.Remove(collection);
        _head.Drop(collection);
    }

    public async ValueTask DisposeAsync()
    {
        await _merges.DisposeAsync();
        _replayer.Dispose();
        _head.Dispose();
        _memory.Dispose();
    }

    private void Notice(ReplayNotice notice)
    {
        _services.OnNotice?.Invoke(notice);
        if (notice.Kind is ReplayNoticeKind.CollectionNeedsResync or ReplayNoticeKind.CollectionExcluded)
        {
            _lostCollections.Add(notice);
        }
        else if (notice.Kind == ReplayNoticeKind.CollectionLeft)
        {
            _leftCollections.Add(notice);
        }
    }

    /// <summary>Before the checkpoint: a crash between the two finds the same entries again, and the same hole is recorded once.</summary>
    private async Task RecordLostCollectionsAsync(CancellationToken cancellation)
    {
        foreach (var lost in _lostCollections)
        {
            var hole = new OplogHole(
                _stored.ReplicaSetId,
                // It can be restored as it was before the entry that ended it.
                Before(lost.At),
                Optime.Zero,
                lost.Text,
                _services.Time.GetUtcNow(),
                HoleKind.CollectionLost,
                _sync.Id,
                Code: null,
                lost.Namespace
            );
            await _services.Metadata.OplogSlices.AddHoleAsync(hole, cancellation);
        }

        foreach (var left in _leftCollections)
        {
            var away = new TimelineEvent(
                _stored.ReplicaSetId,
                _sync.Id,
                left.At,
                TimelineEventKind.RenamedAway,
                left.Namespace,
                left.Text,
                _services.Time.GetUtcNow()
            );
            await _services.Metadata.Heads.AddEventAsync(away, cancellation);
        }

        _lostCollections.Clear();
        _leftCollections.Clear();
    }

    private void CheckContinues(OplogSlice slice)
    {
        // The first slice read after a start may begin before the place where reading goes on, never after it.
        if (slice.Sequence > 0 && slice.Previous > _read)
        {
            throw DaemonErrors.Gap(_stored.ReplicaSetId, _read, slice.Previous);
        }
    }

    /// <returns>False where it stopped at an entry, from behind which the slice is to be read again.</returns>
    private async Task<bool> ApplyAsync(
        OplogSlice slice,
        bool untilDecided,
        Optime? upTo,
        CancellationToken cancellation
    )
    {
        if (slice.First > upTo)
        {
            Pass(upTo.Value);
            return false;
        }

        using var bytes = await SliceBytes.LoadAsync(
            _services.Objects,
            slice.ObjectName,
            slice.RawLength,
            slice.Sha256,
            cancellation
        );
        foreach (var entry in bytes.Documents())
        {
            var at = new BsonView(entry.Span)["ts"u8].AsTimestamp;
            if (at <= _read.Timestamp)
            {
                continue;
            }

            if (at > upTo?.Timestamp)
            {
                _read = _replayer.Position > _read ? _replayer.Position : _read;
                Pass(upTo.Value);
                return false;
            }

            // While a copy is fuzzy, what entries refer to may be gone or newer; and nothing is counted twice.
            _radar.Radar.IsOn = IsConsistent && at > _radar.Radar.CountedBefore.Timestamp;
            _replayer.Apply(entry);
            var position = _replayer.Position;
            Applied = position > Applied ? position : Applied;
            Pass(position);
            if (!IsConsistent && _sync.End is { } end && position >= end)
            {
                _replayer.Mode = ReplayMode.Consistent;
                _head.ToleratesMissing = false;
            }

            if (untilDecided && IsDecided)
            {
                _read = position;
                return false;
            }
        }

        return true;
    }

    private void Pass(Optime moment) => Through = moment > Through ? moment : Through;

    /// <summary>So that the entry at that optime is read too. An optime's ordinal is at least 1.</summary>
    private static Optime Before(Optime optime) => optime.I > 0 ? optime with { I = optime.I - 1 } : optime;
}
