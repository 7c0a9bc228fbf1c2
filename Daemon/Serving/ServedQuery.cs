using Backup.MongoQuery;
using Backup.MongoQuery.Spilling;
using Backup.MongoWire.Bson;
using Backup.Snapshots.Exports;

namespace Backup.Daemon.Serving;

/// <summary>A query of one collection that was read and found answerable: how it will be read.</summary>
/// <param name="Collection">Which holds the documents; null for a namespace that does not exist.</param>
/// <param name="Pipeline">What becomes of them.</param>
/// <param name="Id">Where they can be.</param>
/// <param name="Naturally">A capped collection in the order of insertion.</param>
internal sealed record ServedQuery(ExportItem? Collection, Pipeline Pipeline, IdCondition Id, bool Naturally)
{
    internal bool IsCapped =>
        Collection is { } item && item.Options.View.TryGet("capped"u8, out var capped) && capped.ToBoolean();

    /// <summary>As explain names it.</summary>
    internal string Plan =>
        Collection is null ? "EOF"
        : Id.Points is { Count: 1 } ? "IDHACK"
        : Id.IsNone ? "COLLSCAN"
        : "IXSCAN";
}

/// <summary>Turns commands into queries: views into the collections and stages that they stand for, finds of views into pipelines.</summary>
internal sealed class QueryPlanner(ServedMoment moment, ServeOptions options, SpillSpace? spill)
{
    private const int DeepestView = 20;

    /// <exception cref="QueryException">2600, 2601</exception>
    internal ServedQuery Find(string database, CommandArguments find)
    {
        var filter = find.Document("filter");
        var sort = find.Document("sort");
        var limit = find.Whole("limit", 0);
        var (collection, stages) = Resolve(database, find.Collection, find.Document("collation"));
        if (stages.Count > 0)
        {
            Add(stages, "$match", filter);
            Add(stages, "$sort", sort);
            AddNumber(stages, "$skip", find.Whole("skip", 0));
            AddNumber(stages, "$limit", limit);
            Add(stages, "$project", find.Document("projection"));
            return OfStages(collection, stages, find);
        }

        var id = IdCondition.Of(filter);
        var isNatural = sort is { View.IsEmpty: false } order && order.View.First.NameIs("$natural"u8);
        if (isNatural)
        {
            RequireNatural(collection, sort!.Value);
        }

        // Documents come in _id order where they are not asked for in another.
        var comes = isNatural || (moment.HasOrder && IsById(sort));
        var pipeline = Pipeline.Find(
            filter,
            comes ? null : sort,
            find.Whole("skip", 0),
            limit,
            find.Document("projection"),
            Limits(find)
        );
        var query = new ServedQuery(collection, pipeline, id, Naturally: false);
        return query with { Naturally = query.IsCapped && (isNatural || !IsById(sort)) };
    }

    /// <exception cref="QueryException">2600, 2601</exception>
    internal ServedQuery Aggregate(string database, CommandArguments aggregate)
    {
        var (collection, stages) = Resolve(database, aggregate.Collection, aggregate.Document("collation"));
        foreach (var stage in aggregate.Array("pipeline"))
        {
            stages.Add(stage);
        }

        return OfStages(collection, stages, aggregate);
    }

    /// <summary>All documents that meet a query, whole.</summary>
    internal ServedQuery Matching(string database, CommandArguments command, string query)
    {
        var filter = command.Document(query);
        var (collection, stages) = Resolve(database, command.Collection, command.Document("collation"));
        if (stages.Count > 0)
        {
            Add(stages, "$match", filter);
            return OfStages(collection, stages, command);
        }

        return new ServedQuery(
            collection,
            Pipeline.Find(filter, null, 0, 0, null),
            IdCondition.Of(filter),
            Naturally: false
        );
    }

