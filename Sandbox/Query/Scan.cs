using Backup.MongoWire.Bson;
using Backup.Sandbox.Storage;

namespace Backup.Sandbox.Query;

/// <summary>
/// Where a cursor stands. <see cref="Rest"/> goes on from there and may be given up and started anew at any document:
/// nothing of the engine is held between two batches.
/// </summary>
internal abstract class Scan
{
    public abstract IEnumerable<BsonDocument> Rest();
}

/// <summary>Documents computed beforehand: sorts, aggregations.</summary>
internal sealed class ListScan(IReadOnlyList<BsonDocument> documents) : Scan
{
    private int _next;

    public override IEnumerable<BsonDocument> Rest()
    {
        while (_next < documents.Count)
        {
            yield return documents[_next++];
        }
    }
}

/// <summary>A collection in <c>_id</c> order, between bounds.</summary>
/// <param name="from">First record, inclusive.</param>
/// <param name="until">First record left out.</param>
/// <param name="majority">Whether what no majority has is not seen.</param>
internal sealed class IdScan(Engine engine, SandboxCollection collection, Record from, Record until, bool majority)
    : Scan
{
    private Record _at = from;
    private bool _skip;

    public override IEnumerable<BsonDocument> Rest()
    {
        if (engine.Find(collection.Uuid) is null)
        {
            throw new CommandFault(175, "QueryPlanKilled", $"collection dropped. UUID {collection.Uuid}");
        }

        var shown = majority ? engine.Committed(collection) : collection;
        foreach (var record in shown.From(_at, _skip))
        {
            if (Record.ById.Compare(record, until) >= 0)
            {
                yield break;
            }

            (_at, _skip) = (record, true);
            yield return record.Document;
        }
    }
}

/// <summary>A capped collection in order of insertion; may be tailed.</summary>
/// <param name="majority">Whether what no majority has is not seen.</param>
internal sealed class CappedScan(Engine engine, SandboxCollection collection, bool majority) : Scan
{
    private long _after;
    private bool _started;

    public override IEnumerable<BsonDocument> Rest()
    {
        if (engine.Find(collection.Uuid) is null)
        {
            throw new CommandFault(175, "QueryPlanKilled", $"collection dropped. UUID {collection.Uuid}");
        }

        var shown = majority ? engine.Committed(collection) : collection;
        if (_started && shown.FirstPosition > _after + 1)
        {
            throw CommandFault.CappedPositionLost(collection.Namespace);
        }

        foreach (var record in shown.After(_after))
        {
            _started = true;
            _after = record.Position;
            yield return record.Document;
        }
    }
}

/// <summary>The oplog from a timestamp on.</summary>
/// <param name="majority">Whether entries beyond the majority point are held back.</param>
internal sealed class OplogScan(OplogStore oplog, ulong from, bool majority) : Scan
{
    private long _next = oplog.Seek(from);

    public override IEnumerable<BsonDocument> Rest()
    {
        if (_next < oplog.Dropped)
        {
            throw CommandFault.CappedPositionLost("local.oplog.rs");
        }

        while (_next < oplog.End && (!majority || oplog.TimestampAt(_next) <= oplog.Majority.Timestamp))
        {
            yield return oplog.At(_next++);
        }
    }
}

/// <summary>The oplog from its newest entry back.</summary>
internal sealed class OplogBackwards(OplogStore oplog) : Scan
{
    public override IEnumerable<BsonDocument> Rest()
    {
        for (var position = oplog.End - 1; position >= oplog.Dropped; position--)
        {
            yield return oplog.At(position);
        }
    }
}
