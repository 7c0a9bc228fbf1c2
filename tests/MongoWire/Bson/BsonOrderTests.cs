using Backup.MongoWire.Bson;
using Shouldly;
using Xunit;

namespace Backup.Tests.MongoWire.Bson;

/// <summary>Single facts of MongoDB's order, each taken from the server's comparison.</summary>
public class BsonOrderTests
{
    /// <summary>Each less than the next.</summary>
    public static TheoryData<string[]> Ascending =>
        [
            [
                // Brackets.
                """{"$minKey": 1}""",
                """{"$undefined": true}""",
                "null",
                "1",
                "\"a\"",
                "{}",
                "[]",
                """{"$binary": {"base64": "", "subType": "00"}}""",
                """{"$oid": "000000000000000000000000"}""",
                "false",
                "true",
                """{"$date": {"$numberLong": "-1"}}""",
                """{"$date": {"$numberLong": "0"}}""",
                """{"$timestamp": {"t": 0, "i": 0}}""",
                """{"$regularExpression": {"pattern": "a", "options": ""}}""",
                """{"$dbPointer": {"$ref": "b", "$id": {"$oid": "000000000000000000000000"}}}""",
                """{"$code": "a"}""",
                """{"$code": "a", "$scope": {}}""",
                """{"$maxKey": 1}""",
            ],
            [
                // Numbers of every type, by value; those beyond 2^53 would be equal as doubles.
                """{"$numberDouble": "NaN"}""",
                """{"$numberDecimal": "-Infinity"}""",
                """{"$numberDecimal": "-1E+6000"}""",
                """{"$numberDouble": "-1.7976931348623157E+308"}""",
                """{"$numberLong": "-9223372036854775808"}""",
                """{"$numberDouble": "-1.5"}""",
                "-1",
                """{"$numberDecimal": "-1E-6176"}""",
                "0",
                """{"$numberDecimal": "1E-6176"}""",
                """{"$numberDouble": "4.9E-324"}""",
                """{"$numberDecimal": "0.1"}""",
                """{"$numberDouble": "0.1"}""",
                """{"$numberDecimal": "0.1000000000000000055511151231257828"}""",
                """{"$numberDouble": "9007199254740992.0"}""",
                """{"$numberLong": "9007199254740993"}""",
                """{"$numberDouble": "9007199254740994.0"}""",
                """{"$numberLong": "9223372036854775807"}""",
                """{"$numberDouble": "9223372036854775808.0"}""",
                """{"$numberDecimal": "9223372036854775809"}""",
                """{"$numberDouble": "1.7976931348623157E+308"}""",
                """{"$numberDecimal": "1E+309"}""",
                """{"$numberDouble": "Infinity"}""",
            ],
            [
                // Text byte by byte, zeros included: not by UTF-16, not by language.
                "\"\"",
                "\"A\"",
                "\"a\"",
                "\"a\\u0000\"",
                "\"a\\u0000b\"",
                "\"a\\u0001\"",
                "\"ab\"",
                "\"z\"",
                "\"\u00e4\"",
                "\"\uff5e\"",
                "\"\U0001F600\"",
            ],
            [
                // Documents: type, then name, then value, then length.
                "{}",
                """{"b": null}""",
                """{"a": 1}""",
                """{"a": 1, "a": 0}""",
                """{"a": 2}""",
                """{"b": 1}""",
                """{"a": "1"}""",
            ],
            ["[]", "[1]", "[1, 1]", "[1, 2]", "[2]", "[[]]"],
            [
                // Binary: length, subtype, bytes.
                """{"$binary": {"base64": "/w==", "subType": "80"}}""",
                """{"$binary": {"base64": "AAA=", "subType": "00"}}""",
                """{"$binary": {"base64": "AAE=", "subType": "00"}}""",
                """{"$binary": {"base64": "AAA=", "subType": "05"}}""",
                """{"$binary": {"base64": "AAA=", "subType": "80"}}""",
                """{"$binary": {"base64": "AAAA", "subType": "00"}}""",
            ],
            [
                // Timestamps are unsigned, dates are not.
                """{"$timestamp": {"t": 1, "i": 4294967295}}""",
                """{"$timestamp": {"t": 2147483648, "i": 0}}""",
                """{"$timestamp": {"t": 4294967295, "i": 1}}""",
            ],
            [
                """{"$regularExpression": {"pattern": "a", "options": "x"}}""",
                """{"$regularExpression": {"pattern": "aa", "options": "i"}}""",
                """{"$regularExpression": {"pattern": "aa", "options": "im"}}""",
            ],
            [
                """{"$code": "a", "$scope": {"x": 2}}""",
                """{"$code": "b", "$scope": {}}""",
                """{"$code": "b", "$scope": {"x": 1}}""",
            ],
        ];

    [Theory]
    [MemberData(nameof(Ascending))]
    public void Each_value_is_less_than_every_later_one(string[] json)
    {
        for (var i = 0; i < json.Length; i++)
        {
            for (var j = 0; j < json.Length; j++)
            {
                Math.Sign(Compare(json[i], json[j])).ShouldBe(i.CompareTo(j), $"{json[i]} against {json[j]}");
            }
        }
    }

    [Theory]
    [InlineData("0", """{"$numberDouble": "-0.0"}""")]
    [InlineData("0", """{"$numberDecimal": "-0E+10"}""")]
    [InlineData("1", """{"$numberLong": "1"}""")]
    [InlineData("1", """{"$numberDecimal": "1.000"}""")]
    [InlineData("1.5", """{"$numberDecimal": "15E-1"}""")]
    [InlineData("""{"$numberDouble": "NaN"}""", """{"$numberDecimal": "NaN"}""")]
    [InlineData("""{"$numberDouble": "-Infinity"}""", """{"$numberDecimal": "-Infinity"}""")]
    [InlineData("""{"$numberDouble": "9223372036854775808.0"}""", """{"$numberDecimal": "9223372036854775808"}""")]
    [InlineData("\"a\"", """{"$symbol": "a"}""")]
    public void These_are_equal(string left, string right)
    {
        Compare(left, right).ShouldBe(0);
        Compare(right, left).ShouldBe(0);
    }

    [Fact]
    public void A_depth_that_no_server_stores_is_refused_and_does_not_overflow_the_stack()
    {
        var deep = BsonDocument.Empty;
        for (var level = 0; level < 2000; level++)
        {
            var inner = deep;
            deep = BsonDocument.Build(writer => writer.Document("a"u8, inner));
        }

        Numbered(() => BsonOrder.CompareDocuments(deep.View, deep.View));
        Numbered(() => BsonValidator.Validate(deep.Span));
        Numbered(() => ExtendedJson.ToText(deep.View));
    }

    private static void Numbered(Action action) =>
        Should.Throw<Backup.Foundation.Errors.BackupException>(action).Number.ShouldBe(2002);

    private static int Compare(string left, string right) =>
        BsonOrder.CompareValues(
            ExtendedJson.Parse($$"""{"v": {{left}}}""").View.First,
            ExtendedJson.Parse($$"""{"v": {{right}}}""").View.First
        );
}
