using Backup.MongoQuery.Filters;
using Backup.MongoQuery.Projections;
using Backup.MongoQuery.Sorting;
using Backup.MongoQuery.Stages;
using Backup.MongoWire.Bson;

namespace Backup.MongoQuery;

/// <summary>
/// A find or an aggregation, ready to run once: documents are given to it one by one, from wherever they come, and what it answers comes out as soon
/// as it is known. Memory is bounded: what sorts and groups hold has a limit.
/// </summary>
public sealed class Pipeline : IDisposable
{
    /// <summary>Stages of one pipeline; as of later servers.</summary>
    private const int MaximumStages = 1000;

    private readonly List<Stage> _stages;

    private readonly QueryLimits _limits;

    private Pipeline(List<Stage> stages, Filter filter, QueryLimits limits) =>
        (_stages, Filter, _limits) = (stages, filter, limits);

    /// <summary>Called now and then while much is at work before anything comes out; may throw to end that.</summary>
    public Action? Pulse
    {
        set => _limits.Pulse = value;
    }

    /// <summary>What a document must meet before it is given: asked first, of raw bytes.</summary>
    public Filter Filter { get; }

    /// <summary>Whether more documents would change nothing.</summary>
    public bool IsFull => _stages.Exists(static stage => stage.IsFull);

    /// <summary>Whether anything becomes of documents behind the filter.</summary>
    public bool HasStages => _stages.Count > 0;

    /// <summary>Whether it holds documents, for as long as it is not read to its end.</summary>
    public bool HoldsDocuments => _stages.Exists(static stage => stage is SortStage or GroupStage or SampleStage);

    /// <param name="filter">Null: everything.</param>
    /// <param name="sort">Null or empty: as they come.</param>
    /// <param name="skip">0 and more.</param>
    /// <param name="limit">0: none.</param>
    /// <param name="projection">Null or empty: whole documents.</param>
    /// <param name="limits">What it may use.</param>
    /// <exception cref="QueryException">2600 and 2601 where it cannot be answered.</exception>
    public static Pipeline Find(
        BsonDocument? filter,
        BsonDocument? sort,
        long skip,
        long limit,
        BsonDocument? projection,
        QueryLimits? limits = null
    )
    {
        var stages = new List<Stage>();
        var own = (limits ?? QueryLimits.Default) with { };
        if (sort is { View.IsEmpty: false } order)
        {
            long? wanted = limit > 0 ? Saturated(skip, limit) : null;
            stages.Add(new SortStage(new SortOrder(order), wanted, MemoryUse.FindSort, own));
        }

        if (skip > 0)
        {
            stages.Add(new SkipStage(skip));
        }

        if (limit > 0)
        {
            stages.Add(new LimitStage(limit));
        }

        if (Projection.Parse(projection) is { } shown)
        {
            stages.Add(new ProjectStage(shown));
        }

        return new Pipeline(stages, filter is { } given ? Filter.Parse(given) : Filter.Everything, own);
    }

    /// <param name="stages">An array of stages.</param>
    /// <param name="limits">What it may use.</param>
    /// <exception cref="QueryException">2600 and 2601 where it cannot be answered.</exception>
    public static Pipeline Parse(BsonDocument stages, QueryLimits? limits = null)
    {
        var parsed = new List<Stage>();
        var own = (limits ?? QueryLimits.Default) with { };
        foreach (var item in stages.View)
        {
            parsed.AddRange(StageParser.Parse(OnlyField(item), own));
            if (parsed.Count > MaximumStages)
            {
                throw MongoQueryErrors.NotSupported($"a pipeline of more than {MaximumStages} stages");
            }
        }

        Filter filter = Filter.Everything;
        if (parsed is [MatchStage first, ..])
        {
            filter = first.Filter;
            parsed.RemoveAt(0);
        }

        RefuseOddities(parsed);
        LimitSorts(parsed);
        return new Pipeline(parsed, filter, own);
    }

    /// <summary>Runs it over what is at hand.</summary>
    public static IEnumerable<BsonDocument> Run(IEnumerable<BsonDocument> input, BsonDocument stages)
    {
        using var pipeline = Parse(stages);
        foreach (var document in input)
        {
            if (pipeline.IsFull)
            {
                break;
            }

            if (pipeline.Filter.Matches(document.View))
            {
                foreach (var output in pipeline.Take(document))
                {
                    yield return output;
                }
            }
        }

        foreach (var output in pipeline.End())
        {
            yield return output;
        }
    }

