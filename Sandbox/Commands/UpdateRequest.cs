using Backup.MongoQuery.Filters;
using Backup.MongoWire.Bson;
using Backup.Sandbox.Values;

namespace Backup.Sandbox.Commands;

/// <summary>One statement of an update, or the update part of findAndModify.</summary>
internal sealed record UpdateRequest(BsonDocument Query, BsonDocument Change, bool Multi, bool Upsert)
{
    public IReadOnlyDictionary<string, Filter> ArrayFilters { get; init; } = new Dictionary<string, Filter>();

    public bool IsReplacement => Change.View.IsEmpty || Change.View.First.Name is not [(byte)'$', ..];

    public static UpdateRequest Of(BsonDocument statement)
    {
        var view = statement.View;
        return new UpdateRequest(
            view["q"u8].AsDocument.ToDocument(),
            ChangeOf(view["u"u8]),
            view.TryGet("multi"u8, out var multi) && multi.ToBoolean(),
            view.TryGet("upsert"u8, out var upsert) && upsert.ToBoolean()
        )
        {
            ArrayFilters = FiltersOf(view),
        };
    }

    public static BsonDocument ChangeOf(BsonElement change) =>
        change.Type == BsonType.Document
            ? change.AsDocument.ToDocument()
            : throw CommandFault.FailedToParse("The sandbox does not know updates by pipeline.");

    public static IReadOnlyDictionary<string, Filter> FiltersOf(BsonView statement)
    {
        var filters = new Dictionary<string, Filter>();
        if (statement.TryGet("arrayFilters"u8, out var given))
        {
            foreach (var filter in given.AsDocument)
            {
                var name = Names.Of(filter.AsDocument.First.Name);
                filters[name.Split('.')[0]] = Filter.Parse(filter.AsDocument.ToDocument());
            }
        }

        return filters;
    }

    /// <summary>The document that an upsert starts from: the equalities of the query.</summary>
    public Node Seed()
    {
        var root = Node.NewDocument();
        Collect(root, Query);
        return root;
    }

    private static void Collect(Node root, BsonDocument query)
    {
        foreach (var field in query.View)
        {
            if (field.NameIs("$and"u8))
            {
                foreach (var clause in field.AsDocument)
                {
                    Collect(root, clause.AsDocument.ToDocument());
                }
            }
            else if (field.Name is not [(byte)'$', ..] && field.Type != BsonType.RegularExpression)
            {
                Equality(root, field);
            }
        }
    }

    private static void Equality(Node root, BsonElement field)
    {
        if (
            field.Type != BsonType.Document
            || field.AsDocument.IsEmpty
            || field.AsDocument.First.Name is not [(byte)'$', ..]
        )
        {
            Put(root, Names.Of(field.Name).Split('.'), Node.Of(field));
        }
        else if (field.AsDocument.TryGet("$eq"u8, out var equal))
        {
            Put(root, Names.Of(field.Name).Split('.'), Node.Of(equal));
        }
    }

    private static void Put(Node root, string[] path, Node value)
    {
        var node = root;
        foreach (var part in path[..^1])
        {
            var next = node.Find(part);
            if (next is null)
            {
                next = Node.NewDocument();
                node.Fields.Add((part, next));
            }

            node = next;
        }

        node.Fields.Add((path[^1], value));
    }
}
