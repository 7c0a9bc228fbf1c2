using Backup.MongoWire.Bson;

namespace Backup.Tests.EndToEnd;

/// <summary>Data with everything that a backup may stumble over.</summary>
internal static class SourceContent
{
    private const int LargestDocument = 16 << 20;

    /// <param name="source">Empty.</param>
    /// <param name="seed">Of what is random.</param>
    /// <param name="large">How many large documents, of up to 5; the first is of the largest size that a server takes.</param>
    internal static async Task LoadAsync(TestSource source, int seed, int large = 5)
    {
        var random = new Random(seed);
        await source.RunAsync("shop", """{"create":"capped","capped":true,"size":1048576,"max":100}""");
        await source.RunAsync("shop", """{"create":"empty"}""");
        await source.InsertAsync("shop", "orders", Many(3_000, random, 100, 2_000));
        await source.InsertAsync("shop", "capped", Many(150, random, 100, 200));
        await source.InsertAsync("shop", "types", EveryType());
        await source.InsertAsync("shop", "ids", EveryKindOfId());
        await source.InsertAsync("shop", "заказы €🚀", Many(50, random, 50, 100));
        await source.InsertAsync("shop", "with/slash and%percent", Many(50, random, 50, 100));
        await source.InsertAsync("second-db", "orders", Many(500, random, 50, 100));
        await source.InsertAsync("second-db", "a.b.c", Many(20, random, 50, 100));
        await source.InsertAsync("large", "blobs", Large(random).Take(large));
        await source.RunAsync(
            "shop",
            """{"create":"expensive","viewOn":"orders","pipeline":[{"$match":{"n":{"$gt":500}}}]}"""
        );
        await source.RunAsync(
            "shop",
            """
            {"createIndexes":"orders","indexes":[
              {"key":{"n":1,"text":-1},"name":"n_text"},
              {"key":{"even":1},"name":"even_partial","partialFilterExpression":{"even":true}},
              {"key":{"at":1},"name":"ttl","expireAfterSeconds":1000000000}]}
            """
        );
        await source.RunAsync(
            "second-db",
            """{"createIndexes":"orders","indexes":[{"key":{"n":1,"_id":1},"name":"unique","unique":true}]}"""
        );
    }

    /// <summary>Documents with ids 0 to count - 1 and random text.</summary>
    internal static IEnumerable<BsonDocument> Many(int count, Random random, int least, int most) =>
        Enumerable.Range(0, count).Select(id => Document(id, random, random.Next(least, most)));

    /// <summary>Of about <paramref name="size"/> bytes, half of which do not compress.</summary>
    internal static BsonDocument Document(int id, Random random, int size)
    {
        var noise = new byte[size / 2];
        random.NextBytes(noise);
        return BsonDocument.Build(w =>
            w.Int32("_id"u8, id)
                .Int32("n"u8, random.Next(1000))
                .Boolean("even"u8, id % 2 == 0)
                .DateTime("at"u8, 1_600_000_000_000 + id * 1_000L)
                .String("text"u8, new string((char)('a' + id % 26), size / 2))
                .Binary("noise"u8, noise)
        );
    }

    private static IEnumerable<BsonDocument> EveryType() =>
        [
            BsonDocument.Build(w =>
                w.String("_id"u8, "everything")
                    .Double("double"u8, 1.5)
                    .Double("nan"u8, double.NaN)
                    .Double("minusZero"u8, -0.0)
                    .Double("infinite"u8, double.NegativeInfinity)
                    .String("text"u8, "ä\0€🚀")
                    .Binary("generic"u8, [1, 2, 3])
                    .Binary("user"u8, [4, 5], 0x80)
                    .Uuid("uuid"u8, new Guid("00112233-4455-6677-8899-aabbccddeeff"))
                    .ObjectId("objectId"u8, [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12])
                    .Boolean("yes"u8, true)
                    .DateTime("before1970"u8, -1)
                    .Null("nothing"u8)
                    .RegularExpression("regex"u8, "^a.*/"u8, "im"u8)
                    .JavaScript("code"u8, "function() { return 1 }"u8)
                    .Symbol("symbol"u8, "old"u8)
                    .Undefined("undefined"u8)
                    .Int32("int"u8, int.MinValue)
                    .Int64("long"u8, long.MaxValue)
                    .Timestamp("timestamp"u8, (1_600_000_000UL << 32) | 7)
                    .MinKey("least"u8)
                    .MaxKey("most"u8)
            ),
            ExtendedJson.Parse("""{"_id":"decimal","a":{"$numberDecimal":"1.10E-6000"},"b":[1,[2,{"c":[]}],{}]}"""),
        ];

    private static IEnumerable<BsonDocument> EveryKindOfId() =>
        new[]
        {
            """{"$minKey":1}""",
            "null",
            "1",
            """{"$numberLong":"9007199254740993"}""",
            """{"$numberDouble":"-2.5"}""",
            """{"$numberDouble":"NaN"}""",
            """{"$numberDecimal":"17.25"}""",
            "\"\"",
            "\"text\"",
            "\"text\\u0000behind\"",
            """{"a":1,"b":[1,2]}""",
            """{"b":1}""",
            """{"$binary":{"base64":"AQID","subType":"00"}}""",
            """{"$uuid":"00112233-4455-6677-8899-aabbccddeeff"}""",
            """{"$oid":"5f0000000000000000000001"}""",
            "false",
            "true",
            """{"$date":{"$numberLong":"-5"}}""",
            """{"$timestamp":{"t":5,"i":6}}""",
            """{"$maxKey":1}""",
        }.Select((id, ordinal) => ExtendedJson.Parse($$"""{"_id":{{id}},"ordinal":{{ordinal}}}"""));

    /// <summary>Among them one of exactly the largest size that a server takes.</summary>
    private static IEnumerable<BsonDocument> Large(Random random)
    {
        foreach (var (id, size) in new[] { LargestDocument, 9_000_000, 4_000_000, LargestDocument - 1, 1_000 }.Index())
        {
            var frame = BsonDocument.Build(w => w.Int32("_id"u8, id).Binary("pad"u8, [])).Length;
            var pad = new byte[size - frame];
            random.NextBytes(pad.AsSpan(0, pad.Length / 4));
            yield return BsonDocument.Build(w => w.Int32("_id"u8, id).Binary("pad"u8, pad));
        }
    }
}
