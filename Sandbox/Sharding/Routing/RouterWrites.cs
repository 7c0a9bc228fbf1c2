using Backup.MongoWire.Bson;
using Backup.Sandbox.Commands;
using Backup.Sandbox.Sharding.Catalogue;

namespace Backup.Sandbox.Sharding.Routing;

/// <summary>insert, update, delete, findAndModify through a router: each statement goes to the shards that it is about.</summary>
internal static class RouterWrites
{
    /// <summary>Statements that go to one shard together.</summary>
    private const int Together = 1000;

    public static Task<BsonDocument> InsertAsync(RouterContext context) =>
        RunAsync(context, "documents", static (one, collection) => WriteTargets.OfInsert(one, collection));

    public static Task<BsonDocument> UpdateAsync(RouterContext context) =>
        RunAsync(context, "updates", static (one, collection) => WriteTargets.OfUpdate(one, collection));

    public static Task<BsonDocument> DeleteAsync(RouterContext context) =>
        RunAsync(context, "deletes", static (one, collection) => WriteTargets.OfDelete(one, collection));

    public static Task<BsonDocument> FindAndModifyAsync(RouterContext context) =>
        ShardCalls.RoutedAsync(
            context,
            async () =>
            {
                var database = await context.Router.OpenDatabaseAsync(context, "createDatabase");
                var collection = context.Catalogue.Collection(context.Namespace);
                var shard = database.Primary;
                if (collection is not null)
                {
                    var key =
                        collection.Key.OfQuery(context.Document("query"u8) ?? BsonDocument.Empty)
                        ?? throw new CommandFault(
                            61,
                            "ShardKeyNotFound",
                            "Query for sharded findAndModify must contain the shard key"
                        );
                    shard = collection.ChunkOf(key).Shard;
                }

                var command = context.Request.Command;
                var reply = await context.Router.Calls.RunAsync(context, shard, command, KnownAs.Version, collection);
                if (reply.View["lastErrorObject"u8].AsDocument["n"u8].ToInt64() > 0)
                {
                    context.Transaction?.Wrote(shard);
                }

                return context.Pass(reply);
            }
        );

    private static async Task<BsonDocument> RunAsync(
        RouterContext context,
        string argument,
        Func<BsonDocument, ShardedCollection?, WriteTarget> target
    )
    {
        if (context.Database is "config" or "admin")
        {
            var (reply, _) = await context.Router.AskConfigAsync(context, Whole(context, argument));
            return context.Pass(reply);
        }

        var isInsert = argument == "documents";
        var batch = new WriteBatch(
            context,
            argument,
            [
                .. context
                    .Request.Documents(argument)
                    .Select(one => isInsert ? WriteCommands.WithId(one) : new BsonDocument(one.Memory.ToArray())),
            ]
        );
        var database = await context.Router.OpenDatabaseAsync(context, "createDatabase");
        while (batch.Next() is { } index)
        {
            var collection = context.Catalogue.Collection(context.Namespace);
            try
            {
                var first = target(batch.Statement(index), collection);
                var alike = new List<int> { index };
                if (first.Shards is [] or [_])
                {
                    var shard = first.Shards is [var one] ? one : database.Primary;
                    Gather(batch, alike, shard, collection, database.Primary, target);
                    await batch.SendAsync(shard, alike, KnownAs.Version, collection);
                }
                else
                {
                    await batch.BroadcastAsync(first.Shards, index, collection);
                }
            }
            catch (CommandFault fault) when (fault.Code is 61 or 72 or 9)
            {
                batch.Fail(index, fault);
            }
        }

        if (batch.HasFailed && context.Transaction is { } transaction)
        {
            await context.Router.Transactions.GiveUpAsync(context, transaction);
        }

        return batch.Reply();
    }

    /// <summary>Adds the statements after the first that go to the same shard; in order, only those that follow at once.</summary>
    private static void Gather(
        WriteBatch batch,
        List<int> alike,
        string shard,
        ShardedCollection? collection,
        string primary,
        Func<BsonDocument, ShardedCollection?, WriteTarget> target
    )
    {
        foreach (var other in batch.Open.Skip(1))
        {
            if (alike.Count == Together)
            {
                return;
            }

            WriteTarget found;
            try
            {
                found = target(batch.Statement(other), collection);
            }
            catch (CommandFault)
            {
                // Its turn comes.
                if (batch.IsOrdered)
                {
                    return;
                }

                continue;
            }

            var isSame = found.Shards is [] ? shard == primary : found.Shards is [var one] && one == shard;
            if (isSame)
            {
                alike.Add(other);
            }
            else if (batch.IsOrdered)
            {
                return;
            }
        }
    }

    /// <summary>The command with the statements that were sent beside it.</summary>
    private static BsonDocument Whole(RouterContext context, string argument)
    {
        var statements = context.Request.Documents(argument).ToList();
        return BsonDocument.Build(w =>
        {
            foreach (var field in context.View)
            {
                if (field.NameText != argument)
                {
                    w.Element(field);
                }
            }

            WriteBatch.Statements(w, argument, statements);
        });
    }
}
