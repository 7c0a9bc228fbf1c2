using Backup.Foundation;
using Backup.MongoWire.Bson;

namespace Backup.Sandbox.Storage;

/// <summary>An entry of the oplog, and what it does to the data.</summary>
/// <param name="Changes">In order; empty where nobody can ever need them.</param>
/// <param name="HoldsFrom">The timestamp from which the data is so: the entry's own, but for a prepared transaction's commit.</param>
internal sealed record LoggedEntry(
    Optime Optime,
    BsonDocument Document,
    IReadOnlyList<Change> Changes,
    ulong HoldsFrom
);

/// <summary>
/// <c>local.oplog.rs</c>: entries by optime, the oldest let go beyond a number of bytes. Done under the engine's lock;
/// waiting for new entries is not.
/// </summary>
/// <param name="capacity">Bytes of entries that it keeps.</param>
/// <param name="alone">Whether the member is a majority by itself: what it logs is committed.</param>
/// <param name="keepsChanges">Whether every entry keeps what it changes, so that the past can be read.</param>
internal sealed class OplogStore(long capacity, bool alone, bool keepsChanges)
{
    private readonly List<LoggedEntry?> _entries = [];
    private int _first;
    private long _bytes;
    private TaskCompletionSource _changed = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public Optime Last { get; private set; }

    /// <summary>The newest entry that a majority has: what readConcern majority shows.</summary>
    public Optime Majority { get; private set; }

    /// <summary>While frozen the majority point stays where it is.</summary>
    public bool MajorityFrozen { get; private set; }

    /// <summary>Whether entries keep what they change: others copy them, or they may have to be undone.</summary>
    public bool KeepsChanges => keepsChanges || !alone || MajorityFrozen;

    /// <summary>How many entries have been let go so far, so that positions stay valid.</summary>
    public long Dropped { get; private set; }

    public int Count => _entries.Count - _first;

    public long Bytes => _bytes;

    /// <summary>Position after the newest entry.</summary>
    public long End => Dropped + Count;

    /// <summary>Completes at the next change of entries or majority point.</summary>
    public Task Changed => Volatile.Read(ref _changed).Task;

    public void Append(LoggedEntry entry)
    {
        _entries.Add(entry);
        _bytes += entry.Document.Length;
        Last = entry.Optime;
        if (alone && !MajorityFrozen)
        {
            Majority = entry.Optime;
        }

        while (_bytes > capacity && Count > 1)
        {
            DropOldest();
        }

        Signal();
    }

    /// <summary>Adds changes to the newest entry, before anybody else could see it.</summary>
    public void Amend(IReadOnlyList<Change> changes, ulong holdsFrom)
    {
        var newest = _entries[^1]!;
        _entries[^1] = newest with { Changes = [.. newest.Changes, .. changes], HoldsFrom = holdsFrom };
    }

    /// <summary>Takes the newest entry away: it is rolled back.</summary>
    public LoggedEntry RemoveNewest()
    {
        var newest = _entries[^1]!;
        _entries.RemoveAt(_entries.Count - 1);
        _bytes -= newest.Document.Length;
        Last = _entries[^1]!.Optime;
        return newest;
    }

    /// <summary>The entry at a position from <see cref="Dropped"/> to below <see cref="End"/>.</summary>
    public LoggedEntry EntryAt(long position) => _entries[_first + (int)(position - Dropped)]!;

    public BsonDocument At(long position) => EntryAt(position).Document;

    public ulong TimestampAt(long position) => EntryAt(position).Optime.Timestamp;

    /// <summary>The position of the first entry at or after a timestamp.</summary>
    public long Seek(ulong timestamp)
    {
        var (low, high) = (_first, _entries.Count);
        while (low < high)
        {
            var middle = low + (high - low) / 2;
            if (_entries[middle]!.Optime.Timestamp < timestamp)
            {
                low = middle + 1;
            }
            else
            {
                high = middle;
            }
        }

        return Dropped + low - _first;
    }

    /// <summary>Whether that very entry, of that term, is there.</summary>
    public bool Holds(Optime optime)
    {
        var position = Seek(optime.Timestamp);
        return position < End && EntryAt(position).Optime == optime;
    }

    /// <summary>Entries after a timestamp; the newest first.</summary>
    public IEnumerable<LoggedEntry> After(ulong timestamp)
    {
        for (var at = _entries.Count - 1; at >= _first && _entries[at]!.Optime.Timestamp > timestamp; at--)
        {
            yield return _entries[at]!;
        }
    }

    /// <summary>Entries that no majority has, as far as is known here; the newest first.</summary>
    public IEnumerable<LoggedEntry> Uncommitted()
    {
        for (var at = _entries.Count - 1; at >= _first && _entries[at]!.Optime > Majority; at--)
        {
            yield return _entries[at]!;
        }
    }

    public void Freeze(bool frozen)
    {
        MajorityFrozen = frozen;
        if (!frozen && alone)
        {
            Majority = Last;
            Signal();
        }
    }

    /// <summary>A majority has all up to an optime, of which this member may not have all. The point never goes back.</summary>
    public void Commit(Optime point)
    {
        point = point > Last ? Last : point;
        if (!MajorityFrozen && point > Majority)
        {
            Majority = point;
            Signal();
        }
    }

    /// <summary>Of an arbiter, which has no entries: what it is told of the set's.</summary>
    public void Hear(Optime last) => Majority = Last = last;

    /// <summary>Lets all but the newest entries go, as if the oplog had rolled over.</summary>
    public void Truncate(int keep)
    {
        while (Count > Math.Max(1, keep))
        {
            DropOldest();
        }

        Signal();
    }

    public void Signal() =>
        Interlocked
            .Exchange(ref _changed, new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously))
            .TrySetResult();

    private void DropOldest()
    {
        _bytes -= _entries[_first]!.Document.Length;
        _entries[_first] = null;
        _first++;
        Dropped++;
        if (_first > 1024 && _first > _entries.Count / 2)
        {
            _entries.RemoveRange(0, _first);
            _first = 0;
        }
    }
}
