namespace Backup.Tests.MongoQuery;

/// <summary>Queries from a seed.</summary>
internal sealed class QueryGenerator(Random random)
{
    private static readonly string[] Paths =
    [
        "a",
        "b",
        "c",
        "a.b",
        "a.b.c",
        "a.0",
        "a.0.b",
        "a.b.0",
        "a.b.0.c",
        "a.c",
        "b.c",
        "a.1",
        "a.a",
        "a.b.b",
        "c.b.a",
        "_id",
    ];

    private static readonly string[] Patterns =
    [
        "^a",
        "b",
        "^A.C$",
        "[a-c]+",
        "\\\\d",
        "\\\\bb",
        "c d$",
        "^.$",
        "[^a]",
        "(a|b)c?",
        "\\\\w{2,3}",
        "^\\\\W",
        "s",
    ];

    internal string Path() => Paths[random.Next(Paths.Length)];

    internal string Filter(int depth = 0)
    {
        var count =
            random.Next(10) == 0 ? 0
            : random.Next(3) == 0 ? 2
            : 1;
        var used = new HashSet<string>();
        var parts = new List<string>();
        for (var i = 0; i < count; i++)
        {
            if (depth < 2 && random.Next(5) == 0)
            {
                var junction = Pick("$and", "$or", "$nor");
                if (used.Add(junction))
                {
                    var clauses = Enumerable.Range(0, random.Next(1, 4)).Select(_ => Filter(depth + 1));
                    parts.Add($"\"{junction}\":[{string.Join(',', clauses)}]");
                }
            }
            else if (Path() is var path && used.Add(path))
            {
                parts.Add($"\"{path}\":{Condition(depth)}");
            }
        }

        return "{" + string.Join(',', parts) + "}";
    }

    internal string Sort()
    {
        var paths = Enumerable
            .Range(0, random.Next(1, 4))
            .Select(_ => Path())
            .Where(static path => path != "_id")
            .Distinct();
        return "{" + string.Join(',', paths.Select(path => $"\"{path}\":{Pick("1", "-1")}")) + "}";
    }

    internal string Projection()
    {
        var flag = Pick("0", "1", "true", "false");
        var paths = Enumerable
            .Range(0, random.Next(1, 4))
            .Select(_ => Path())
            .Where(static path => path != "_id")
            .Distinct();
        var parts = paths.Select(path => $"\"{path}\":{flag}").ToList();
        if (random.Next(4) == 0)
        {
            parts.Add($"\"_id\":{Pick("0", "1")}");
        }

        return "{" + string.Join(',', parts) + "}";
    }

