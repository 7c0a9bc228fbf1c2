using Backup.MongoQuery.Filters;
using Backup.MongoQuery.Projections;
using Backup.MongoWire.Bson;
using Backup.Sandbox.Query;
using Backup.Sandbox.Transactions;

namespace Backup.Sandbox.Commands;

/// <summary>findAndModify: one document changed or removed, and given back. Under the engine's lock.</summary>
internal static class FindAndModifyCommand
{
    public static BsonDocument Run(CommandContext context, WriteTarget target)
    {
        if (target.Session is { } known && known.Statements.TryGetValue(0, out var done))
        {
            return done.Reply!.Value;
        }

        var image = context.Flag("new"u8) && !context.Flag("remove"u8) ? FindImage.After : FindImage.Before;
        var before = target.Session?.Last;
        var reply = Run(context, new DocumentWriter(target) { Image = image });
        if (target.Session is { } session && session.Last != before)
        {
            session.Did(context.Engine, 0, new StatementResult(1) { Reply = reply }, before);
        }

        return reply;
    }

    private static BsonDocument Run(CommandContext context, DocumentWriter writer)
    {
        var query = context.Document("query"u8) ?? BsonDocument.Empty;
        var sort = context.Document("sort"u8);
        var projection = Projection.Parse(context.Document("fields"u8));
        if (context.Flag("remove"u8))
        {
            return Remove(context, writer, query, sort, projection);
        }

        if (!context.View.TryGet("update"u8, out var change))
        {
            throw CommandFault.FailedToParse("Either an update or remove=true must be specified");
        }

        var request = new UpdateRequest(query, UpdateRequest.ChangeOf(change), Multi: false, context.Flag("upsert"u8))
        {
            ArrayFilters = UpdateRequest.FiltersOf(context.View),
        };
        var result = writer.Update(request, 0, sort);
        var value = context.Flag("new"u8) ? result.After : result.Before;
        return context.Reply(w =>
        {
            w.BeginDocument("lastErrorObject"u8);
            w.Int32("n"u8, result.Matched + (result.UpsertedId is null ? 0 : 1));
            w.Boolean("updatedExisting"u8, result.Matched > 0);
            if (result.UpsertedId is { } id)
            {
                w.Element("upserted"u8, id.View.First);
            }

            w.EndDocument();
            Value(w, value, projection);
        });
    }

    private static BsonDocument Remove(
        CommandContext context,
        DocumentWriter writer,
        BsonDocument query,
        BsonDocument? sort,
        Projection? projection
    )
    {
        BsonDocument? removed = null;
        if (sort is not null && context.Collection is { } collection)
        {
            var filter = Filter.Parse(query);
            var first = Planner
                .Plan(context.Engine, collection, collection.Namespace, query, new PlanWishes { Sort = sort })
                .Rest()
                .Where(document => filter.Matches(document.View))
                .Take(1)
                .ToList();
            query = first.Count == 0 ? query : Storage.Record.IdHolder(first[0].View["_id"u8]);
        }

        var n = writer.Delete(query, one: true, 0, document => removed = document);
        return context.Reply(w =>
        {
            w.BeginDocument("lastErrorObject"u8).Int32("n"u8, n).EndDocument();
            Value(w, removed, projection);
        });
    }

    private static void Value(BsonWriter writer, BsonDocument? value, Projection? projection)
    {
        if (value is { } document)
        {
            writer.Document("value"u8, projection?.Apply(document) ?? document);
        }
        else
        {
            writer.Null("value"u8);
        }
    }
}
