using System.Collections.Concurrent;
using System.Security.Cryptography;
using Backup.MongoQuery.Projections;
using Backup.MongoWire.Bson;

namespace Backup.Sandbox.Sharding.Routing;

/// <summary>A cursor on one shard, and what it has sent that nobody has taken yet.</summary>
internal sealed class ShardCursor(string shard, SandboxMember? member, BsonDocument reply)
{
    private readonly Queue<BsonDocument> _buffered = Read(reply, "firstBatch"u8);
    private long _id = IdOf(reply);

    public bool IsDone => _id == 0 && _buffered.Count == 0;

    public bool HasNext => _buffered.Count > 0;

    public BsonDocument Next => _buffered.Peek();

    public BsonDocument Take() => _buffered.Dequeue();

    /// <summary>Asks for more where nothing is at hand.</summary>
    public async Task RefillAsync(RouterContext context)
    {
        if (HasNext || _id == 0)
        {
            return;
        }

        var id = _id;
        var wait = context.Number("maxTimeMS"u8, 0);
        var size = context.Number("batchSize"u8, 0);
        var name = context.View.First.NameText == "getMore" ? context.Text("collection"u8)! : context.CollectionName;
        var more = BsonDocument.Build(w =>
        {
            w.Int64("getMore"u8, id).String("collection"u8, name);
            if (size > 0)
            {
                w.Int64("batchSize"u8, size);
            }

            if (wait > 0)
            {
                w.Int64("maxTimeMS"u8, wait);
            }

            if (context.Transaction is { } transaction && context.Session is { } session)
            {
                w.Document("lsid"u8, session).Int64("txnNumber"u8, transaction.Number).Boolean("autocommit"u8, false);
            }
        });
        var link = shard.Length == 0 ? context.Router.Calls.ConfigServers : context.Router.Calls.Link(shard);
        var reply = await link.AskAsync(member!, context.Database, more, context.Cancellation);
        ShardCalls.ThrowIfFailed(reply.View);
        foreach (var document in Read(reply, "nextBatch"u8))
        {
            _buffered.Enqueue(document);
        }

        _id = IdOf(reply);
    }

    /// <summary>Lets the shard's cursor go.</summary>
    public void Close() => member?.Cursors.Remove(_id);

    private static long IdOf(BsonDocument reply) => reply.View["cursor"u8].AsDocument["id"u8].ToInt64();

    private static Queue<BsonDocument> Read(BsonDocument reply, ReadOnlySpan<byte> batch)
    {
        var read = new Queue<BsonDocument>();
        foreach (var document in reply.View["cursor"u8].AsDocument[batch].AsDocument)
        {
            read.Enqueue(document.AsDocument.ToDocument());
        }

        return read;
    }
}

/// <summary>A client's cursor: those of the shards, one after the other or merged in the order that is wanted.</summary>
/// <param name="order">Null: as they come.</param>
internal sealed class RouterCursor(string ns, IReadOnlyList<ShardCursor> shards, IComparer<BsonDocument>? order)
{
    private const int ReplyBytes = 16 << 20;

    public long Id { get; } = (long)(BitConverter.ToUInt64(RandomNumberGenerator.GetBytes(8)) >> 2) + 1;

    public string Namespace => ns;

    public long ConnectionId { get; init; }

    public Projection? Projection { get; init; }

    public long Skip { get; set; }

    public long Remaining { get; set; } = long.MaxValue;

    public bool IsTailable { get; init; }

    public bool IsDone => !IsTailable && (Remaining == 0 || shards.All(static shard => shard.IsDone));

    /// <summary>Writes the next documents as the items of the open array.</summary>
    public async Task FillAsync(RouterContext context, BsonWriter writer, long size)
    {
        var (count, start) = (0, writer.Length);
        while (count < size && Remaining > 0 && await NextAsync(context, count == 0) is { } shard)
        {
            var document = Projection?.Apply(shard.Next) ?? shard.Next;
            if (count > 0 && writer.Length - start + document.Length > ReplyBytes)
            {
                return;
            }

            shard.Take();
            if (Skip > 0)
            {
                Skip--;
                continue;
            }

            Write(writer, document);
            count++;
            Remaining--;
        }
    }

    /// <summary>All that is left.</summary>
    public async Task<List<BsonDocument>> RestAsync(RouterContext context)
    {
        var all = new List<BsonDocument>();
        while (await NextAsync(context, mayWait: true) is { } shard)
        {
            all.Add(shard.Take());
        }

        return all;
    }

    public void Close()
    {
        foreach (var shard in shards)
        {
            shard.Close();
        }
    }

    /// <param name="mayWait">Of a tailable one: whether nothing was found yet.</param>
    private async Task<ShardCursor?> NextAsync(RouterContext context, bool mayWait)
    {
        if (order is null)
        {
            foreach (var shard in shards)
            {
                for (var mayAsk = mayWait || !IsTailable; mayAsk && !shard.HasNext && !shard.IsDone; )
                {
                    await shard.RefillAsync(context);
                    mayAsk = !IsTailable;
                }

                if (shard.HasNext)
                {
                    return shard;
                }
            }

            return null;
        }

        ShardCursor? first = null;
        foreach (var shard in shards)
        {
            while (!shard.IsDone && !shard.HasNext)
            {
                await shard.RefillAsync(context);
            }

            if (shard.HasNext && (first is null || order.Compare(shard.Next, first.Next) < 0))
            {
                first = shard;
            }
        }

        return first;
    }

    private static void Write(BsonWriter writer, BsonDocument document)
    {
        Span<byte> scratch = stackalloc byte[11];
        writer.Document(writer.ArrayItemName(scratch), document);
    }
}

/// <summary>The cursors that clients have open through a router.</summary>
internal sealed class RouterCursors
{
    private readonly ConcurrentDictionary<long, RouterCursor> _open = new();

    public void Keep(RouterCursor cursor) => _open[cursor.Id] = cursor;

    /// <exception cref="CommandFault">43</exception>
    public RouterCursor Get(long id) =>
        _open.TryGetValue(id, out var cursor) ? cursor : throw CommandFault.CursorNotFound(id);

    public bool Remove(long id)
    {
        var isKnown = _open.TryRemove(id, out var cursor);
        cursor?.Close();
        return isKnown;
    }

    public void RemoveAll()
    {
        foreach (var id in _open.Keys)
        {
            Remove(id);
        }
    }

    public void Abandon(long connection)
    {
        foreach (var cursor in _open.Values.Where(open => open.ConnectionId == connection && open.IsTailable))
        {
            Remove(cursor.Id);
        }
    }
}
