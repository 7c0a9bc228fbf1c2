using Backup.MongoQuery.Expressions;
using Backup.MongoQuery.Filters;
using Backup.MongoQuery.Projections;
using Backup.MongoWire.Bson;

namespace Backup.MongoQuery.Stages;

/// <summary>One stage of a pipeline. It is given documents one by one and says each time what goes on to the next stage.</summary>
internal abstract class Stage : IDisposable
{
    /// <summary>Whether nothing that is given any more could matter.</summary>
    public virtual bool IsFull => false;

    public abstract IEnumerable<BsonDocument> Take(BsonDocument document);

    /// <summary>What is left when there is nothing more to give.</summary>
    public virtual IEnumerable<BsonDocument> End() => [];

    /// <summary>Lets temporary files go.</summary>
    public virtual void Dispose() { }
}

/// <param name="hasIndex">Whether a path in it names a position in an array.</param>
internal sealed class MatchStage(Filter filter, bool hasIndex) : Stage
{
    internal bool HasIndex => hasIndex;

    internal Filter Filter => filter;

    public override IEnumerable<BsonDocument> Take(BsonDocument document) =>
        filter.Matches(document.View) ? [document] : [];
}

internal sealed class ProjectStage(Projection projection) : Stage
{
    internal Projection Projection => projection;

    public override IEnumerable<BsonDocument> Take(BsonDocument document) => [projection.Apply(document)];
}

internal sealed class ReplaceRootStage(Expression root) : Stage
{
    public override IEnumerable<BsonDocument> Take(BsonDocument document)
    {
        var value = root.Evaluate(document);
        return value.Type == BsonType.Document
            ? [new BsonDocument(value.Bytes)]
            : throw MongoQueryErrors.Location(
                40228,
                $"'newRoot' expression must evaluate to an object, but resulting value was of type: {TypeNames.NameOf(value.Type)}"
            );
    }
}

internal sealed class LimitStage(long limit) : Stage
{
    private long _left = limit;

    internal long Limit { get; } = limit;

    public override bool IsFull => _left == 0;

    public override IEnumerable<BsonDocument> Take(BsonDocument document) => _left-- > 0 ? [document] : [];
}

internal sealed class SkipStage(long skip) : Stage
{
    private long _left = skip;

    internal long Skip { get; } = skip;

    public override IEnumerable<BsonDocument> Take(BsonDocument document) => _left > 0 && _left-- > 0 ? [] : [document];
}

internal sealed class CountStage(byte[] name) : Stage
{
    private long _count;

    public override IEnumerable<BsonDocument> Take(BsonDocument document)
    {
        _count++;
        return [];
    }

    public override IEnumerable<BsonDocument> End() =>
        _count == 0
            ? []
            :
            [
                BsonDocument.Build(w =>
                    (_count <= int.MaxValue ? Value.Of((int)_count) : Value.Of(_count)).Write(w, name)
                ),
            ];
}

/// <summary><c>$sample</c>: so many of all, each as likely as any other.</summary>
internal sealed class SampleStage(int size, QueryLimits limits) : Stage
{
    private readonly List<BsonDocument> _kept = [];
    private readonly MemoryBudget _memory = new(MemoryUse.Sample, limits);
    private long _seen;

    public override IEnumerable<BsonDocument> Take(BsonDocument document)
    {
        _seen++;
        if (_kept.Count < size)
        {
            _memory.Add(document.Length);
            _kept.Add(document);
        }
        else if (Random.Shared.NextInt64(_seen) is var place && place < size)
        {
            _memory.Add(document.Length - _kept[(int)place].Length);
            _kept[(int)place] = document;
        }

        return [];
    }

    public override IEnumerable<BsonDocument> End() => _kept;
}
