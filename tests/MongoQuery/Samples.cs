using Backup.MongoWire.Bson;

namespace Backup.Tests.MongoQuery;

/// <summary>Values of every type, and documents that have them in every place.</summary>
internal static class Samples
{
    internal static readonly IReadOnlyList<string> Scalars =
    [
        "0",
        "1",
        "2",
        "-1",
        """{"$numberLong":"1"}""",
        """{"$numberLong":"9223372036854775807"}""",
        """{"$numberLong":"9007199254740993"}""",
        """{"$numberDouble":"1.0"}""",
        """{"$numberDouble":"1.5"}""",
        """{"$numberDouble":"-0.0"}""",
        """{"$numberDouble":"NaN"}""",
        """{"$numberDouble":"Infinity"}""",
        """{"$numberDouble":"9007199254740992"}""",
        """{"$numberDecimal":"1"}""",
        """{"$numberDecimal":"1.50"}""",
        """{"$numberDecimal":"NaN"}""",
        """{"$numberDecimal":"-Infinity"}""",
        "\"\"",
        "\"a\"",
        "\"abc\"",
        "\"ABC\"",
        "\"a b\\nc d\"",
        "\"äß\"",
        "\"😀\"",
        "true",
        "false",
        "null",
        """{"$undefined":true}""",
        """{"$date":{"$numberLong":"1600000000000"}}""",
        """{"$date":{"$numberLong":"-1"}}""",
        """{"$timestamp":{"t":1600000000,"i":1}}""",
        """{"$oid":"5f5f5f5f5f5f5f5f5f5f5f5f"}""",
        """{"$binary":{"base64":"AQI=","subType":"00"}}""",
        """{"$binary":{"base64":"AQI=","subType":"80"}}""",
        """{"$regularExpression":{"pattern":"^a","options":"i"}}""",
        """{"$code":"x"}""",
        """{"$code":"x","$scope":{"y":1}}""",
        """{"$symbol":"abc"}""",
        """{"$dbPointer":{"$ref":"c","$id":{"$oid":"5f5f5f5f5f5f5f5f5f5f5f5f"}}}""",
        """{"$minKey":1}""",
        """{"$maxKey":1}""",
    ];

    internal static readonly IReadOnlyList<string> Containers =
    [
        "{}",
        "[]",
        """{"b":1}""",
        """{"b":null}""",
        """{"b":[1,2,3]}""",
        """{"b":{"c":1}}""",
        """{"b":[{"c":1},{"c":2}]}""",
        """{"0":1,"b":2}""",
        """{"c":1,"b":1}""",
        "[1]",
        "[2,1]",
        "[null]",
        """[{"$undefined":true}]""",
        "[[]]",
        "[[1,2],3]",
        "[{}]",
        """[{"b":1},{"b":2}]""",
        """[{"b":1},{"b":null}]""",
        """[{"b":1},{}]""",
        """[{"b":1},5]""",
        """[{"b":[1,2]},{"b":[3]}]""",
        """[{"b":[]},{"b":4}]""",
        """[[{"b":1}]]""",
        """[[{"b":1}],{"b":7}]""",
        """[{"b":{"c":1}},{"b":{"c":[2]}}]""",
        """[{"b":1,"c":2},{"b":2,"c":1}]""",
        """[{"b":[{"c":1}]},{"b":{"c":9}}]""",
        """["abc",/]""".Replace("/]", "\"x\"]", StringComparison.Ordinal),
        """[{"0":{"b":1}}]""",
        """{"$ref":"c","$id":1}""",
    ];

    internal static IReadOnlyList<BsonDocument> Documents()
    {
        var values = Scalars.Concat(Containers).ToList();
        List<string> all = ["{}", .. values.Select(static value => $$"""{"a":{{value}}}""")];
        all.AddRange(values.Select(static value => $$$"""{"a":{"b":{{{value}}}},"c":1}"""));
        all.AddRange(values.Select(static value => $$$"""{"a":[{{{value}}},{"b":{{{value}}}}],"b":{{{value}}}}"""));
        all.AddRange(values.Select(static (value, i) => $$"""{"b":{{i % 3}},"a":{{value}},"c":{{value}}}"""));
        return [.. all.Select(static text => ExtendedJson.Parse(text))];
    }

    /// <summary>A value that stands in a query.</summary>
    internal static string Any(Random random) =>
        random.Next(4) == 0 ? Containers[random.Next(Containers.Count)] : Scalars[random.Next(Scalars.Count)];

    /// <summary>A document of a few fields, some of them deep.</summary>
    internal static string Document(Random random, int depth)
    {
        var names = "abc".Where(_ => random.Next(3) > 0);
        return "{" + string.Join(',', names.Select(name => $"\"{name}\":{Inner(random, depth)}")) + "}";
    }

    private static string Inner(Random random, int depth) =>
        (depth > 2 ? 0 : random.Next(4)) switch
        {
            2 => Document(random, depth + 1),
            3 => "["
                + string.Join(',', Enumerable.Range(0, random.Next(4)).Select(_ => Inner(random, depth + 1)))
                + "]",
            _ => random.Next(3) > 0
                ? random.Next(4).ToString(System.Globalization.CultureInfo.InvariantCulture)
                : Scalars[random.Next(Scalars.Count)],
        };
}
