using System.Buffers;
using System.Text;
using Backup.Foundation.Errors;
using Backup.MongoWire.Bson;
using Shouldly;
using Xunit;

namespace Backup.Tests.MongoWire.Bson;

/// <summary>What the corpus does not ask.</summary>
public class ExtendedJsonTests
{
    [Fact]
    public void A_top_level_array_is_read_only_where_it_is_asked_for()
    {
        var array = ExtendedJson.ParseArray("""[1, {"a": {"$numberLong": "2"}}]""");
        ExtendedJson.ToText(array.View).ShouldBe("""{"0":1,"1":{"a":2}}""");
        Refused(() => ExtendedJson.Parse("[1]"));
        Refused(() => ExtendedJson.ParseArray("{}"));
    }

    [Theory]
    [InlineData("")]
    [InlineData("{")]
    [InlineData("{} {}")]
    [InlineData("{\"a\": 1,}")]
    [InlineData("{\"a\": \"\\ud800\"}")]
    [InlineData("{\"\\ud800\": 1}")]
    [InlineData("{\"a\": {\"$scope\": {}}}")]
    [InlineData("{\"a\": {\"$code\": \"\", \"$scope\": {}, \"$code\": \"\"}}")]
    [InlineData("{\"a\": {\"$numberInt\": \"2147483648\"}}")]
    [InlineData("{\"a\": {\"$numberInt\": \" 1\"}}")]
    [InlineData("{\"a\": {\"$oid\": \"56e1fc72e0c917e9c471416g\"}}")]
    [InlineData("{\"a\": {\"$date\": \"2012-13-24T12:15:30Z\"}}")]
    [InlineData("{\"a\": {\"$binary\": {\"base64\": \"/\", \"subType\": \"00\"}}}")]
    [InlineData("{\"a\": {\"$binary\": {\"base64\": \"\", \"subType\": \"100\"}}}")]
    [InlineData("{\"a\": {\"$timestamp\": {\"t\": -1, \"i\": 0}}}")]
    [InlineData("{\"a\": {\"$undefined\": false}}")]
    public void What_is_no_extended_json_is_refused(string json) => Refused(() => ExtendedJson.Parse(json));

    [Fact]
    public void Nesting_beyond_the_limit_is_refused_and_does_not_overflow_the_stack() =>
        Refused(() => ExtendedJson.Parse("{\"a\":" + new string('[', 100_000)));

    [Theory]
    [InlineData("""{"$date": "2012-12-24T13:15:30.501+01:00"}""")]
    [InlineData("""{"$date": "2012-12-24T12:15:30.501Z"}""")]
    [InlineData("""{"$date": "2012-12-24T07:15:30.501-0500"}""")]
    public void A_date_is_the_same_in_every_zone(string json) =>
        ExtendedJson.Parse($$"""{"a": {{json}}}""").View.First.AsDateTime.ShouldBe(1356351330501);

    [Theory]
    [InlineData("0", BsonType.Int32)]
    [InlineData("2147483648", BsonType.Int64)]
    [InlineData("9223372036854775808", BsonType.Double)]
    [InlineData("1.0", BsonType.Double)]
    [InlineData("1e2", BsonType.Double)]
    public void A_plain_number_is_of_the_narrowest_type(string number, BsonType type) =>
        ExtendedJson.Parse($$"""{"a": {{number}}}""").View.First.Type.ShouldBe(type);

    [Fact]
    public void Text_is_escaped_where_json_asks_for_it_and_nowhere_else()
    {
        var document = BsonDocument.Build(writer => writer.String("\"ä"u8, "\0\u001f\"\\/\b\f\n\r\t\u007fä\U0001F600"));
        var json = ExtendedJson.ToText(document.View);
        json.ShouldBe("{\"\\\"ä\":\"\\u0000\\u001f\\\"\\\\/\\b\\f\\n\\r\\t\u007fä\U0001F600\"}");
        ExtendedJson.Parse(json).ShouldBe(document);
    }

    [Fact]
    public void Text_longer_than_any_chunk_and_binary_of_every_length_are_whole()
    {
        for (var length = 0; length < 5000; length += 61)
        {
            var text = new string('x', length) + "\"\u00e4";
            var document = BsonDocument.Build(writer =>
                writer.String("t"u8, text).Binary("b"u8, Encoding.UTF8.GetBytes(text))
            );
            ExtendedJson.Parse(ExtendedJson.ToText(document.View)).ShouldBe(document);
        }
    }

    [Fact]
    public void Documents_follow_one_another_in_one_buffer()
    {
        var output = new ArrayBufferWriter<byte>();
        foreach (var number in (int[])[1, 2])
        {
            ExtendedJson.Write(BsonDocument.Build(w => w.Int32("a"u8, number)).View, output, ExtendedJsonMode.Relaxed);
            output.Write("\n"u8);
        }

        Encoding.UTF8.GetString(output.WrittenSpan).ShouldBe("{\"a\":1}\n{\"a\":2}\n");
    }

    [Fact]
    public void Text_that_is_no_utf8_is_never_turned_into_other_text()
    {
        var document = BsonDocument.Build(writer => writer.String("a"u8, [0xff]));
        Should.Throw<BackupException>(() => ExtendedJson.ToText(document.View)).Number.ShouldBe(2003);
        Should
            .Throw<BackupException>(() => ExtendedJson.Parse([.. "{\"a\":\""u8, 0xff, .. "\"}"u8]))
            .Number.ShouldBe(2004);
    }

    [Fact]
    public void Options_of_a_regular_expression_that_are_no_letters_stay_as_they_are()
    {
        var document = BsonDocument.Build(writer => writer.RegularExpression("a"u8, "x"u8, "ä"u8));
        ExtendedJson.Parse(ExtendedJson.ToText(document.View)).ShouldBe(document);
    }

    private static void Refused(Action action) => Should.Throw<BackupException>(action).Number.ShouldBe(2004);
}
