using System.Buffers;
using System.Runtime.CompilerServices;
using Backup.Foundation.Errors;
using Backup.MongoWire.Bson;
using Backup.MongoWire.Client;

namespace Backup.Blockstore.Mongo;

/// <summary>
/// Objects in the collection <c>objects</c> of a MongoDB replica set or cluster, their names as <c>_id</c>; larger ones in parts. Any number of processes
/// use the same database at the same time. A put is with a majority when it is back.
/// </summary>
/// <remarks>
/// Parts come first, under a writing that is announced in <c>objectWrites</c>; the object's document, put last and in one step, names it. A writer that
/// hung for more than a day and whose announcement was taken away meanwhile writes once more.
/// </remarks>
public sealed class MongoObjectStore : IObjectStore
{
    internal const string Objects = "objects";
    internal const string Parts = "objectParts";
    private const string Writes = "objectWrites";
    private const int NamesAtOnce = 5000;
    private const int MostTries = 10;
    private static readonly TimeSpan LeftOver = TimeSpan.FromDays(1);

    private readonly MongoTalk _talk;
    private readonly MongoStoreOptions _options;
    private readonly DataParts _parts;

    private MongoObjectStore(MongoClient client, MongoStoreOptions options)
    {
        _options = options;
        _talk = new MongoTalk(client, options);
        _parts = new DataParts(_talk, Parts, options.PartBytes);
    }

    /// <summary>Opens the store; its collections are made where they are missing, and what killed processes left half written a day ago is removed.</summary>
    /// <param name="client">Of a replica set or of routers, MongoDB 4.2 or later; it stays the caller's.</param>
    /// <param name="options">How it works; a block store may use the same database.</param>
    /// <param name="cancellation">May leave empty collections.</param>
    /// <exception cref="BackupException">5061 where the server refuses, 2110 to 2134 where it is not to be had.</exception>
    public static async Task<MongoObjectStore> OpenAsync(
        MongoClient client,
        MongoStoreOptions options,
        CancellationToken cancellation = default
    )
    {
        var store = new MongoObjectStore(client, options);
        await store._talk.ReachAsync(cancellation);
        await store._talk.MakeAsync(Objects, isSharded: true, cancellation);
        await store._talk.MakeAsync(Parts, isSharded: true, cancellation);
        await store._talk.MakeAsync(Writes, isSharded: false, cancellation);
        await store.RemoveLeftoversAsync(cancellation);
        return store;
    }

    public async Task PutAsync(string name, ReadOnlyMemory<byte> content, CancellationToken cancellation = default)
    {
        ObjectNames.Require(name);
        await RequireFreeAsync(name, cancellation);
        for (var attempt = 0; attempt < MostTries; attempt++)
        {
            var before = await FindAsync(name, withData: false, static _ => false, cancellation);
            var isWritten =
                content.Length <= _options.PartBytes
                    ? await PutDocumentAsync(name, content, write: null, cancellation)
                    : await PutInPartsAsync(name, content, cancellation);
            if (isWritten)
            {
                await RemovePartsAsync(name, before, cancellation);
                return;
            }
        }

        throw BlockstoreErrors.StateBusy(_talk.NameOf(Objects));
    }

    public async Task<IMemoryOwner<byte>> GetAsync(string name, CancellationToken cancellation = default)
    {
        ObjectNames.Require(name);
        for (var attempt = 0; ; attempt++)
        {
            var whole = default(PooledBytes);
            var found = await FindAsync(
                name,
                withData: true,
                view =>
                {
                    whole = view.TryGet("data"u8, out var data) ? PooledBytes.CopyOf(data.AsBinary) : null;
                    return true;
                },
                cancellation
            );
            if (whole is not null)
            {
                return whole;
            }

            if (found is not { } sight)
            {
                throw BlockstoreErrors.NoObject(name);
            }

            if (await ReadPartsAsync(name, sight, cancellation) is { } content)
            {
                return content;
            }

            // It may have been replaced while it was read.
            if (attempt == 2)
            {
                throw BlockstoreErrors.IncompleteObject(name);
            }
        }
    }

    public async Task DeleteAsync(string name, CancellationToken cancellation = default)
    {
        ObjectNames.Require(name);
        var before = await FindAsync(name, withData: false, static _ => false, cancellation);
        await DeleteAsync(w => w.String("_id"u8, name), limit: 1, cancellation);
        await RemovePartsAsync(name, before, cancellation);
    }

