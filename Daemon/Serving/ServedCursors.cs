using System.Collections.Concurrent;
using System.Security.Cryptography;
using Backup.MongoWire.Bson;

namespace Backup.Daemon.Serving;

/// <summary>An answer that is given in batches.</summary>
internal sealed class ServedCursor(string ns, bool holds, Func<ServedCursor, IAsyncEnumerable<BsonDocument>> open)
    : IAsyncDisposable
{
    /// <summary>A reply's documents are at most about so many bytes; one document always fits.</summary>
    private const int ReplyBytes = 15 << 20;

    private readonly SemaphoreSlim _turn = new(1);
    private IAsyncEnumerator<BsonDocument>? _documents;
    private BsonDocument? _held;
    private bool _isClosed;
    private int _lent = 1;

    internal long Id { get; } = (long)(BitConverter.ToUInt64(RandomNumberGenerator.GetBytes(8)) >> 2) + 1;

    internal string Namespace => ns;

    /// <summary>Whether it holds sorted or grouped documents.</summary>
    internal bool Holds => holds;

    internal DateTimeOffset Used { get; private set; }

    /// <summary>Whether a command is at work with it: however long that takes, it is not idle.</summary>
    internal bool IsLent => Volatile.Read(ref _lent) > 0;

    internal bool IsDone { get; private set; }

    /// <summary>Of the command that reads now.</summary>
    internal CancellationToken Reading { get; private set; }

    /// <summary>To a command, until it is given back.</summary>
    internal void Lend() => Interlocked.Increment(ref _lent);

    internal void GiveBack(DateTimeOffset now)
    {
        Used = now;
        Interlocked.Decrement(ref _lent);
    }

    /// <summary>Writes the next documents as items of the open array.</summary>
    internal async Task FillAsync(BsonWriter writer, long batchSize, CancellationToken cancellation)
    {
        await _turn.WaitAsync(cancellation);
        try
        {
            if (_isClosed)
            {
                throw ServeFaults.Failed(43, "CursorNotFound", $"cursor id {Id} not found");
            }

            Reading = cancellation;
            _documents ??= open(this).GetAsyncEnumerator(CancellationToken.None);
            var start = writer.Length;
            for (long count = 0; count < batchSize; count++)
            {
                if (await NextAsync() is not { } document)
                {
                    IsDone = true;
                    return;
                }

                if (count > 0 && writer.Length - start + document.Length > ReplyBytes)
                {
                    _held = document;
                    return;
                }

                Append(writer, document);
            }
        }
        finally
        {
            _turn.Release();
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _turn.WaitAsync();
        try
        {
            _isClosed = true;
            if (_documents is { } open)
            {
                _documents = null;
                await open.DisposeAsync();
            }
        }
        finally
        {
            _turn.Release();
        }
    }

    private async Task<BsonDocument?> NextAsync()
    {
        if (_held is { } held)
        {
            _held = null;
            return held;
        }

        return await _documents!.MoveNextAsync() ? _documents.Current : null;
    }

    private static void Append(BsonWriter writer, BsonDocument document)
    {
        Span<byte> scratch = stackalloc byte[11];
        writer.Document(writer.ArrayItemName(scratch), document);
    }
}

/// <summary>The open cursors of an endpoint. Those that nobody reads are looked for every minute, and closed.</summary>
internal sealed class ServedCursors : IAsyncDisposable
{
    private static readonly TimeSpan Interval = TimeSpan.FromMinutes(1);

    private readonly ConcurrentDictionary<long, ServedCursor> _open = new();
    private readonly ServeOptions _options;
    private readonly TimeProvider _time;
    private readonly ITimer _sweep;

    internal ServedCursors(ServeOptions options, TimeProvider time)
    {
        (_options, _time) = (options, time);
        _sweep = time.CreateTimer(
            static state => _ = ((ServedCursors)state!).CloseIdleAsync(),
            this,
            Interval,
            Interval
        );
    }

    internal int Count => _open.Count;

    /// <summary>Takes it back from the command that has read from it.</summary>
    /// <exception cref="MongoWire.Client.CommandException">Where too many are open.</exception>
    internal async Task KeepAsync(ServedCursor cursor)
    {
        cursor.GiveBack(_time.GetUtcNow());
        if (_open.ContainsKey(cursor.Id))
        {
            return;
        }

        await CloseIdleAsync();
        if (
            _open.Count >= _options.MaxCursors
            || (cursor.Holds && _open.Values.Count(static one => one.Holds) >= _options.MaxHoldingCursors)
        )
        {
            await cursor.DisposeAsync();
            throw ServeFaults.Failed(
                202,
                "TooManyLocks",
                "Too many cursors are open on this endpoint: read them to their end or close them; a limit, or batches that hold all, need none."
            );
        }

        _open[cursor.Id] = cursor;
    }

    /// <summary>Lends it to a command.</summary>
    /// <exception cref="MongoWire.Client.CommandException">Where it is gone, or belongs to another namespace.</exception>
    internal ServedCursor Get(long id, string ns)
    {
        if (!_open.TryGetValue(id, out var cursor) || IsIdle(cursor))
        {
            throw ServeFaults.Failed(43, "CursorNotFound", $"cursor id {id} not found");
        }

        if (cursor.Namespace != ns)
        {
            throw ServeFaults.Failed(13, "Unauthorized", "the cursor belongs to another namespace");
        }

        cursor.Lend();
        return cursor;
    }

    internal async Task<bool> RemoveAsync(long id)
    {
        if (!_open.TryRemove(id, out var cursor))
        {
            return false;
        }

        await cursor.DisposeAsync();
        return true;
    }

    internal async Task CloseIdleAsync()
    {
        foreach (var idle in _open.Values.Where(IsIdle))
        {
            await RemoveAsync(idle.Id);
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _sweep.DisposeAsync();
        foreach (var id in _open.Keys)
        {
            await RemoveAsync(id);
        }
    }

    private bool IsIdle(ServedCursor cursor) =>
        !cursor.IsLent && cursor.Used < _time.GetUtcNow() - _options.CursorTimeout;
}