    /// <summary>Gives it a document that meets <see cref="Filter"/>; walk the answer to its end before the next one is given.</summary>
    public IEnumerable<BsonDocument> Take(BsonDocument document) => From(0, document);

    /// <summary>What is left to answer when all documents were given, or it is full.</summary>
    public IEnumerable<BsonDocument> End()
    {
        for (var i = 0; i < _stages.Count; i++)
        {
            foreach (var left in _stages[i].End())
            {
                foreach (var output in From(i + 1, left))
                {
                    yield return output;
                }

                if (_stages.Skip(i + 1).Any(static stage => stage.IsFull))
                {
                    break;
                }
            }
        }
    }

    /// <summary>Lets temporary files go.</summary>
    public void Dispose() => _stages.ForEach(static stage => stage.Dispose());

    private IEnumerable<BsonDocument> From(int stage, BsonDocument document) =>
        stage == _stages.Count ? [document]
        : _stages.Count - stage == 1 ? _stages[stage].Take(document)
        : _stages[stage].Take(document).SelectMany(one => From(stage + 1, one));

    private static BsonElement OnlyField(BsonElement item)
    {
        if (item.Type != BsonType.Document)
        {
            throw MongoQueryErrors.TypeMismatch("Each element of the 'pipeline' array must be an object");
        }

        var count = 0;
        foreach (var _ in item.AsDocument)
        {
            count++;
        }

        return count == 1
            ? item.AsDocument.First
            : throw MongoQueryErrors.Location(
                40323,
                "A pipeline stage specification object must contain exactly one field."
            );
    }

    /// <summary>
    /// What a server answers by rules of its own: a field that was taken away and is set again stands where it was; and a position in an array is not found
    /// by a later filter where other stages let the server read parts of documents only.
    /// </summary>
    private static void RefuseOddities(List<Stage> stages)
    {
        var removed = new HashSet<string>(StringComparer.Ordinal);
        var addsBelow = false;
        foreach (var stage in stages)
        {
            if (addsBelow && stage is (MatchStage or GroupStage or ProjectStage { Projection.Includes: true }))
            {
                throw MongoQueryErrors.NotSupported(
                    "$match, $group or $project behind a stage that adds a field within a field"
                );
            }

            switch (stage)
            {
                case GroupStage or ReplaceRootStage:
                    removed.Clear();
                    break;
                case MatchStage { HasIndex: true }:
                    throw MongoQueryErrors.NotSupported(
                        "a position in an array in a $match that is not the first stage"
                    );
                case ProjectStage project:
                    Refuse(removed.Overlaps(project.Projection.Computed));
                    removed.UnionWith(project.Projection.Removed);
                    addsBelow |= project.Projection.AddsBelow;
                    break;
                case UnwindStage { IndexName: { } index }:
                    Refuse(removed.Contains(index));
                    break;
                default:
                    break;
            }
        }

        static void Refuse(bool isSetAgain)
        {
            if (isSetAgain)
            {
                throw MongoQueryErrors.NotSupported("setting a field that an earlier stage has removed or computed");
            }
        }
    }

    /// <summary>A sort that is followed by a limit need not hold more than that.</summary>
    private static void LimitSorts(List<Stage> stages)
    {
        for (var i = 0; i < stages.Count; i++)
        {
            if (stages[i] is not SortStage { Limit: null } sort)
            {
                continue;
            }

            long skipped = 0;
            for (var next = i + 1; next < stages.Count; next++)
            {
                if (stages[next] is SkipStage skip)
                {
                    skipped = Saturated(skipped, skip.Skip);
                }
                else if (stages[next] is LimitStage limit)
                {
                    stages[i] = sort.First(Saturated(skipped, limit.Limit));
                    break;
                }
                else
                {
                    break;
                }
            }
        }
    }

    private static long Saturated(long left, long right) =>
        Math.Min(int.MaxValue / 2, left) + Math.Min(int.MaxValue / 2, right);
}
