using Backup.MongoWire.Bson;
using Backup.Sandbox.Sharding.Catalogue;

namespace Backup.Sandbox.Sharding.Routing;

/// <summary>Where a statement goes.</summary>
/// <param name="Shards">None: the collection is not sharded, and the database's primary has it.</param>
internal readonly record struct WriteTarget(IReadOnlyList<string> Shards);

/// <summary>Which shards a statement is about, by the rules of 4.2.</summary>
internal static class WriteTargets
{
    private static readonly WriteTarget Primary = new([]);

    /// <exception cref="CommandFault">61</exception>
    public static WriteTarget OfInsert(BsonDocument document, ShardedCollection? collection)
    {
        if (collection is null)
        {
            return Primary;
        }

        return collection.Key.Of(document) is { } key
            ? new WriteTarget([collection.ChunkOf(key).Shard])
            : throw Missing(
                $"document {ExtendedJson.ToText(document.View)} does not contain shard key for pattern {Text(collection)}"
            );
    }

    /// <exception cref="CommandFault">61, 72</exception>
    public static WriteTarget OfUpdate(BsonDocument statement, ShardedCollection? collection)
    {
        if (collection is null)
        {
            return Primary;
        }

        var view = statement.View;
        var query = view["q"u8].AsDocument.ToDocument();
        var isUpsert = view.TryGet("upsert"u8, out var upsert) && upsert.ToBoolean();
        var isMulti = view.TryGet("multi"u8, out var multi) && multi.ToBoolean();
        var key = collection.Key.OfQuery(query);
        if (isUpsert && key is null)
        {
            throw Missing("Failed to target upsert by query :: could not extract exact shard key");
        }

        var change = view["u"u8];
        if (change.Type == BsonType.Document && IsReplacement(change.AsDocument))
        {
            var replacement = change.AsDocument.ToDocument();
            CheckReplacement(replacement, query, collection);
            key ??= collection.Key.Of(replacement);
        }

        if (key is { } exact)
        {
            return new WriteTarget([collection.ChunkOf(exact).Shard]);
        }

        IReadOnlyList<string> shards = [.. collection.ShardsOf(query)];
        return isMulti || HasId(query) || shards.Count == 1
            ? new WriteTarget(shards)
            : throw CommandFault.InvalidOptions(
                $"A single update on a sharded collection must contain an exact match on _id (and have the collection default collation) or contain the shard key (and have the simple collation). Update request: {ExtendedJson.ToText(statement.View)}, shard key pattern: {Text(collection)}"
            );
    }

    /// <exception cref="CommandFault">61</exception>
    public static WriteTarget OfDelete(BsonDocument statement, ShardedCollection? collection)
    {
        if (collection is null)
        {
            return Primary;
        }

        var query = statement.View["q"u8].AsDocument.ToDocument();
        if (collection.Key.OfQuery(query) is { } key)
        {
            return new WriteTarget([collection.ChunkOf(key).Shard]);
        }

        var isOne = statement.View.TryGet("limit"u8, out var limit) && limit.ToInt64() == 1;
        return isOne && !HasId(query)
            ? throw Missing(
                $"A single delete on a sharded collection must contain an exact match on _id (and have the collection default collation) or contain the shard key (and have the simple collation). Delete request: {ExtendedJson.ToText(statement.View)}, shard key pattern: {Text(collection)}"
            )
            : new WriteTarget([.. collection.ShardsOf(query)]);
    }

    private static bool IsReplacement(BsonView change) => change.IsEmpty || change.First.Name is not [(byte)'$', ..];

    private static void CheckReplacement(BsonDocument replacement, BsonDocument query, ShardedCollection collection)
    {
        var missing = collection
            .Key.Fields.Where(field =>
                !replacement.View.Has(System.Text.Encoding.UTF8.GetBytes(field.Split('.')[0]))
                && !(field == "_id" && query.View.Has("_id"u8))
            )
            .ToList();
        if (missing.Count > 0)
        {
            var names = string.Join(", ", missing.Select(static name => $"\"{name}\""));
            throw Missing(
                $"Expected replacement document to include all shard key fields, but the following were omitted: {{ missingShardKeyFields: [ {names} ] }}"
            );
        }
    }

    private static bool HasId(BsonDocument query) =>
        query.View.TryGet("_id"u8, out var id)
        && id.Type is not (BsonType.RegularExpression or BsonType.Array)
        && !(
            id.Type == BsonType.Document
            && !id.AsDocument.IsEmpty
            && id.AsDocument.First.Name is [(byte)'$', ..]
            && !id.AsDocument.First.NameIs("$eq"u8)
        );

    private static string Text(ShardedCollection collection) => ExtendedJson.ToText(collection.Key.Pattern.View);

    private static CommandFault Missing(string message) => new(61, "ShardKeyNotFound", message);
}
