using Backup.MongoQuery;
using Backup.MongoWire.Bson;

namespace Backup.Tests.MongoQuery;

/// <summary>What a query came to.</summary>
/// <param name="Documents">Null where it failed.</param>
/// <param name="Failure">Why.</param>
/// <param name="IsUnsupported">Whether it is only refused here.</param>
internal sealed record Answer(IReadOnlyList<BsonDocument>? Documents, string Failure, bool IsUnsupported);

/// <summary>The same documents in a server and here; every query is asked of both, and what the server says is right.</summary>
internal sealed class JudgedCollection(IJudge judge)
{
    internal IReadOnlyList<BsonDocument> Documents { get; private set; } = [];

    internal int Answered { get; private set; }

    internal int Refused { get; private set; }

    internal List<string> Unsupported { get; } = [];

    internal List<string> Differences { get; } = [];

    internal async Task FillAsync(IReadOnlyList<BsonDocument> bodies)
    {
        Documents =
        [
            .. bodies.Select(
                static (body, i) =>
                    BsonDocument.Build(w =>
                    {
                        w.Int32("_id"u8, i);
                        foreach (var field in body.View)
                        {
                            w.Element(field);
                        }
                    })
            ),
        ];
        await judge.FillAsync(Documents);
    }

    /// <summary>A find, sorted by <c>_id</c> where it has no other order, by <c>_id</c> among equals.</summary>
    internal async Task FindAsync(BsonDocument? filter, BsonDocument? sort = null, BsonDocument? projection = null)
    {
        var order = BsonDocument.Build(w =>
        {
            foreach (var field in (sort ?? BsonDocument.Empty).View)
            {
                w.Element(field);
            }

            w.Int32("_id"u8, 1);
        });
        var ours = Try(() => Run(Pipeline.Find(filter, order, 0, 0, projection)));
        var query = $"find {Text(filter)} sort {Text(sort)} projection {Text(projection)}";
        await JudgeAsync(
            query,
            ours,
            ordered: true,
            w =>
            {
                w.String("find"u8, RealServer.Collection).Int32("batchSize"u8, 100_000).Boolean("singleBatch"u8, true);
                w.Document("sort"u8, order).Document("filter"u8, filter ?? BsonDocument.Empty);
                w.Document("projection"u8, projection ?? BsonDocument.Empty);
            }
        );
    }

    /// <summary>An aggregation; in any order where it groups.</summary>
    internal async Task AggregateAsync(BsonDocument stages, bool ordered = true)
    {
        var ours = Try(() => Run(Pipeline.Parse(stages)));
        await JudgeAsync(
            $"aggregate {Text(stages)}",
            ours,
            ordered,
            w =>
                w.String("aggregate"u8, RealServer.Collection)
                    .Array("pipeline"u8, stages.Span)
                    .BeginDocument("cursor"u8)
                    .Int32("batchSize"u8, 100_000)
                    .EndDocument()
        );
    }

    internal async Task DistinctAsync(string key, BsonDocument? filter = null)
    {
        var ours = Try(() =>
        {
            var found = new DistinctValues(System.Text.Encoding.UTF8.GetBytes(key));
            foreach (var document in Run(Pipeline.Find(filter, null, 0, 0, null)))
            {
                found.Add(document.View);
            }

            var values = BsonDocument.Build(w =>
            {
                w.BeginArray("values"u8);
                found.Write(w);
                w.EndArray();
            });
            return Items(values.View["values"u8]);
        });
        await JudgeAsync(
            $"distinct {key} {Text(filter)}",
            ours,
            ordered: false,
            w =>
                w.String("distinct"u8, RealServer.Collection)
                    .String("key"u8, key)
                    .Document("query"u8, filter ?? BsonDocument.Empty)
        );
    }

    private List<BsonDocument> Run(Pipeline pipeline)
    {
        var output = new List<BsonDocument>();
        foreach (var document in Documents)
        {
            if (pipeline.IsFull)
            {
                break;
            }

            if (pipeline.Filter.Matches(document.View))
            {
                output.AddRange(pipeline.Take(document));
            }
        }

        output.AddRange(pipeline.End());
        return output;
    }

    private async Task JudgeAsync(string query, Answer ours, bool ordered, Action<BsonWriter> command)
    {
        // A server is spared what is not answered anyway: it may end of it.
        var theirs = ours.IsUnsupported ? ours : await judge.AskAsync(query, command);
        if (theirs.IsUnsupported)
        {
            Unsupported.Add($"{query}: {theirs.Failure}");
            return;
        }

        if (ours.Documents is null || theirs.Documents is null)
        {
            Refused++;
            if (ours.Documents is not null || theirs.Documents is not null)
            {
                Differences.Add($"{query}\n  server: {Told(theirs)}\n  here: {Told(ours)}");
            }

            return;
        }

        Answered++;
        var (left, right) = (theirs.Documents.ToList(), ours.Documents.ToList());
        if (!ordered)
        {
            left.Sort(BsonOrder.Documents);
            right.Sort(BsonOrder.Documents);
        }

        for (var i = 0; i < Math.Max(left.Count, right.Count); i++)
        {
            if (i >= left.Count || i >= right.Count || !Same(left[i], right[i], ordered))
            {
                Differences.Add(
                    $"{query}\n  at {i}, server has {left.Count}: {(i < left.Count ? Text(left[i]) : "-")}\n  here has {right.Count}: {(i < right.Count ? Text(right[i]) : "-")}"
                );
                return;
            }
        }
    }

    /// <summary>Of equal values of a group any may be shown.</summary>
    private static bool Same(BsonDocument left, BsonDocument right, bool exactly) =>
        exactly ? left == right : BsonOrder.CompareDocuments(left.View, right.View) == 0;

    private static string Told(Answer answer) =>
        answer.Documents is { } documents ? $"{documents.Count} documents" : answer.Failure;

    private static Answer Try(Func<IReadOnlyList<BsonDocument>> query)
    {
        try
        {
            return new Answer(query(), "", IsUnsupported: false);
        }
        catch (QueryException failure)
        {
            return new Answer(null, $"{failure.ServerCode} {failure.Message}", failure.IsOursAlone);
        }
    }

    /// <summary>Documents as they are, other values as the only field of one.</summary>
    internal static List<BsonDocument> Items(BsonElement array)
    {
        var items = new List<BsonDocument>();
        foreach (var item in array.AsDocument)
        {
            items.Add(item.Type == BsonType.Document ? item.AsDocument.ToDocument() : Values.Wrap(item));
        }

        return items;
    }

    private static string Text(BsonDocument? document) =>
        document is { } given ? ExtendedJson.ToText(given.View, ExtendedJsonMode.Canonical) : "{}";
}
