using Backup.Agent.Source;
using Backup.MongoWire.Bson;
using Backup.MongoWire.Catalogues;
using Backup.MongoWire.Client;

namespace Backup.Agent.Sync;

/// <summary>
/// Where a large collection is cut into ranges of its <c>_id</c>, so that several cursors copy it: at quantiles of a sample, which the server takes
/// without reading the collection. They need not be good: any ascending <c>_id</c>s make ranges that hold each document once.
/// </summary>
internal static class SplitPoints
{
    /// <summary>Of one range: enough that a range is seldom twice as large as another.</summary>
    private const int SamplesPerRange = 20;

    /// <returns>In the order of the index; none where the collection is small, or is read in another order than that of the simple collation.</returns>
    public static async Task<IReadOnlyList<BsonDocument>> FindAsync(
        SourceMember member,
        ListedCollection collection,
        long splitBytes,
        CancellationToken cancellation
    )
    {
        var ranges = (int)Math.Min(ListedCollection.MostRanges, collection.Bytes / splitBytes);
        if (ranges < 2 || collection.NaturalOrder || collection.Options.View.Has("collation"u8))
        {
            return [];
        }

        try
        {
            return Quantiles(await SampleAsync(member, collection, ranges * SamplesPerRange, cancellation), ranges);
        }
        catch (CommandException)
        {
            // Renamed or dropped meanwhile, or not allowed: one range holds it too.
            return [];
        }
    }

    private static async Task<List<BsonDocument>> SampleAsync(
        SourceMember member,
        ListedCollection collection,
        int size,
        CancellationToken cancellation
    )
    {
        var dot = collection.Namespace.IndexOf('.', StringComparison.Ordinal);
        var command = BsonDocument.Build(w =>
        {
            w.String("aggregate"u8, collection.Namespace[(dot + 1)..]).BeginArray("pipeline"u8);
            w.BeginDocument("0"u8).BeginDocument("$sample"u8).Int32("size"u8, size).EndDocument().EndDocument();
            w.BeginDocument("1"u8).BeginDocument("$project"u8).Int32("_id"u8, 1).EndDocument().EndDocument();
            w.BeginDocument("2"u8).BeginDocument("$sort"u8).Int32("_id"u8, 1).EndDocument().EndDocument();
            w.EndArray().BeginDocument("cursor"u8).EndDocument();
        });
        await using var cursor = await member.Client.OpenCursorAsync(
            collection.Namespace[..dot],
            command,
            member.Target,
            new CursorOptions(),
            cancellation
        );
        var sample = new List<BsonDocument>(size);
        while (await cursor.NextBatchAsync(cancellation) is { } batch)
        {
            using (batch)
            {
                foreach (var document in batch)
                {
                    sample.Add(document.View.ToDocument());
                }
            }
        }

        return sample;
    }

    /// <summary>Ascending to both, the server that sorted them and this agent: a range that ends before it begins would never be copied.</summary>
    private static List<BsonDocument> Quantiles(List<BsonDocument> sample, int ranges)
    {
        var splits = new List<BsonDocument>(ranges);
        for (var n = 1; n < ranges && sample.Count >= ranges; n++)
        {
            var split = sample[(int)((long)n * sample.Count / ranges)];
            if (splits.Count == 0 || BsonOrder.Documents.Compare(splits[^1], split) < 0)
            {
                splits.Add(split);
            }
        }

        return splits;
    }
}
