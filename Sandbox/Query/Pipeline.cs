using Backup.MongoWire.Bson;
using Backup.Sandbox.Storage;

namespace Backup.Sandbox.Query;

/// <summary>The few aggregation stages that clients' helpers use; anything else is refused by name.</summary>
internal static class Pipeline
{
    public static IReadOnlyList<BsonDocument> RunView(Engine engine, SandboxCollection view)
    {
        var source = engine.Find($"{view.Database}.{view.Options.View["viewOn"u8].AsString}");
        var input = Planner.Plan(engine, source, "", BsonDocument.Empty, new PlanWishes()).Rest();
        return Run(input, view.Options.View["pipeline"u8].AsDocument.ToDocument());
    }

    /// <param name="input">Documents to start with.</param>
    /// <param name="stages">An array of stages.</param>
    public static IReadOnlyList<BsonDocument> Run(IEnumerable<BsonDocument> input, BsonDocument stages)
    {
        foreach (var item in stages.View)
        {
            var stage = item.AsDocument.First;
            input = Stage(
                input,
                stage.NameText,
                stage.Type == BsonType.Document ? stage.AsDocument.ToDocument() : BsonDocument.Empty,
                ConditionParser.Wrap(stage)
            );
        }

        return [.. input];
    }

    private static IEnumerable<BsonDocument> Stage(
        IEnumerable<BsonDocument> input,
        string name,
        BsonDocument argument,
        BsonDocument value
    )
    {
        switch (name)
        {
            case "$match":
                var filter = Filter.Parse(argument);
                return input.Where(document => filter.Matches(document.View));
            case "$project":
                var projection = Projection.Parse(argument);
                return projection is null ? input : input.Select(projection.Apply);
            case "$sort":
                return input.Order(new SortOrder(argument));
            case "$limit":
                return input.Take((int)value.View.First.ToInt64());
            case "$skip":
                return input.Skip((int)value.View.First.ToInt64());
            case "$sample":
                return Sample(input, (int)argument.View["size"u8].ToInt64());
            case "$count":
                var field = System.Text.Encoding.UTF8.GetBytes(value.View.First.AsString);
                var count = input.Count();
                return count == 0 ? [] : [BsonDocument.Build(w => w.Int32(field, count))];
            case "$group":
                return Group(input, argument);
            default:
                throw new CommandFault(40324, "Location40324", $"Unrecognized pipeline stage name: '{name}' (sandbox)");
        }
    }

    /// <summary>Evenly spaced, not random: the same answer each time.</summary>
    private static IEnumerable<BsonDocument> Sample(IEnumerable<BsonDocument> input, int size)
    {
        var all = input.ToList();
        return Enumerable
            .Range(0, Math.Min(size, all.Count))
            .Select(i => all[(int)((long)i * all.Count / Math.Min(size, all.Count))]);
    }

    private static IEnumerable<BsonDocument> Group(IEnumerable<BsonDocument> input, BsonDocument argument)
    {
        var groups = new SortedDictionary<BsonDocument, List<BsonDocument>>(BsonOrder.Documents);
        foreach (var document in input)
        {
            var key = Evaluate(argument.View["_id"u8], document);
            if (!groups.TryGetValue(key, out var members))
            {
                groups.Add(key, members = []);
            }

            members.Add(document);
        }

        foreach (var (key, members) in groups)
        {
            yield return BsonDocument.Build(w =>
            {
                w.Element("_id"u8, key.View.First);
                foreach (var field in argument.View)
                {
                    if (!field.NameIs("_id"u8))
                    {
                        Accumulate(w, field, members);
                    }
                }
            });
        }
    }

    private static void Accumulate(BsonWriter writer, BsonElement field, List<BsonDocument> members)
    {
        var operation = field.AsDocument.First;
        if (!operation.NameIs("$sum"u8))
        {
            throw CommandFault.BadValue($"unknown group operator '{operation.NameText}' (the sandbox knows $sum)");
        }

        var (sum, whole, isWhole, isLong) = (0.0, 0L, true, false);
        foreach (var member in members)
        {
            var value = Evaluate(operation, member).View.First;
            if (!value.IsNumber)
            {
                continue;
            }

            isWhole &= value.Type != BsonType.Double;
            isLong |= value.Type == BsonType.Int64;
            sum += value.ToDouble();
            whole += value.ToInt64();
        }

        if (!isWhole)
        {
            writer.Double(field.Name, sum);
        }
        else if (isLong || whole is > int.MaxValue or < int.MinValue)
        {
            writer.Int64(field.Name, whole);
        }
        else
        {
            writer.Int32(field.Name, (int)whole);
        }
    }

    /// <summary>A constant or <c>"$path"</c>, wrapped.</summary>
    private static BsonDocument Evaluate(BsonElement expression, BsonDocument document)
    {
        if (expression.Type != BsonType.String || expression.AsUtf8 is not [(byte)'$', ..])
        {
            return ConditionParser.Wrap(expression);
        }

        var value = SortOrder.ValueAt(document.View, SortOrder.Path(expression.AsUtf8[1..]));
        return value.Type == BsonType.EndOfDocument
            ? BsonDocument.Build(static w => w.Null(""u8))
            : ConditionParser.Wrap(value);
    }
}
