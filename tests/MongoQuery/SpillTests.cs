using Backup.MongoQuery;
using Backup.MongoQuery.Spilling;
using Backup.MongoWire.Bson;
using Backup.Tests.Support;
using Shouldly;
using Xunit;

namespace Backup.Tests.MongoQuery;

/// <summary>What goes through temporary files comes out as what stays in memory does.</summary>
public sealed class SpillTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    /// <summary>The least memory makes hundreds of runs, which are merged in two levels.</summary>
    [Theory]
    [InlineData(1, 2_000)]
    [InlineData(2, 40_000)]
    [InlineData(3, 400_000)]
    public void Sorts_and_groups_are_the_same_through_files(int seed, int memory)
    {
        var random = new Random(seed);
        List<BsonDocument> documents =
        [
            .. Enumerable.Range(0, 5000).Select(id => Document(id, random.Next(3), Samples.Document(random, 1))),
        ];
        var space = new SpillSpace(_folder.File("spill"), 100 << 20);
        foreach (
            var stages in new[]
            {
                """[{"$sort":{"a":1}}]""",
                """[{"$sort":{"n":-1,"a":1}}]""",
                """[{"$sort":{"a":-1}},{"$skip":10},{"$limit":1500}]""",
                """[{"$group":{"_id":"$a","n":{"$sum":1},"first":{"$first":"$_id"},"last":{"$last":"$_id"},"v":{"$avg":"$n"},"l":{"$min":"$b"},"m":{"$max":"$b"}}}]""",
                """[{"$group":{"_id":"$_id","all":{"$push":"$b"}}},{"$sort":{"all":1}}]""",
                """[{"$group":{"_id":{"$ifNull":["$c","$n"]},"set":{"$addToSet":"$n"}}}]""",
                """[{"$sort":{"b":1}},{"$group":{"_id":"$_id","b":{"$first":"$b"}}}]""",
            }
        )
        {
            var expected = Run(documents, stages, limits: null);
            long used = 0;
            var limits = new QueryLimits { MemoryBytes = memory, Spill = space };
            Run(documents, stages, limits, () => used = Math.Max(used, space.UsedBytes)).ShouldBe(expected, stages);
            if (memory < 100_000 && !stages.Contains("addToSet", StringComparison.Ordinal))
            {
                used.ShouldBeGreaterThan(0, stages);
            }

            space.UsedBytes.ShouldBe(0, "its files are gone");
            Directory.EnumerateFileSystemEntries(_folder.File("spill")).ShouldBeEmpty();
        }
    }

    [Fact]
    public void What_the_disk_does_not_take_is_an_error_that_says_so()
    {
        List<BsonDocument> documents =
        [
            .. Enumerable.Range(0, 1000).Select(static id => ExtendedJson.Parse($$"""{"_id":{{id}},"a":{{id % 7}}}""")),
        ];
        const string stages = """[{"$sort":{"a":1}}]""";
        var small = new SpillSpace(_folder.File("spill"), 10_000);
        Refusal(small).ShouldBe((2606, 14031));
        small.UsedBytes.ShouldBe(0);

        File.WriteAllLines(_folder.File("file"), []);
        Refusal(new SpillSpace(Path.Combine(_folder.File("file"), "below"), 1 << 20)).ShouldBe((2605, 14031));
        Refusal(null).ShouldBe((2602, 16819));

        var given = 0;
        Should.Throw<OperationCanceledException>(() =>
            Run(
                documents,
                stages,
                new QueryLimits { MemoryBytes = 1000, Spill = new SpillSpace(_folder.File("spill"), 1 << 20) },
                () => given++,
                pulse: static () => throw new OperationCanceledException()
            )
        );
        given.ShouldBeLessThan(20, "it ends while files are written");

        (int, int) Refusal(SpillSpace? space)
        {
            var limits = new QueryLimits { MemoryBytes = 2000, Spill = space };
            var refused = Should.Throw<QueryException>(() => Run(documents, stages, limits));
            return (refused.Number, refused.ServerCode);
        }
    }

    private static List<string> Run(
        List<BsonDocument> documents,
        string stages,
        QueryLimits? limits,
        Action? each = null,
        Action? pulse = null
    )
    {
        var found = new List<string>();
        using var pipeline = Pipeline.Parse(ExtendedJson.ParseArray(stages), limits);
        pipeline.Pulse = pulse;
        foreach (var document in documents)
        {
            found.AddRange(pipeline.Take(document).Select(Text));
            each?.Invoke();
        }

        foreach (var document in pipeline.End())
        {
            found.Add(Text(document));
            each?.Invoke();
        }

        return found;
    }

    private static string Text(BsonDocument document) => ExtendedJson.ToText(document.View, ExtendedJsonMode.Canonical);

    private static BsonDocument Document(int id, int n, string body) =>
        BsonDocument.Build(w =>
        {
            w.Int32("_id"u8, id).Int32("n"u8, n);
            foreach (var field in ExtendedJson.Parse(body).View)
            {
                w.Element(field);
            }
        });
}