    public async Task DeletePrefixAsync(string prefix, CancellationToken cancellation = default)
    {
        ObjectNames.RequirePrefix(prefix);
        var inParts = await _talk.FindAsync(
            Find(w =>
            {
                Below(w, prefix);
                w.BeginDocument("write"u8).Boolean("$exists"u8, true).EndDocument();
            }),
            static view => (view["_id"u8].AsString, (Sight?)SightOf(view)),
            cancellation
        );
        await DeleteAsync(w => Below(w, prefix), limit: 0, cancellation);
        foreach (var (name, sight) in inParts)
        {
            await RemovePartsAsync(name, sight, cancellation);
        }
    }

    public async IAsyncEnumerable<string> ListAsync(
        string prefix,
        [EnumeratorCancellation] CancellationToken cancellation = default
    )
    {
        if (prefix.Length > 0)
        {
            ObjectNames.RequirePrefix(prefix);
        }

        var last = prefix;
        while (true)
        {
            var from = last;
            var names = await _talk.FindAsync(
                Find(w =>
                {
                    w.BeginDocument("_id"u8).String("$gt"u8, from);
                    if (prefix.Length > 0)
                    {
                        w.String("$lt"u8, Behind(prefix));
                    }

                    w.EndDocument();
                }),
                static view => view["_id"u8].AsString,
                cancellation
            );
            foreach (var name in names)
            {
                yield return name;
            }

            if (names.Count == 0)
            {
                yield break;
            }

            last = names[^1];
        }
    }

    /// <summary>What comes right behind all names with that prefix.</summary>
    private static string Behind(string prefix) => prefix[..^1] + (char)('/' + 1);

    private static void Below(BsonWriter writer, string prefix) =>
        writer.BeginDocument("_id"u8).String("$gt"u8, prefix).String("$lt"u8, Behind(prefix)).EndDocument();

    private static BsonDocument Of(string name) => BsonDocument.Build(w => w.String("_id"u8, name));

    private static Sight SightOf(BsonView view) =>
        new(
            view["length"u8].AsInt32,
            view.TryGet("write"u8, out var write) ? write.AsUuid : null,
            view.TryGet("parts"u8, out var parts) ? parts.AsInt32 : 0
        );

    private static BsonDocument Find(Action<BsonWriter> filter, bool withData = false) =>
        BsonDocument.Build(w =>
        {
            w.String("find"u8, Objects).BeginDocument("filter"u8);
            filter(w);
            w.EndDocument().BeginDocument("sort"u8).Int32("_id"u8, 1).EndDocument();
            if (!withData)
            {
                BlockDocuments.WithoutData(w);
            }

            w.Int32("limit"u8, NamesAtOnce).Int32("batchSize"u8, NamesAtOnce).Boolean("singleBatch"u8, true);
        });

    /// <summary>Refuses a name where a part of it is an object, or objects are below it.</summary>
    private async Task RequireFreeAsync(string name, CancellationToken cancellation)
    {
        var taken = await _talk.FindAsync(
            BsonDocument.Build(w =>
            {
                w.String("find"u8, Objects).BeginDocument("filter"u8).BeginArray("$or"u8).BeginDocument("0"u8);
                w.BeginDocument("_id"u8).BeginArray("$in"u8);
                Span<byte> scratch = stackalloc byte[11];
                for (var at = name.IndexOf('/'); at >= 0; at = name.IndexOf('/', at + 1))
                {
                    w.String(w.ArrayItemName(scratch), name[..at]);
                }

                w.EndArray().EndDocument().EndDocument().BeginDocument("1"u8);
                Below(w, name + '/');
                w.EndDocument().EndArray().EndDocument();
                BlockDocuments.WithoutData(w);
                w.Int32("limit"u8, 1).Boolean("singleBatch"u8, true);
            }),
            static view => view["_id"u8].AsString,
            cancellation
        );
        if (taken is [var other])
        {
            throw BlockstoreErrors.NameTaken(other.Length < name.Length ? other : name);
        }
    }

    private async Task<bool> PutDocumentAsync(
        string name,
        ReadOnlyMemory<byte> content,
        Guid? write,
        CancellationToken cancellation
    )
    {
        using var writer = new BsonWriter((write is null ? content.Length : 0) + 1024);
        writer.BeginDocument().BeginDocument("q"u8).String("_id"u8, name).EndDocument();
        writer.BeginDocument("u"u8).String("_id"u8, name).Int32("length"u8, content.Length);
        if (write is { } announced)
        {
            writer.Uuid("write"u8, announced).Int32("parts"u8, _parts.CountOf(content.Length));
        }
        else
        {
            writer.Binary("data"u8, content.Span);
        }

        writer.EndDocument().Boolean("upsert"u8, true).EndDocument();
        await _talk.UpdateAsync(Objects, writer.WrittenMemory, cancellation);
        return true;
    }

