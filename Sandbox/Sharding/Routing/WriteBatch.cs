using System.Text;
using Backup.MongoWire.Bson;
using Backup.Sandbox.Sharding.Catalogue;

namespace Backup.Sandbox.Sharding.Routing;

/// <summary>A client's write command on its way: which statements are done, which have failed, which are still to be sent.</summary>
/// <param name="argument"><c>documents</c>, <c>updates</c> or <c>deletes</c>.</param>
internal sealed class WriteBatch(RouterContext context, string argument, List<BsonDocument> statements)
{
    private const int StaleConfig = 13388;
    private const int NotPrimary = 10107;
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(10);

    private readonly SortedSet<int> _open = [.. Enumerable.Range(0, statements.Count)];
    private readonly SortedDictionary<int, BsonDocument> _errors = [];
    private readonly SortedDictionary<int, BsonDocument> _upserted = [];
    private BsonDocument? _concernError;
    private long _n;
    private long _modified;

    public bool IsOrdered { get; } =
        context.Transaction is not null || !context.View.TryGet("ordered"u8, out var ordered) || ordered.ToBoolean();

    public bool HasFailed => _errors.Count > 0;

    /// <summary>Those that are still to be sent.</summary>
    public IEnumerable<int> Open => _open;

    public BsonDocument Statement(int index) => statements[index];

    /// <summary>The first of those that are still to be sent; null: it is over.</summary>
    public int? Next() => _open.Count == 0 || (IsOrdered && HasFailed) ? null : _open.Min;

    public void Fail(int index, CommandFault fault)
    {
        _open.Remove(index);
        _errors[index] = BsonDocument.Build(w =>
            w.Int32("index"u8, index)
                .Int32("code"u8, fault.Code)
                .String("codeName"u8, fault.CodeName)
                .String("errmsg"u8, fault.Message)
        );
    }

    /// <summary>Sends statements to one shard; those that it does not know as its own any more stay open.</summary>
    public async Task SendAsync(string shard, List<int> indexes, KnownAs known, ShardedCollection? collection)
    {
        var done = await TrySendAsync(shard, indexes, known, collection);
        if (done < indexes.Count && !HasFailed)
        {
            await Task.Delay(Pause, context.Cluster.Time, context.Cancellation);
        }
    }

    /// <summary>Sends one statement to several shards; each does it once.</summary>
    public async Task BroadcastAsync(IReadOnlyList<string> shards, int index, ShardedCollection? collection)
    {
        var known = context.Transaction is null ? KnownAs.Ignored : KnownAs.Version;
        foreach (var shard in shards)
        {
            _open.Add(index);
            while (!_errors.ContainsKey(index) && await TrySendAsync(shard, [index], known, collection) == 0)
            {
                await Task.Delay(Pause, context.Cluster.Time, context.Cancellation);
            }
        }

        _open.Remove(index);
    }

    public BsonDocument Reply() =>
        context.Reply(w =>
        {
            Span<byte> scratch = stackalloc byte[11];
            if (argument == "updates")
            {
                w.Int32("nModified"u8, (int)_modified);
            }

            w.Int32("n"u8, (int)_n);
            Items(w, "upserted", _upserted.Values);
            Items(w, "writeErrors", _errors.Values);
            if (_concernError is { } error)
            {
                w.Document("writeConcernError"u8, error);
            }
        });

    public static void Statements(BsonWriter w, string argument, IReadOnlyList<BsonDocument> statements)
    {
        Span<byte> scratch = stackalloc byte[11];
        w.BeginArray(Encoding.UTF8.GetBytes(argument));
        foreach (var statement in statements)
        {
            w.Document(w.ArrayItemName(scratch), statement);
        }

        w.EndArray();
    }

    private static void Items(BsonWriter w, string name, ICollection<BsonDocument> items)
    {
        if (items.Count > 0)
        {
            Statements(w, name, [.. items]);
        }
    }

    /// <returns>How many were done or have failed, so that they are not sent again.</returns>
    private async Task<int> TrySendAsync(string shard, List<int> indexes, KnownAs known, ShardedCollection? collection)
    {
        BsonDocument reply;
        try
        {
            reply = await context.Router.Calls.RunAsync(context, shard, Command(indexes), known, collection);
        }
        catch (CommandFault stale) when (stale.Code == StaleConfig && context.Transaction is null)
        {
            return 0;
        }

        return Take(shard, indexes, reply);
    }

    private int Take(string shard, List<int> indexes, BsonDocument reply)
    {
        var view = reply.View;
        var n = view["n"u8].ToInt64();
        _n += n;
        _modified += view.TryGet("nModified"u8, out var modified) ? modified.ToInt64() : 0;
        if (n > 0)
        {
            context.Transaction?.Wrote(shard);
        }

        if (view.TryGet("upserted"u8, out var upserted))
        {
            foreach (var one in upserted.AsDocument)
            {
                var index = indexes[(int)one.AsDocument["index"u8].ToInt64()];
                _upserted[index] = Renumbered(one.AsDocument.ToDocument(), index);
            }
        }

        if (view.TryGet("writeConcernError"u8, out var late))
        {
            _concernError = late.AsDocument.ToDocument();
        }

        var settled = new HashSet<int>(indexes);
        if (view.TryGet("writeErrors"u8, out var errors))
        {
            foreach (var one in errors.AsDocument)
            {
                var position = (int)one.AsDocument["index"u8].ToInt64();
                var index = indexes[position];
                if (IsOrdered)
                {
                    settled.ExceptWith(indexes.Skip(position + 1));
                }

                var isUndone =
                    context.Transaction is null && one.AsDocument["code"u8].ToInt64() is StaleConfig or NotPrimary;
                if (isUndone)
                {
                    settled.Remove(index);
                }
                else
                {
                    _errors[index] = Renumbered(one.AsDocument.ToDocument(), index);
                }
            }
        }

        _open.ExceptWith(settled);
        return settled.Count;
    }

    private static BsonDocument Renumbered(BsonDocument item, int index) =>
        BsonDocument.Build(w =>
        {
            foreach (var field in item.View)
            {
                if (field.NameIs("index"u8))
                {
                    w.Int32("index"u8, index);
                }
                else
                {
                    w.Element(field);
                }
            }
        });

    private BsonDocument Command(List<int> indexes)
    {
        var chosen = indexes.ConvertAll(index => statements[index]);
        var isRetryable = context.Transaction is null && context.View.Has("txnNumber"u8);
        return BsonDocument.Build(w =>
        {
            foreach (var field in context.View)
            {
                if (field.NameText != argument)
                {
                    w.Element(field);
                }
            }

            Statements(w, argument, chosen);
            if (isRetryable)
            {
                Span<byte> scratch = stackalloc byte[11];
                w.BeginArray("stmtIds"u8);
                indexes.ForEach(index => WriteNumber(w, index));
                w.EndArray();
            }
        });

        static void WriteNumber(BsonWriter w, int index)
        {
            Span<byte> scratch = stackalloc byte[11];
            w.Int32(w.ArrayItemName(scratch), index);
        }
    }
}
