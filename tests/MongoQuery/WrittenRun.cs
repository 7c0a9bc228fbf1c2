using Backup.MongoWire.Bson;

namespace Backup.Tests.MongoQuery;

/// <summary>Asks all queries that are written down.</summary>
internal static class WrittenRun
{
    private static readonly string[] Keys = ["a", "b", "a.b", "a.b.c", "a.0", "a.0.b", "c", "_id", "nope", "a.1.b"];

    internal static async Task AskAsync(JudgedCollection judged)
    {
        await WhichAsync(judged);
        await ShapesAsync(judged);
    }

    /// <summary>Those that answer documents as they are, and values.</summary>
    internal static async Task WhichAsync(JudgedCollection judged)
    {
        foreach (var filter in WrittenQueries.Filters())
        {
            await judged.FindAsync(ExtendedJson.Parse(filter));
        }

        foreach (var sort in WrittenQueries.Sorts)
        {
            await judged.FindAsync(null, ExtendedJson.Parse(sort));
        }

        foreach (var key in Keys)
        {
            await judged.DistinctAsync(key);
        }
    }

    /// <summary>Those that make other documents of them.</summary>
    internal static async Task ShapesAsync(JudgedCollection judged)
    {
        foreach (var projection in WrittenQueries.Projections)
        {
            await judged.FindAsync(null, null, ExtendedJson.Parse(projection));
        }

        foreach (var stages in WrittenQueries.Pipelines)
        {
            await judged.AggregateAsync(
                ExtendedJson.ParseArray(stages),
                !stages.Contains("$group", StringComparison.Ordinal)
            );
        }
    }
}