    internal string Expression(int depth = 0)
    {
        if (depth > 2 || random.Next(3) == 0)
        {
            return random.Next(3) == 0 ? $"{{\"$literal\":{Samples.Any(random)}}}" : $"\"${Path()}\"";
        }

        var (one, two) = (Expression(depth + 1), Expression(depth + 1));
        return random.Next(14) switch
        {
            0 => $"{{\"{Pick("$eq", "$ne", "$gt", "$gte", "$lt", "$lte", "$cmp")}\":[{one},{two}]}}",
            1 => $"{{\"{Pick("$and", "$or")}\":[{one},{two}]}}",
            2 => $"{{\"$not\":[{one}]}}",
            3 => $"{{\"$cond\":[{one},{two},{Expression(depth + 1)}]}}",
            4 => $"{{\"$ifNull\":[{one},{two}]}}",
            5 => $"{{\"$type\":{one}}}",
            6 => $"{{\"$isArray\":[{one}]}}",
            7 => $"{{\"$cond\":{{\"if\":{{\"$isArray\":[{one}]}},\"then\":{{\"$size\":{one}}},\"else\":{two}}}}}",
            8 => $"[{one},{two}]",
            9 => $"{{\"x\":{one},\"y\":{two}}}",
            10 =>
                $"{{\"$cond\":{{\"if\":{{\"$isArray\":[{one}]}},\"then\":{{\"$arrayElemAt\":[{one},{Pick("0", "-1", "1")}]}},\"else\":{two}}}}}",
            11 =>
                $"{{\"$cond\":{{\"if\":{{\"$isArray\":[{one}]}},\"then\":{{\"$in\":[{two},{one}]}},\"else\":{two}}}}}",
            12 =>
                $"{{\"$cond\":{{\"if\":{{\"$in\":[{{\"$type\":{one}}},[\"int\",\"long\",\"double\"]]}},\"then\":{{\"{Pick("$add", "$subtract", "$multiply")}\":[{one},{Pick("1", "2.5", "{\"$numberLong\":\"3\"}")}]}},\"else\":{two}}}}}",
            _ =>
                $"{{\"$cond\":{{\"if\":{{\"$eq\":[{{\"$type\":{one}}},\"string\"]}},\"then\":{{\"$concat\":[{one},\"x\"]}},\"else\":{two}}}}}",
        };
    }

    internal (string Stages, bool Ordered) Pipeline()
    {
        var stages = new List<string> { """{"$sort":{"_id":1}}""" };
        var ordered = true;
        if (random.Next(2) == 0)
        {
            stages.Insert(0, $"{{\"$match\":{Filter()}}}");
        }

        for (var i = random.Next(1, 4); i > 0; i--)
        {
            switch (random.Next(ordered ? 10 : 8))
            {
                case 0:
                    stages.Add($"{{\"$project\":{Projection()}}}");
                    break;
                case 1:
                    stages.Add(
                        $"{{\"$project\":{{\"x\":{Expression()},\"{Pick("a", "b.c")}\":{Pick("1", Expression())}}}}}"
                    );
                    break;
                case 2:
                    stages.Add(
                        $"{{\"{Pick("$addFields", "$set")}\":{{\"{Pick("x", "a", "a.b", "b.c.d")}\":{Expression()}}}}}"
                    );
                    break;
                case 3:
                    stages.Add($"{{\"$unwind\":\"${Path()}\"}}");
                    break;
                case 4:
                    stages.Add(
                        $"{{\"$unwind\":{{\"path\":\"${Path()}\",\"preserveNullAndEmptyArrays\":{Pick("true", "false")},\"includeArrayIndex\":\"{Pick("i", "b", "_id")}\"}}}}"
                    );
                    break;
                case 5:
                    stages.Add($"{{\"$match\":{Filter()}}}");
                    break;
                case 6:
                    stages.Add(
                        $"{{\"$group\":{{\"_id\":{Pick($"\"${Path()}\"", Expression(), "null")},{Accumulators(ordered)}}}}}"
                    );
                    ordered = false;
                    break;
                case 7:
                    stages.Add($"{{\"$unset\":[\"{Pick("a", "a.b", "c")}\"]}}");
                    break;
                case 8:
                    stages.Add($"{{\"$limit\":{random.Next(1, 50)}}}");
                    break;
                default:
                    stages.Add($"{{\"$skip\":{random.Next(50)}}}");
                    break;
            }
        }

        return ("[" + string.Join(',', stages) + "]", ordered);
    }

    private string Accumulators(bool ordered) =>
        Pick(
            """ "n":{"$sum":1} """,
            $"\"s\":{{\"$sum\":\"${Path()}\"}},\"v\":{{\"$avg\":\"${Path()}\"}}",
            $"\"l\":{{\"$min\":\"${Path()}\"}},\"m\":{{\"$max\":\"${Path()}\"}}",
            !ordered
                ? """ "n":{"$sum":1} """
                : $"\"f\":{{\"$first\":\"${Path()}\"}},\"l\":{{\"$last\":\"${Path()}\"}},\"p\":{{\"$push\":\"${Path()}\"}}"
        );

    private string Condition(int depth)
    {
        var value = Samples.Any(random);
        return random.Next(16) switch
        {
            0 or 1 => value,
            2 => $"{{\"{Pick("$eq", "$ne")}\":{value}}}",
            3 or 4 => $"{{\"{Pick("$gt", "$gte", "$lt", "$lte")}\":{value}}}",
            5 => $"{{\"$gte\":{value},\"$lt\":{Samples.Any(random)}}}",
            6 => $"{{\"{Pick("$in", "$nin")}\":[{Several()}]}}",
            7 => $"{{\"$exists\":{Pick("true", "false", "1", "0", "null", "\"x\"")}}}",
            8 =>
                $"{{\"$type\":{Pick("1", "2", "3", "4", "6", "10", "16", "\"number\"", "\"array\"", "[\"int\",\"string\"]", "-1", "127")}}}",
            9 => $"{{\"$size\":{Pick("0", "1", "2", "3")}}}",
            10 => $"{{\"$mod\":[{Pick("2", "3", "-2")},{Pick("0", "1")}]}}",
            11 =>
                $"{{\"$regex\":\"{Patterns[random.Next(Patterns.Length)]}\",\"$options\":\"{Pick("", "i", "m", "s")}\"}}",
            12 =>
                $"{{\"$not\":{Pick($"{{\"$gt\":{value}}}", "{\"$exists\":true}", "{\"$size\":1}", "{\"$elemMatch\":{\"b\":1}}")}}}",
            13 => $"{{\"$all\":[{Pick("", Several(), value, "{\"$elemMatch\":{\"b\":1}}")}]}}",
            14 => $"{{\"$elemMatch\":{Filter(depth + 1)}}}",
            _ => $"{{\"$elemMatch\":{{\"{Pick("$gt", "$lte", "$ne", "$eq")}\":{value}}}}}",
        };
    }

    private string Several() =>
        string.Join(',', Enumerable.Range(0, random.Next(1, 4)).Select(_ => Samples.Any(random)));

    private string Pick(params string[] choices) => choices[random.Next(choices.Length)];
}
