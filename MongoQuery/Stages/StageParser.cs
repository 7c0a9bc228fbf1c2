using Backup.MongoQuery.Expressions;
using Backup.MongoQuery.Filters;
using Backup.MongoQuery.Paths;
using Backup.MongoQuery.Projections;
using Backup.MongoQuery.Sorting;
using Backup.MongoWire.Bson;

namespace Backup.MongoQuery.Stages;

/// <summary>Reads the stages of a pipeline.</summary>
internal static class StageParser
{
    internal static IEnumerable<Stage> Parse(BsonElement stage, QueryLimits limits) =>
        stage.NameText switch
        {
            "$match" => [Match(stage)],
            "$project" => [new ProjectStage(Projection.Stage(stage))],
            "$addFields" or "$set" => [new ProjectStage(Projection.Additions(stage))],
            "$unset" => [new ProjectStage(Projection.Removals(stage))],
            "$replaceRoot" => [ReplaceRoot(stage)],
            "$replaceWith" => [new ReplaceRootStage(ExpressionParser.Parse(stage))],
            "$sort" => [Sort(stage, limits)],
            "$limit" => [new LimitStage(Whole(stage, 1))],
            "$skip" => [new SkipStage(Whole(stage, 0))],
            "$count" => [new CountStage(CountName(stage))],
            "$sample" => [Sample(stage, limits)],
            "$group" => [Group(stage, limits)],
            "$unwind" => [Unwind(stage)],
            "$sortByCount" => SortByCount(stage, limits),
            "$lookup"
            or "$graphLookup"
            or "$facet"
            or "$bucket"
            or "$bucketAuto"
            or "$geoNear"
            or "$redact"
            or "$collStats"
            or "$indexStats"
            or "$currentOp"
            or "$listSessions"
            or "$listLocalSessions"
            or "$planCacheStats"
            or "$unionWith"
            or "$setWindowFields"
            or "$densify"
            or "$fill"
            or "$changeStream"
            or "$search"
            or "$documents" => throw MongoQueryErrors.NotSupported($"The stage {stage.NameText}"),
            "$out" or "$merge" => throw MongoQueryErrors.NotSupported($"The stage {stage.NameText}, which writes,"),
            var name => throw MongoQueryErrors.Location(40324, $"Unrecognized pipeline stage name: '{name}'"),
        };

    private static MatchStage Match(BsonElement stage) =>
        stage.Type == BsonType.Document
            ? new MatchStage(Filter.Parse(stage.AsDocument.ToDocument()), HasIndex(stage.AsDocument))
            : throw MongoQueryErrors.Location(15959, "the match filter must be an expression in an object");

    private static bool HasIndex(BsonView query)
    {
        foreach (var field in query)
        {
            if (field.Name is not [(byte)'$', ..])
            {
                var path = FieldPath.Parse(field.Name);
                for (var i = 1; i < path.Length; i++)
                {
                    if (path.IsIndex(i))
                    {
                        return true;
                    }
                }
            }

            if (field.Type is BsonType.Document or BsonType.Array && HasIndex(field.AsDocument))
            {
                return true;
            }
        }

        return false;
    }

    private static ReplaceRootStage ReplaceRoot(BsonElement stage) =>
        stage.Type == BsonType.Document && stage.AsDocument.TryGet("newRoot"u8, out var root)
            ? new ReplaceRootStage(ExpressionParser.Parse(root))
            : throw MongoQueryErrors.Location(40231, "no newRoot specified for the $replaceRoot stage");

    private static SortStage Sort(BsonElement stage, QueryLimits limits) =>
        stage.Type == BsonType.Document && !stage.AsDocument.IsEmpty
            ? new SortStage(new SortOrder(stage.AsDocument.ToDocument()), limit: null, MemoryUse.Sort, limits)
            : throw MongoQueryErrors.Location(15976, "$sort stage must have at least one sort key");

    internal static long Whole(BsonElement value, long least)
    {
        if (!value.IsNumber)
        {
            throw value.Type == BsonType.Decimal128
                ? MongoQueryErrors.NotSupported($"a decimal as {value.NameText}")
                : MongoQueryErrors.Location(15957, $"the {value.NameText} must be specified as a number");
        }

        var number = value.ToDouble();
        if (number % 1 != 0 || number > long.MaxValue / 2)
        {
            throw MongoQueryErrors.NotSupported($"{value.NameText} with anything but a whole number");
        }

        return number >= least
            ? value.ToInt64()
            : throw MongoQueryErrors.Location(15958, $"{value.NameText} must not be below {least}");
    }

    private static byte[] CountName(BsonElement stage) =>
        stage.Type == BsonType.String
        && stage.AsUtf8 is [not (byte)'$', ..]
        && !stage.AsUtf8.ContainsAny((byte)'.', (byte)0)
            ? stage.AsUtf8.ToArray()
            : throw MongoQueryErrors.Location(40156, "the count field must be a non-empty string without $ and .");

