using Backup.Foundation;
using Backup.MongoWire.Bson;

namespace Backup.Sandbox.Storage;

/// <summary>
/// <c>local.oplog.rs</c>: entries by optime, the oldest let go beyond a number of bytes. Done under the engine's lock;
/// waiting for new entries is not.
/// </summary>
internal sealed class OplogStore(long capacity)
{
    private readonly List<(ulong Timestamp, BsonDocument Entry)> _entries = [];
    private int _first;
    private long _bytes;
    private TaskCompletionSource _changed = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public Optime Last { get; private set; }

    /// <summary>The newest entry that a majority has: what readConcern majority shows.</summary>
    public Optime Majority { get; private set; }

    /// <summary>While frozen the majority point stays where it is.</summary>
    public bool MajorityFrozen { get; private set; }

    /// <summary>How many entries have been let go so far, so that positions stay valid.</summary>
    public long Dropped { get; private set; }

    public int Count => _entries.Count - _first;

    public long Bytes => _bytes;

    /// <summary>Position after the newest entry.</summary>
    public long End => Dropped + Count;

    /// <summary>Completes at the next change of entries or majority point.</summary>
    public Task Changed => Volatile.Read(ref _changed).Task;

    public void Append(Optime optime, BsonDocument entry)
    {
        _entries.Add((optime.Timestamp, entry));
        _bytes += entry.Length;
        Last = optime;
        if (!MajorityFrozen)
        {
            Majority = optime;
        }

        while (_bytes > capacity && Count > 1)
        {
            DropOldest();
        }

        Signal();
    }

    /// <summary>The entry at a position from <see cref="Dropped"/> to below <see cref="End"/>.</summary>
    public BsonDocument At(long position) => _entries[_first + (int)(position - Dropped)].Entry;

    public ulong TimestampAt(long position) => _entries[_first + (int)(position - Dropped)].Timestamp;

    /// <summary>The position of the first entry at or after a timestamp.</summary>
    public long Seek(ulong timestamp)
    {
        var (low, high) = (_first, _entries.Count);
        while (low < high)
        {
            var middle = low + (high - low) / 2;
            if (_entries[middle].Timestamp < timestamp)
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

    public void Freeze(bool frozen)
    {
        MajorityFrozen = frozen;
        if (!frozen)
        {
            Majority = Last;
            Signal();
        }
    }

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
        _bytes -= _entries[_first].Entry.Length;
        _entries[_first] = default;
        _first++;
        Dropped++;
        if (_first > 1024 && _first > _entries.Count / 2)
        {
            _entries.RemoveRange(0, _first);
            _first = 0;
        }
    }
}
