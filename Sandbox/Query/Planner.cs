using Backup.MongoQuery;
using Backup.MongoQuery.Filters;
using Backup.MongoQuery.Sorting;
using Backup.MongoWire.Bson;
using Backup.Sandbox.Storage;

namespace Backup.Sandbox.Query;

/// <summary>What a read asks for beside its filter.</summary>
internal sealed record PlanWishes
{
    public BsonDocument? Sort { get; init; }

    public bool HintNatural { get; init; }

    public bool Backwards { get; init; }

    /// <summary><c>{_id: value}</c>, inclusive.</summary>
    public BsonDocument? Min { get; init; }

    /// <summary><c>{_id: value}</c>, exclusive.</summary>
    public BsonDocument? Max { get; init; }

    public bool Majority { get; init; }
}

/// <summary>Chooses how a collection is read: by <c>_id</c>, by optime, in natural order.</summary>
internal static class Planner
{
    public const string OplogNamespace = "local.oplog.rs";

    public static Scan Plan(
        Engine engine,
        SandboxCollection? collection,
        string ns,
        BsonDocument query,
        PlanWishes wishes
    )
    {
        if (ns == OplogNamespace)
        {
            return wishes.Backwards
                ? new OplogBackwards(engine.Oplog)
                : new OplogScan(engine.Oplog, LowestTimestamp(query), wishes.Majority);
        }

        if (collection is null)
        {
            return new ListScan([]);
        }

        if (Namespaces.IsView(collection))
        {
            return Sorted(new ListScan(ViewOf(engine, collection)), query, wishes.Sort);
        }

        if (IsPoint(query, out var point) && wishes.Min is null && wishes.Max is null)
        {
            var shown = wishes.Majority ? engine.Committed(collection) : collection;
            return new ListScan(shown.Find(point) is { } one ? [one.Document] : []);
        }

        var byId = ById(engine, collection, query, wishes);
        if (wishes.Sort is { } sort && !sort.View.IsEmpty)
        {
            var first = sort.View.First;
            if (first.NameIs("$natural"u8) && collection.IsCapped)
            {
                var all = new CappedScan(engine, collection, wishes.Majority);
                return first.ToDouble() > 0 ? all : new ListScan([.. all.Rest().Reverse()]);
            }

            if (first.NameIs("$natural"u8) || (first.NameIs("_id"u8) && first.ToDouble() > 0))
            {
                return first.ToDouble() > 0 ? byId : new ListScan([.. byId.Rest().Reverse()]);
            }

            return Sorted(byId, query, sort);
        }

        var natural = collection.IsCapped && wishes.Min is null && wishes.Max is null && !query.View.Has("_id"u8);
        return natural ? new CappedScan(engine, collection, wishes.Majority) : byId;
    }

    private static List<BsonDocument> ViewOf(Engine engine, SandboxCollection view)
    {
        var source = engine.Find($"{view.Database}.{view.Options.View["viewOn"u8].AsString}");
        var input = Plan(engine, source, "", BsonDocument.Empty, new PlanWishes()).Rest();
        return [.. Pipeline.Run(input, view.Options.View["pipeline"u8].AsDocument.ToDocument())];
    }

    private static Scan Sorted(Scan scan, BsonDocument query, BsonDocument? sort)
    {
        if (sort is not { } order || order.View.IsEmpty)
        {
            return scan;
        }

        var filter = Filter.Parse(query);
        return new ListScan([
            .. scan.Rest().Where(document => filter.Matches(document.View)).Order(new SortOrder(order)),
        ]);
    }

    private static IdScan ById(Engine engine, SandboxCollection collection, BsonDocument query, PlanWishes wishes)
    {
        var from = Record.Lowest;
        var until = Record.Highest;
        if (query.View.TryGet("_id"u8, out var id))
        {
            (from, until) = Bounds(id);
        }

        if (wishes.Min is { } min)
        {
            from = Later(from, Bound(min));
        }

        if (wishes.Max is { } max)
        {
            var bound = Bound(max);
            until = Record.ById.Compare(bound, until) < 0 ? bound : until;
        }

        return new IdScan(engine, collection, from, until, wishes.Majority);
    }

    /// <summary>Whether exactly one <c>_id</c> is asked for.</summary>
    private static bool IsPoint(BsonDocument query, out Record point)
    {
        point = Record.Lowest;
        if (!query.View.TryGet("_id"u8, out var id) || id.Type is BsonType.RegularExpression or BsonType.Array)
        {
            return false;
        }

        if (id.Type == BsonType.Document && !id.AsDocument.IsEmpty && id.AsDocument.First.Name is [(byte)'$', ..])
        {
            return false;
        }

        point = Record.Probe(id);
        return true;
    }

    private static Record Bound(BsonDocument bound) =>
        bound.View.TryGet("_id"u8, out var value)
            ? Record.Probe(value)
            : throw CommandFault.BadValue("The sandbox knows min and max on {_id: 1} only");

    private static Record Later(Record left, Record right) => Record.ById.Compare(left, right) >= 0 ? left : right;

    /// <summary>What a condition on <c>_id</c> says about where to look; the filter is asked again anyway.</summary>
    private static (Record From, Record Until) Bounds(BsonElement id)
    {
        var from = Record.Lowest;
        if (id.Type is BsonType.RegularExpression or BsonType.Array)
        {
            return (from, Record.Highest);
        }

        var isOperator =
            id.Type == BsonType.Document && !id.AsDocument.IsEmpty && id.AsDocument.First.Name is [(byte)'$', ..];
        if (!isOperator)
        {
            return (Record.Probe(id), Record.Highest);
        }

        foreach (var part in id.AsDocument)
        {
            if (part.NameIs("$gt"u8) || part.NameIs("$gte"u8) || part.NameIs("$eq"u8))
            {
                from = Later(from, Record.Probe(part));
            }
        }

        return (from, Record.Highest);
    }

    private static ulong LowestTimestamp(BsonDocument query)
    {
        if (!query.View.TryGet("ts"u8, out var ts))
        {
            return 0;
        }

        if (ts.Type == BsonType.Timestamp)
        {
            return ts.AsTimestamp;
        }

        var lowest = 0UL;
        if (ts.Type == BsonType.Document)
        {
            foreach (var part in ts.AsDocument)
            {
                if (part.Type == BsonType.Timestamp && part.NameText is "$gt" or "$gte" or "$eq")
                {
                    lowest = Math.Max(lowest, part.AsTimestamp);
                }
            }
        }

        return lowest;
    }
}