    private static SampleStage Sample(BsonElement stage, QueryLimits limits) =>
        stage.Type == BsonType.Document && stage.AsDocument.TryGet("size"u8, out var size)
            ? new SampleStage((int)Math.Min(int.MaxValue, Whole(size, 0)), limits)
            : throw MongoQueryErrors.Location(28745, "$sample stage must specify a size");

    private static GroupStage Group(BsonElement stage, QueryLimits limits)
    {
        if (stage.Type != BsonType.Document)
        {
            throw MongoQueryErrors.Location(15947, "a group's fields must be specified in an object");
        }

        Expression? id = null;
        var fields = new List<(byte[], Func<Accumulator>, Expression)>();
        foreach (var field in stage.AsDocument)
        {
            if (field.NameIs("_id"u8))
            {
                // A server takes an array there for a constant, whatever stands in it.
                id =
                    field.Type == BsonType.Array
                        ? throw MongoQueryErrors.NotSupported("an array as the _id of $group")
                        : ExpressionParser.Parse(field);
            }
            else
            {
                fields.Add(Accumulated(field));
            }
        }

        return id is null
            ? throw MongoQueryErrors.Location(15955, "a group specification must include an _id")
            : new GroupStage(id, fields, limits);
    }

    private static (byte[] Name, Func<Accumulator> Make, Expression Operand) Accumulated(BsonElement field)
    {
        if (field.Name.Contains((byte)'.') || field.Name is [] or [(byte)'$', ..])
        {
            throw MongoQueryErrors.Location(40235, $"The field name '{field.NameText}' cannot be used in $group");
        }

        if (field.Type != BsonType.Document || field.AsDocument.IsEmpty)
        {
            throw MongoQueryErrors.Location(40234, $"The field '{field.NameText}' must be an accumulator object");
        }

        var operation = field.AsDocument.First;
        if (!Accumulator.Known.TryGetValue(operation.NameText, out var make))
        {
            throw MongoQueryErrors.NotSupported($"The accumulator {operation.NameText}");
        }

        return operation.Type == BsonType.Array
            ? throw MongoQueryErrors.NotSupported($"{operation.NameText} of an array of expressions")
            : (field.Name.ToArray(), make, ExpressionParser.Parse(operation));
    }

    private static UnwindStage Unwind(BsonElement stage)
    {
        if (stage.Type == BsonType.String)
        {
            return new UnwindStage(PathOf(stage), indexName: null, keepsEmpty: false);
        }

        if (stage.Type != BsonType.Document || !stage.AsDocument.TryGet("path"u8, out var path))
        {
            throw MongoQueryErrors.Location(28812, "no path specified to $unwind stage");
        }

        byte[]? index = null;
        var keeps = false;
        foreach (var option in stage.AsDocument)
        {
            switch (option.NameText)
            {
                case "path":
                    break;
                case "preserveNullAndEmptyArrays" when option.Type == BsonType.Boolean:
                    keeps = option.AsBoolean;
                    break;
                case "includeArrayIndex" when option.Type == BsonType.String && option.AsUtf8 is [not (byte)'$', ..]:
                    index = option.AsUtf8.ToArray();
                    if (index.AsSpan().ContainsAny((byte)'.', (byte)0))
                    {
                        throw MongoQueryErrors.NotSupported("a path as includeArrayIndex");
                    }

                    break;
                default:
                    throw MongoQueryErrors.Location(28811, $"unrecognized option to $unwind stage: {option.NameText}");
            }
        }

        var unwound = PathOf(path);
        return index is not null && unwound[0].AsSpan().SequenceEqual(index)
            ? throw MongoQueryErrors.NotSupported("an index in the place of what is unwound")
            : new UnwindStage(unwound, index, keeps);
    }

    private static FieldPath PathOf(BsonElement value)
    {
        if (value.Type != BsonType.String || value.AsUtf8 is not [(byte)'$', not (byte)'$', ..])
        {
            throw MongoQueryErrors.Location(28818, "path option to $unwind stage should be prefixed with a '$'");
        }

        var path = FieldPath.Parse(value.AsUtf8[1..]);
        return path.HasEmptyPart ? throw MongoQueryErrors.Location(40353, "FieldPath must not end with a '.'") : path;
    }

    private static IEnumerable<Stage> SortByCount(BsonElement stage, QueryLimits limits)
    {
        if (
            stage.Type == BsonType.String
                ? stage.AsUtf8 is not [(byte)'$', ..]
                : stage.Type != BsonType.Document
                    || stage.AsDocument is not { IsEmpty: false, First.Name: [(byte)'$', ..] }
        )
        {
            throw MongoQueryErrors.Location(40149, "the sortByCount field must be a $-prefixed path or an expression");
        }

        var one = new Constant(Value.Of(1));
        return
        [
            new GroupStage(
                ExpressionParser.Parse(stage),
                [("count"u8.ToArray(), Accumulator.Known["$sum"], one)],
                limits
            ),
            new SortStage(
                new SortOrder(BsonDocument.Build(static w => w.Int32("count"u8, -1))),
                limit: null,
                MemoryUse.Sort,
                limits
            ),
        ];
    }
}