    private async Task<bool> PutInPartsAsync(string name, ReadOnlyMemory<byte> content, CancellationToken cancellation)
    {
        var write = Guid.NewGuid();
        var announcement = BsonDocument.Build(w =>
        {
            w.BeginDocument("q"u8).Uuid("_id"u8, write).EndDocument();
            // By the server's clock.
            w.BeginDocument("u"u8).BeginDocument("$currentDate"u8).Boolean("at"u8, true).EndDocument();
            w.BeginDocument("$set"u8).String("name"u8, name).EndDocument().EndDocument().Boolean("upsert"u8, true);
        });
        await _talk.UpdateAsync(Writes, announcement.Memory, cancellation);
        await _parts.WriteAsync(Of(name), write, epoch: 0, content, cancellation);
        await PutDocumentAsync(name, content, write, cancellation);
        var statement = BsonDocument.Build(w =>
            w.BeginDocument("q"u8)
                .Uuid("_id"u8, write)
                .EndDocument()
                .Boolean("upsert"u8, false)
                .BeginDocument("u"u8)
                .BeginDocument("$set"u8)
                .Boolean("done"u8, true)
                .EndDocument()
                .EndDocument()
        );
        if (await _talk.UpdateAsync(Writes, statement.Memory, cancellation) == 0)
        {
            return false;
        }

        await RemoveAnnouncementAsync(write, cancellation);
        return true;
    }

    private Task RemoveAnnouncementAsync(Guid write, CancellationToken cancellation)
    {
        var statement = BsonDocument.Build(w =>
            w.BeginDocument("q"u8).Uuid("_id"u8, write).EndDocument().Int32("limit"u8, 1)
        );
        return _talk.DeleteAsync(Writes, statement.Memory, cancellation);
    }

    private async Task<PooledBytes?> ReadPartsAsync(string name, Sight sight, CancellationToken cancellation)
    {
        var content = new PooledBytes(sight.Length);
        try
        {
            if (
                sight.Write is { } write
                && await _parts.TryReadAsync(Of(name), write, sight.Parts, content.Memory, cancellation)
            )
            {
                return content;
            }
        }
        catch
        {
            content.Dispose();
            throw;
        }

        content.Dispose();
        return null;
    }

    private Task RemovePartsAsync(string name, Sight? sight, CancellationToken cancellation) =>
        sight is { Write: { } write }
            ? _parts.RemoveAsync(Of(name), write, sight.Value.Parts, cancellation)
            : Task.CompletedTask;

    private async Task<Sight?> FindAsync(
        string name,
        bool withData,
        Func<BsonView, bool> read,
        CancellationToken cancellation
    )
    {
        var found = await _talk.FindAsync(
            Find(w => w.String("_id"u8, name), withData),
            view =>
            {
                read(view);
                return SightOf(view);
            },
            cancellation
        );
        return found.Count > 0 ? found[0] : null;
    }

    private async Task DeleteAsync(Action<BsonWriter> query, int limit, CancellationToken cancellation)
    {
        var statement = BsonDocument.Build(w =>
        {
            w.BeginDocument("q"u8);
            query(w);
            w.EndDocument().Int32("limit"u8, limit);
        });
        await _talk.DeleteAsync(Objects, statement.Memory, cancellation);
    }

    /// <summary>Takes away announcements of a day ago, and then every part whose writing is neither announced nor named by its object.</summary>
    private async Task RemoveLeftoversAsync(CancellationToken cancellation)
    {
        var before = (await _talk.NowAsync(cancellation) - LeftOver).ToUnixTimeMilliseconds();
        var old = BsonDocument.Build(w =>
        {
            w.BeginDocument("q"u8).BeginDocument("at"u8).DateTime("$lt"u8, before).EndDocument().EndDocument();
            w.Int32("limit"u8, 0);
        });
        await _talk.DeleteAsync(Writes, old.Memory, cancellation);
        await foreach (var part in _parts.ListAsync(cancellation))
        {
            // In this order: an announcement goes once the object names its writing.
            if (await IsAnnouncedAsync(part.Write, cancellation))
            {
                continue;
            }

            var name = part.Of.View.First.AsString;
            if ((await FindAsync(name, withData: false, static _ => false, cancellation))?.Write != part.Write)
            {
                await _parts.RemoveAsync(part, cancellation);
            }
        }
    }

    private async Task<bool> IsAnnouncedAsync(Guid write, CancellationToken cancellation)
    {
        var find = BsonDocument.Build(w =>
            w.String("find"u8, Writes)
                .BeginDocument("filter"u8)
                .Uuid("_id"u8, write)
                .EndDocument()
                .Int32("limit"u8, 1)
                .Boolean("singleBatch"u8, true)
        );
        return (await _talk.FindAsync(find, static _ => true, cancellation)).Count > 0;
    }

    /// <summary>What an object's document says beside its data.</summary>
    private readonly record struct Sight(int Length, Guid? Write, int Parts);
}
