using Backup.Oplog.Catalogues;
using Backup.Snapshots.Reading;
using Backup.Snapshots.Runs;

namespace Backup.Snapshots.Heads;

/// <summary>One collection of a head: its runs, and the memtables over them. Runs are guarded by a lock on the state; the rest is the caller's.</summary>
internal sealed class CollectionState(Guid uuid) : IDisposable
{
    /// <summary>
    /// Operations number their documents from here on, an initial sync from 1: so its documents come first, whichever is known first.
    /// </summary>
    internal const ulong FirstOperationOrdinal = 1UL << 40;

    private readonly Lock _gate = new();
    private CatalogueCollection? _seen;
    private bool _isCapped;

    internal Guid Uuid { get; } = uuid;

    /// <summary>As of the last flush or opening: for a merge, which must not look into the catalogue while it is being changed.</summary>
    internal volatile CatalogueCollection? Definition;

    /// <summary>Newest first.</summary>
    internal List<RunReference> Runs { get; private set; } = [];

    /// <summary>Oldest first; more than one only where the updates of one document filled a record.</summary>
    internal List<Memtable> Tables { get; } = [];

    internal ulong NextOrdinal { get; set; } = FirstOperationOrdinal;

    internal CappedLimits Limits { get; set; } = CappedLimits.None;

    /// <summary>Emptied by an operation: a base run that comes later is older than that.</summary>
    internal bool WasCleared { get; set; }

    internal long MemtableBytes => Tables.Sum(static table => table.Bytes);

    internal Memtable Table
    {
        get
        {
            if (Tables.Count == 0)
            {
                Tables.Add(new Memtable());
            }

            return Tables[^1];
        }
    }

    /// <summary>The ordinal of a document that is new; 0 where the collection is not capped.</summary>
    internal ulong TakeOrdinal(CatalogueCollection? definition)
    {
        if (!ReferenceEquals(definition, _seen))
        {
            _seen = definition;
            _isCapped = definition?.IsCapped ?? false;
        }

        return _isCapped ? NextOrdinal++ : 0;
    }

    internal RunReference[] RunsNow()
    {
        lock (_gate)
        {
            return [.. Runs];
        }
    }

    internal void SetRuns(IEnumerable<RunReference> newestFirst)
    {
        lock (_gate)
        {
            Runs = [.. newestFirst];
        }
    }

    internal void AddNewest(IEnumerable<RunReference> newestFirst)
    {
        lock (_gate)
        {
            Runs.InsertRange(0, newestFirst);
        }
    }

    /// <summary>Puts the result of a merge in the place of its runs; nothing happens where they are no longer there.</summary>
    internal bool TryReplace(IReadOnlyList<RunReference> merged, RunReference? result)
    {
        lock (_gate)
        {
            var at = Runs.FindIndex(run => ReferenceEquals(run, merged[0]));
            if (at < 0 || at + merged.Count > Runs.Count || !ReferenceEquals(Runs[at + merged.Count - 1], merged[^1]))
            {
                return false;
            }

            Runs.RemoveRange(at, merged.Count);
            if (result is not null)
            {
                Runs.Insert(at, result);
            }

            return true;
        }
    }

    internal void ClearTables()
    {
        foreach (var table in Tables)
        {
            table.Dispose();
        }

        Tables.Clear();
    }

    public void Dispose() => ClearTables();
}
