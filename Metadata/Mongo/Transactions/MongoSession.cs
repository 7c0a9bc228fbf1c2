using Backup.Metadata.Mongo.Documents;
using Backup.MongoWire.Bson;

namespace Backup.Metadata.Mongo.Transactions;

/// <summary>What a store does with collections, in one transaction or in lone reads. Used by one caller at a time.</summary>
internal sealed class MongoSession(IChannel channel)
{
    /// <summary>Statements of one command: far below the server's bounds (100,000, and 48 MB).</summary>
    private const int MostTogether = 1000;

    /// <summary>Bytes of one insert's documents.</summary>
    private const int MostBytesTogether = 8 << 20;

    /// <summary>Whether anything was stored, changed or removed: touches and counters do not count.</summary>
    internal bool Changed { get; private set; }

    /// <param name="sort">For example <c>Doc.Of(("ordinal", 1))</c>; null: in any order.</param>
    /// <param name="limit">0: all.</param>
    internal async Task<List<T>> FindAsync<T>(
        Collection<T> collection,
        BsonDocument filter,
        BsonDocument? sort = null,
        int limit = 0
    )
        where T : class => [.. (await RawAsync(collection, filter, sort, limit)).Select(collection.Read)];

    internal async Task<T?> FirstAsync<T>(Collection<T> collection, BsonDocument filter, BsonDocument? sort = null)
        where T : class => await RawAsync(collection, filter, sort, 1) is [var found] ? collection.Read(found) : null;

    /// <summary>The record with that <c>_id</c>.</summary>
    internal Task<T?> GetAsync<T>(Collection<T> collection, object id)
        where T : class => FirstAsync(collection, Doc.Id(id));

    internal async Task<bool> AnyAsync(Collection collection, BsonDocument filter) =>
        (await RawAsync(collection, filter, null, 1, Doc.Of(("_id", 1)))).Count > 0;

    /// <summary>The documents as they stand.</summary>
    /// <param name="fields">For example <c>Doc.Of(("objectName", 1))</c>; null: all.</param>
    internal Task<List<BsonDocument>> RawAsync(
        Collection collection,
        BsonDocument filter,
        BsonDocument? sort = null,
        int limit = 0,
        BsonDocument? fields = null
    )
    {
        var find = Doc.Of(("find", collection.Name), ("filter", filter));
        find = sort is { } order ? Doc.Both(find, Doc.Of(("sort", order))) : find;
        find = fields is { } wanted ? Doc.Both(find, Doc.Of(("projection", wanted))) : find;
        return channel.ReadAsync(limit > 0 ? Doc.Both(find, Doc.Of(("limit", limit), ("batchSize", limit))) : find);
    }

    /// <summary>All documents as they stand, one after another.</summary>
    internal Task EachAsync(Collection collection, Action<BsonDocument> take, BsonDocument? sort = null)
    {
        var find = Doc.Of(("find", collection.Name), ("filter", Doc.All));
        return channel.EachAsync(sort is { } order ? Doc.Both(find, Doc.Of(("sort", order))) : find, take);
    }

    /// <param name="stages">Of the pipeline.</param>
    internal Task<List<BsonDocument>> AggregateAsync(Collection collection, params BsonDocument[] stages) =>
        channel.ReadAsync(Doc.Of(("aggregate", collection.Name), ("pipeline", stages), ("cursor", Doc.All)));

    internal async Task<long> CountAsync(Collection collection, BsonDocument filter)
    {
        var counted = await AggregateAsync(
            collection,
            Doc.Of(("$match", filter)),
            Doc.Of(("$group", Doc.Of(("_id", null), ("n", Doc.Of(("$sum", 1))))))
        );
        return counted is [var only] ? only.View["n"u8].ToInt64() : 0;
    }

    /// <param name="more">Fields beside the record's.</param>
    /// <exception cref="Foundation.Errors.BackupException">6008 where a unique index has such a document.</exception>
    internal Task InsertAsync<T>(
        Collection<T> collection,
        T record,
        params ReadOnlySpan<(string Name, object? Value)> more
    )
        where T : class => InsertAsync(collection, [collection.Write(record, more)]);

    internal async Task InsertAsync(Collection collection, IReadOnlyList<BsonDocument> documents)
    {
        for (var next = 0; next < documents.Count; )
        {
            var (first, bytes) = (next, 0L);
            while (
                next < documents.Count
                && next - first < MostTogether
                && (next == first || bytes + documents[next].Length <= MostBytesTogether)
            )
            {
                bytes += documents[next++].Length;
            }

            var some = documents.Skip(first).Take(next - first);
            await channel.RunAsync(Doc.Of(("insert", collection.Name), ("documents", some)));
            Changed = true;
        }
    }

