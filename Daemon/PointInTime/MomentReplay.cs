using Backup.Daemon.Heads;
using Backup.Foundation;
using Backup.MongoWire.Bson;
using Backup.Oplog;
using Backup.Snapshots.Heads;

namespace Backup.Daemon.PointInTime;

/// <summary>Brings a head that was opened at a base to a moment, slice by slice. Belongs to one caller.</summary>
internal sealed class MomentReplay : IDisposable
{
    private readonly RestorePlan _plan;
    private readonly OplogReplayer _replayer;

    /// <param name="plan">The base, and the moment.</param>
    /// <param name="head">Opened at the base; its caller's.</param>
    /// <param name="spillFolder">For this replay alone.</param>
    /// <param name="target">What takes the operations in the head's place; null: the head.</param>
    internal MomentReplay(RestorePlan plan, Head head, string spillFolder, IOperationTarget? target = null)
    {
        _plan = plan;
        Optime = plan.BaseOptime;
        _replayer = new OplogReplayer(
            head.Catalogue,
            target ?? head,
            new OplogReplayerOptions
            {
                AppliedThrough = plan.BaseOptime,
                AppliedAhead = head.AppliedAhead,
                FeatureCompatibilityVersion = head.ReplicaSet.FeatureCompatibilityVersion,
                SpillFolder = spillFolder,
                Includes = ns => NamespaceFilters.Include(head.Filters, ns),
                Keeps = ns => NamespaceFilters.Keep(head.Filters, ns),
            }
        );
    }

    /// <summary>The last entry that is in it.</summary>
    internal Optime Optime { get; private set; }

    /// <summary>The last entry that was looked at, after the moment too; zero before the first.</summary>
    internal Optime Read { get; private set; }

    /// <summary>Transactions prepared by the moment of which nothing decided has been seen, or that do not belong to it; oldest first.</summary>
    internal IReadOnlyList<PreparedTransaction> Undecided => _replayer.PreparedTransactions;

    /// <summary>Transactions that belong to the moment although their commits come after it.</summary>
    internal IReadOnlyList<PreparedTransaction> AppliedAhead => _replayer.AppliedAhead;

    /// <summary>The first entry of the oldest transaction whose end comes after the moment; null: there is none.</summary>
    internal Optime? OldestOpenTransaction => _replayer.OldestOpenTransaction;

    /// <summary>The source's feature compatibility version at the moment; null where it is not known.</summary>
    internal string? FeatureCompatibilityVersion => _replayer.FeatureCompatibilityVersion;

    /// <summary>Applies what of the slice belongs to the moment. Entries that were seen before are passed over.</summary>
    /// <returns>True where the moment is complete: nothing after it is of any interest.</returns>
    internal bool Apply(SliceBytes slice)
    {
        foreach (var entry in slice.Documents())
        {
            if (Apply(entry))
            {
                return true;
            }
        }

        return IsComplete;
    }

    /// <summary>
    /// The entry that was named was the last one that was read: what follows need not be, unless for a decision. A base at the moment itself is not enough: which transactions were
    /// prepared by then is known only when all entries up to it were read again.
    /// </summary>
    internal bool IsComplete =>
        _replayer.Position.Timestamp >= _plan.Point.AtMost.Timestamp && _replayer.PreparedTransactions.Count == 0;

    /// <summary>The same of one entry.</summary>
    /// <returns>True where it comes after the moment, and nothing after it is of any interest.</returns>
    internal bool Apply(ReadOnlyMemory<byte> entry)
    {
        var at = new BsonView(entry.Span)["ts"u8].AsTimestamp;
        if (at < _plan.ReplayFrom.Timestamp || at <= Read.Timestamp)
        {
            return false;
        }

        Read = Optime.FromTimestamp(at);
        if (at > _plan.Point.AtMost.Timestamp)
        {
            // Past the moment only the decisions on transactions that were prepared by then count.
            return _replayer.PreparedTransactions.Count == 0 || _replayer.DecideAfter(_plan.Point.AtMost, entry);
        }

        _replayer.Apply(entry);
        Optime = _replayer.Position > Optime ? _replayer.Position : Optime;
        return false;
    }

    public void Dispose() => _replayer.Dispose();
}
