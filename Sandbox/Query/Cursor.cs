using System.Collections.Concurrent;
using System.Security.Cryptography;
using Backup.MongoQuery.Filters;
using Backup.MongoQuery.Projections;
using Backup.MongoWire.Bson;
using Backup.Sandbox.Sharding.Shards;

namespace Backup.Sandbox.Query;

/// <summary>An open cursor: a scan, what is wanted of it, and what is left of its limit.</summary>
internal sealed class Cursor(string ns, Scan scan, Filter filter, Projection? projection)
{
    /// <summary>A reply's documents are at most about so many bytes; one document always fits.</summary>
    private const int ReplyBytes = 16 << 20;

    private BsonDocument? _held;

    public long Id { get; } = (long)(BitConverter.ToUInt64(RandomNumberGenerator.GetBytes(8)) >> 2) + 1;

    public string Namespace => ns;

    public long ConnectionId { get; init; }

    /// <summary>What its shard owned of the collection when it was opened; that must not be removed before it is done.</summary>
    public OwnedCollection? Owned { get; init; }

    public long Skip { get; set; }

    public long Remaining { get; set; } = long.MaxValue;

    public bool IsTailable { get; init; }

    public bool AwaitData { get; init; }

    public bool NoTimeout { get; init; }

    /// <summary>When it was last read.</summary>
    public DateTimeOffset Used { get; set; }

    public bool IsDone { get; private set; }

    /// <summary>Writes the next documents as the items of the open array. Under the engine's lock.</summary>
    /// <returns>How many.</returns>
    public int Fill(BsonWriter writer, long batchSize)
    {
        Span<byte> scratch = stackalloc byte[11];
        var count = 0;
        var start = writer.Length;
        var ended = true;
        if (batchSize == 0)
        {
            return 0;
        }

        foreach (var document in Next())
        {
            var wanted = projection?.Apply(document) ?? document;
            if (count > 0 && writer.Length - start + wanted.Length > ReplyBytes)
            {
                _held = document;
                ended = false;
                break;
            }

            writer.Document(writer.ArrayItemName(scratch), wanted);
            count++;
            Remaining--;
            if (Remaining == 0 || count >= batchSize)
            {
                ended = Remaining == 0;
                break;
            }
        }

        IsDone = ended && !IsTailable;
        return count;
    }

    /// <summary>What matches from here on, first what did not fit the last batch.</summary>
    private IEnumerable<BsonDocument> Next()
    {
        if (_held is { } held)
        {
            _held = null;
            yield return held;
        }

        foreach (var document in scan.Rest())
        {
            if (!filter.Matches(document.View))
            {
                continue;
            }

            if (Skip > 0)
            {
                Skip--;
                continue;
            }

            yield return document;
        }
    }
}

/// <summary>All open cursors of a member.</summary>
internal sealed class CursorTable(TimeProvider time, TimeSpan timeout)
{
    private readonly ConcurrentDictionary<long, Cursor> _open = new();

    public int Count => _open.Count;

    /// <summary>Whether a cursor is open that was opened when the collection was distributed in that way.</summary>
    public bool Any(OwnedCollection owned) => _open.Values.Any(open => open.Owned == owned);

    public void Keep(Cursor cursor)
    {
        cursor.Used = time.GetUtcNow();
        _open[cursor.Id] = cursor;
        foreach (var idle in _open.Values.Where(open => !open.NoTimeout && time.GetUtcNow() - open.Used > timeout))
        {
            _open.TryRemove(idle.Id, out _);
        }
    }

    /// <exception cref="CommandFault">43</exception>
    public Cursor Get(long id) =>
        _open.TryGetValue(id, out var cursor) ? cursor : throw CommandFault.CursorNotFound(id);

    public bool Remove(long id) => _open.TryRemove(id, out _);

    public void RemoveAll() => _open.Clear();

    /// <summary>Closes the tailable cursors of a connection that is gone; others may be read from another one.</summary>
    public void Abandon(long connection)
    {
        foreach (var cursor in _open.Values.Where(open => open.ConnectionId == connection && open.IsTailable))
        {
            _open.TryRemove(cursor.Id, out _);
        }
    }
}