    /// <summary>Changes the first document that matches.</summary>
    /// <returns>Whether there is one.</returns>
    internal async Task<bool> UpdateAsync(Collection collection, BsonDocument filter, BsonDocument change) =>
        await UpdateAsync(collection, Doc.Of(("q", filter), ("u", change))) > 0;

    /// <returns>How many match.</returns>
    internal Task<long> UpdateAllAsync(Collection collection, BsonDocument filter, BsonDocument change) =>
        UpdateAsync(collection, Doc.Of(("q", filter), ("u", change), ("multi", true)));

    /// <summary>Several changes, each of the one document that matches its filter, made from the filter's equalities where there is none.</summary>
    internal Task UpsertEachAsync(
        Collection collection,
        IEnumerable<(BsonDocument Filter, BsonDocument Change)> changes
    ) => EachAsync(collection, changes, upsert: true);

    /// <summary>Several changes, each of the first document that matches its filter.</summary>
    internal Task UpdateEachAsync(
        Collection collection,
        IEnumerable<(BsonDocument Filter, BsonDocument Change)> changes
    ) => EachAsync(collection, changes, upsert: false);

    /// <summary>Puts the record in the place of the one that matches, or adds it. Fields beside the record's are given anew.</summary>
    /// <param name="filter">Equalities: of the key, or of the fields of a unique index.</param>
    internal async Task PutAsync<T>(
        Collection<T> collection,
        BsonDocument filter,
        T record,
        params (string Name, object? Value)[] more
    )
        where T : class
    {
        var document = collection.Write(record, more);
        var stored = await RawAsync(collection, filter, null, 1, Doc.Of(("_id", 1)));
        if (stored is not [var known])
        {
            await InsertAsync(collection, [document]);
            return;
        }

        // The id of a document that was there stays.
        using var writer = new BsonWriter(document.Length);
        writer.BeginDocument().Element(known.View["_id"u8]);
        foreach (var field in document.View)
        {
            if (!field.NameIs("_id"u8))
            {
                writer.Element(field);
            }
        }

        writer.EndDocument();
        await UpdateAsync(collection, Doc.Of(("q", known), ("u", writer.ToDocument())));
    }

    /// <returns>How many there were.</returns>
    internal async Task<long> DeleteAsync(Collection collection, BsonDocument filter)
    {
        var delete = Doc.Of(("q", filter), ("limit", 0));
        var reply = await channel.RunAsync(Doc.Of(("delete", collection.Name), ("deletes", new[] { delete })));
        var removed = reply.View["n"u8].ToInt64();
        Changed |= removed > 0;
        return removed;
    }

    /// <summary>
    /// Makes a document a premise of this transaction: another one that changes or touches it at the same time is begun again, or this one is. Done
    /// before all else where many want the document: who comes second then fails at once, and not with its work done.
    /// </summary>
    /// <returns>Whether there is one that matches.</returns>
    internal async Task<bool> TouchAsync(Collection collection, BsonDocument filter)
    {
        var before = Changed;
        var isThere = await UpdateAsync(collection, filter, Doc.Add(Touches, 1));
        Changed = before;
        return isThere;
    }

    /// <summary>The next number of that name, from 1: for the order in which documents were added.</summary>
    internal async Task<long> NextAsync(string name)
    {
        var reply = await channel.RunAsync(
            Doc.Of(
                ("findAndModify", MongoSchema.Counters.Name),
                ("query", Doc.Id(name)),
                ("update", Doc.Add("last", 1)),
                ("upsert", true),
                ("new", true)
            )
        );
        return reply.View["value"u8].AsDocument["last"u8].ToInt64();
    }

    /// <summary>The field that touches count up.</summary>
    internal const string Touches = "touches";

    private async Task EachAsync(
        Collection collection,
        IEnumerable<(BsonDocument Filter, BsonDocument Change)> changes,
        bool upsert
    )
    {
        foreach (var some in changes.Chunk(MostTogether))
        {
            await UpdateAsync(
                collection,
                [.. some.Select(one => Doc.Of(("q", one.Filter), ("u", one.Change), ("upsert", upsert)))]
            );
        }
    }

    private async Task<long> UpdateAsync(Collection collection, params BsonDocument[] statements)
    {
        var reply = await channel.RunAsync(Doc.Of(("update", collection.Name), ("updates", statements)));
        var matched = reply.View["n"u8].ToInt64();
        Changed |= reply.View.Has("upserted"u8) || reply.View["nModified"u8].ToInt64() > 0;
        return matched;
    }
}
