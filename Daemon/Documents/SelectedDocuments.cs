using Backup.Foundation;
using Backup.MongoWire.Bson;
using Backup.Oplog;
using Backup.Snapshots.Heads;
using Backup.Snapshots.Keys;

namespace Backup.Daemon.Documents;

/// <summary>
/// Lets through to a head what concerns documents of a few <c>_id</c>s, in whatever collection, and what concerns whole collections: so the oplog of a day
/// costs no memory, and what is asked for is exactly what the whole replay would have come to. Not for capped collections, whose documents go
/// because of others.
/// </summary>
internal sealed class SelectedDocuments(Head head, IReadOnlyList<byte[]> keys) : IOperationTarget
{
    private readonly System.Buffers.ArrayBufferWriter<byte> _key = new(64);

    /// <summary>Whether anything was let through since it was last set to false.</summary>
    internal bool IsTouched { get; set; }

    public void Put(Guid collection, BsonView document, bool isInsert)
    {
        if (IsWanted(document))
        {
            head.Put(collection, document, isInsert);
        }
    }

    public void Update(Guid collection, BsonView idHolder, BsonView update, MissingDocument ifMissing, Optime at)
    {
        if (IsWanted(idHolder))
        {
            head.Update(collection, idHolder, update, ifMissing, at);
        }
    }

    public void Delete(Guid collection, BsonView idHolder)
    {
        if (IsWanted(idHolder))
        {
            head.Delete(collection, idHolder);
        }
    }

    public void TrimOldest(Guid collection, long maximumBytes, long maximumDocuments) =>
        head.TrimOldest(collection, maximumBytes, maximumDocuments);

    public bool KeepsLimits(Guid collection) => head.KeepsLimits(collection);

    public void Clear(Guid collection)
    {
        IsTouched = true;
        head.Clear(collection);
    }

    public void Drop(Guid collection)
    {
        IsTouched = true;
        head.Drop(collection);
    }

    private bool IsWanted(BsonView idHolder)
    {
        _key.ResetWrittenCount();
        DocumentKey.Write(idHolder, _key);
        foreach (var key in keys)
        {
            if (_key.WrittenSpan.SequenceEqual(key))
            {
                return IsTouched = true;
            }
        }

        return false;
    }
}
