using Backup.MongoWire.Bson;
using Backup.Snapshots.Exports;
using Shouldly;
using Xunit;

namespace Backup.Tests.Snapshots;

/// <summary>Pairs as the server's own conversion tests have them (timeseries_index_schema_conversion_functions_test.cpp).</summary>
public sealed class TimeSeriesIndexTests
{
    private const string Options = """{"timeseries":{"timeField":"tm","metaField":"mm","granularity":"seconds"}}""";

    [Theory]
    [InlineData("""{"meta":1}""", """{"mm":1}""")]
    [InlineData("""{"meta.a.b":-1}""", """{"mm.a.b":-1}""")]
    [InlineData("""{"control.min.tm":1,"control.max.tm":1}""", """{"tm":1}""")]
    [InlineData("""{"control.max.tm":-1,"control.min.tm":-1}""", """{"tm":-1}""")]
    [InlineData(
        """{"meta.x":1,"control.min.tm":1,"control.max.tm":1,"control.min.v":1,"control.max.v":1}""",
        """{"mm.x":1,"tm":1,"v":1}"""
    )]
    [InlineData("""{"meta.loc":"2dsphere"}""", """{"mm.loc":"2dsphere"}""")]
    [InlineData("""{"data.loc":"2dsphere_bucket"}""", """{"loc":"2dsphere"}""")]
    public void An_index_over_buckets_is_told_in_the_users_terms(string bucket, string user) =>
        Converted($$"""{"v":2,"key":{{bucket}},"name":"n","expireAfterSeconds":60}""")
            .ShouldBe([$$"""{"v":2,"key":{{user}},"name":"n","expireAfterSeconds":60}"""]);

    [Theory]
    [InlineData("""{"_id":1}""")]
    [InlineData("""{"control.min.tm":1}""")]
    [InlineData("""{"control.min.tm":1,"control.max.other":1}""")]
    [InlineData("""{"data.v":1}""")]
    public void An_index_that_no_user_can_have_made_is_left_out(string bucket) =>
        Converted($$"""{"v":2,"key":{{bucket}},"name":"n"}""").ShouldBeEmpty();

    [Fact]
    public void The_users_own_words_are_taken_where_the_server_kept_them() =>
        Converted(
                """{"v":2,"key":{"control.min.v":1,"control.max.v":1},"name":"n","originalSpec":{"key":{"v":1},"name":"n","sparse":true,"v":2}}"""
            )
            .ShouldBe(["""{"key":{"v":1},"name":"n","sparse":true,"v":2}"""]);

    private static List<string> Converted(string index) =>
        [
            .. TimeSeriesIndexes
                .Of([ExtendedJson.Parse(index)], ExtendedJson.Parse(Options))
                .Select(one => ExtendedJson.ToText(one.View)),
        ];
}