    private ServedQuery OfStages(ExportItem? collection, List<BsonDocument> stages, CommandArguments command)
    {
        var first =
            stages.Count > 0 && stages[0].View is { IsEmpty: false } stage && stage.First.NameIs("$match"u8)
                ? stages[0].View.First.AsDocument.ToDocument()
                : (BsonDocument?)null;
        var query = new ServedQuery(
            collection,
            Pipeline.Parse(CommandArguments.ArrayOf(stages), Limits(command)),
            IdCondition.Of(first),
            false
        );
        return query with { Naturally = query.IsCapped };
    }

    private QueryLimits Limits(CommandArguments command) =>
        new() { MemoryBytes = options.MemoryBytes, Spill = command.Flag("allowDiskUse") ? spill : null };

    private (ExportItem? Collection, List<BsonDocument> Stages) Resolve(
        string database,
        string name,
        BsonDocument? collation
    )
    {
        var isSimple = collation is { } asked && IsSimple(asked);
        if (collation is { View.IsEmpty: false } && !isSimple)
        {
            throw ServeFaults.NotSupported("a collation other than {locale: \"simple\"}");
        }

        var stages = new List<BsonDocument>();
        for (var depth = 0; depth <= DeepestView; depth++)
        {
            var item = moment.Find($"{database}.{name}");
            if (item is { Type: ExportItem.TimeSeries })
            {
                throw ServeFaults.NotSupported("reading a time-series collection");
            }

            if (
                item is not null
                && !isSimple
                && item.Options.View.TryGet("collation"u8, out var own)
                && !IsSimple(own.AsDocument.ToDocument())
            )
            {
                throw ServeFaults.NotSupported(
                    $"the collation of '{item.Namespace}' (ask with the collation {{locale: \"simple\"}})"
                );
            }

            if (item is not { Type: ExportItem.View })
            {
                return (item, stages);
            }

            var above = stages;
            stages = [];
            foreach (var stage in item.Options.View["pipeline"u8].AsDocument)
            {
                stages.Add(stage.AsDocument.ToDocument());
            }

            // A view without stages is still read as an aggregation.
            if (stages.Count + above.Count == 0)
            {
                stages.Add(BsonDocument.Build(static w => w.BeginDocument("$match"u8).EndDocument()));
            }

            stages.AddRange(above);
            name = item.Options.View["viewOn"u8].AsString;
        }

        throw ServeFaults.Failed(165, "ViewDepthLimitExceeded", $"View depth too deep, at most {DeepestView}");
    }

    private void RequireNatural(ExportItem? collection, BsonDocument sort)
    {
        var isForward = sort.View.First.IsNumber && sort.View.First.ToDouble() > 0;
        var isCapped = collection is null || new ServedQuery(collection, null!, IdCondition.None, false).IsCapped;
        if (!isForward || !isCapped || !moment.HasOrder)
        {
            throw ServeFaults.NotSupported("$natural order (a backup holds it for capped collections, forward)");
        }
    }

    private static bool IsSimple(BsonDocument collation) =>
        collation.View.TryGet("locale"u8, out var locale)
        && locale.Type == BsonType.String
        && locale.AsString == "simple";

    private static bool IsById(BsonDocument? sort) =>
        sort is { View: { IsEmpty: false, First: var first } } order
        && first.NameIs("_id"u8)
        && first.IsNumber
        && first.ToDouble() == 1
        && order.Length == 4 + first.Whole.Length + 1;

    private static void Add(List<BsonDocument> stages, string name, BsonDocument? argument)
    {
        if (argument is { View.IsEmpty: false } given)
        {
            var field = System.Text.Encoding.UTF8.GetBytes(name);
            stages.Add(BsonDocument.Build(w => w.Document(field, given)));
        }
    }

    private static void AddNumber(List<BsonDocument> stages, string name, long number)
    {
        if (number > 0)
        {
            var field = System.Text.Encoding.UTF8.GetBytes(name);
            stages.Add(BsonDocument.Build(w => w.Int64(field, number)));
        }
    }
}
