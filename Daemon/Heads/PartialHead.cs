using Backup.Foundation;
using Backup.Foundation.Contracts;
using Backup.Metadata;
using Backup.MongoWire.Bson;
using Backup.Oplog;
using Backup.Snapshots.Heads;
using Backup.Snapshots.Manifests;

namespace Backup.Daemon.Heads;

/// <summary>
/// The collections of a partial sync as a head of their own, beside the one that takes them over in the end. It replays the same stored oplog from the
/// partial sync's begin on, for its collections alone; so from the partial sync's end on it is exactly what the source has of them. Nothing of it
/// is durable: after a crash it is made anew from the slices. Belongs to one caller.
/// </summary>
internal sealed class PartialHead : IDisposable
{
    private readonly HeadServices _services;
    private readonly SyncRecord _sync;
    private readonly Func<string, bool> _ordered;
    private readonly OplogReplayer _replayer;
    private Optime _read;
    private bool _hasBegun;

    /// <param name="services">Stores and options.</param>
    /// <param name="set">As the main head knows it.</param>
    /// <param name="copy">Of the partial sync.</param>
    internal PartialHead(HeadServices services, ReplicaSetIdentity set, BuiltCopy copy)
    {
        _services = services;
        _sync = copy.Sync;
        _ordered = copy.Sync.Order!.Selector();
        Head = Head.Create(services.Blocks, set, services.HeadOptions);
        Head.ToleratesMissing = true;
        foreach (var collection in copy.Collections)
        {
            Head.Catalogue.Set(collection);
            Head.SetBaseRun(collection.Uuid, copy.Runs[collection.Uuid]);
        }

        _read = Before(_sync.Begin);
        _replayer = new OplogReplayer(
            Head.Catalogue,
            Head,
            new OplogReplayerOptions
            {
                Mode = ReplayMode.CatchingUp,
                AppliedThrough = _read,
                FeatureCompatibilityVersion = set.FeatureCompatibilityVersion,
                SpillFolder = Path.Combine(services.Options.SpillFolder, $"{_sync.ReplicaSetId}-partial"),
                Includes = _ordered,
                IsPartial = true,
            }
        );
    }

    internal Head Head { get; }

    /// <summary>Whether the end of the copy is passed.</summary>
    internal bool IsConsistent => _replayer.Mode == ReplayMode.Consistent;

    /// <summary>What was to be copied.</summary>
    internal CopyOrder Order => _sync.Order!;

    /// <summary>Whether a collection of that name was to be copied.</summary>
    internal bool IsOrdered(string ns) => _ordered(ns);

    /// <summary>Applies stored slices, at most so many, up to and including an entry and not beyond it.</summary>
    /// <returns>Whether everything up to that entry is applied.</returns>
    /// <exception cref="Foundation.Errors.BackupException">9001 where an entry is missing; those of what is read and replayed.</exception>
    internal async Task<bool> AdvanceAsync(Optime upTo, int slices, CancellationToken cancellation)
    {
        if (_read >= upTo)
        {
            return true;
        }

        var rows = await _services.Metadata.OplogSlices.AfterAsync(_sync.Beside!, _read, slices, cancellation);
        foreach (var row in rows)
        {
            RequireContinuity(row);
            if (row.First > upTo || !await ApplyAsync(row, upTo, cancellation))
            {
                return true;
            }

            if (Head.IsFull)
            {
                await FlushAsync(cancellation);
            }
        }

        return rows.Count < slices || _read >= upTo;
    }

    /// <summary>Puts everything applied into runs.</summary>
    internal async Task FlushAsync(CancellationToken cancellation)
    {
        await Head.MergeAsync(cancellation);
        var position = new HeadPosition(_read, _read, IsConsistent, _sync.Begin, _sync.End ?? Optime.Zero);
        await Head.FlushAsync(position, cancellation);
    }

    public void Dispose()
    {
        _replayer.Dispose();
        Head.Dispose();
    }

    /// <returns>False where the entry was reached within the slice.</returns>
    private async Task<bool> ApplyAsync(OplogSlice slice, Optime upTo, CancellationToken cancellation)
    {
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

            if (at > upTo.Timestamp)
            {
                return false;
            }

            _replayer.Apply(entry);
            _read = _replayer.Position;
            if (!IsConsistent && _read >= _sync.End)
            {
                _replayer.Mode = ReplayMode.Consistent;
                Head.ToleratesMissing = false;
            }
        }

        return true;
    }

    private void RequireContinuity(OplogSlice slice)
    {
        var continues = _hasBegun
            ? slice.Previous <= _read
            : new OplogExtent(slice.Previous, slice.First, slice.Last).ReachesBackTo(_sync.Begin);
        _hasBegun = continues ? true : throw DaemonErrors.Gap(_sync.ReplicaSetId, _read, slice.Previous);
    }

    private static Optime Before(Optime optime) => optime with { I = optime.I - 1 };
}
