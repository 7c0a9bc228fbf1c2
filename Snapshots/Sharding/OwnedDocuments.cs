using System.Buffers;
using Backup.MongoWire.Bson;
using Backup.Oplog.Catalogues;
using Backup.Snapshots.Reading;

namespace Backup.Snapshots.Sharding;

/// <summary>
/// What of a set's documents belongs to the cluster: of a sharded collection those of the chunks that the set owns, of every other one all
/// where the set is its database's primary and nothing elsewhere. So each document is there exactly once, whatever migrations left behind.
/// </summary>
/// <param name="layout">Of the same moment as the documents.</param>
/// <param name="set">A shard's name, or <see cref="ClusterLayout.ConfigServers"/>.</param>
public sealed class OwnedDocuments(ClusterLayout layout, string set)
{
    /// <summary>The documents of a collection that <see cref="Has"/> says yes to.</summary>
    public DocumentCursor Open(SnapshotReader reader, CatalogueCollection collection)
    {
        var documents = reader.OpenCollection(collection.Uuid);
        return layout.Collections.TryGetValue(collection.Namespace, out var sharded)
            ? new OwnedCursor(documents, sharded, set)
            : documents;
    }

    /// <summary>Whether a collection, as this set has it, is a part of the cluster.</summary>
    public bool Has(CatalogueCollection collection)
    {
        if (!layout.Collections.TryGetValue(collection.Namespace, out var sharded))
        {
            return layout.PrimaryOf(collection.Database) == set;
        }

        // Another UUID: left over of a collection that was dropped, and made again under its name.
        var isThis = sharded.Uuid == Guid.Empty || sharded.Uuid == collection.Uuid;
        return isThis && sharded.Chunks.Chunks.Any(chunk => chunk.Shard == set);
    }

    /// <summary>Whether a document of a collection that <see cref="Has"/> says yes to belongs to this set.</summary>
    public bool Owns(CatalogueCollection collection, BsonView document) =>
        layout.OwnerOf(collection.Namespace, document) == set;

    private sealed class OwnedCursor(DocumentCursor documents, ShardedCollection collection, string set)
        : DocumentCursor
    {
        private readonly ArrayBufferWriter<byte> _key = new(64);

        public override ReadOnlyMemory<byte> Current => documents.Current;

        public override async ValueTask<bool> MoveNextAsync(CancellationToken cancellation = default)
        {
            while (await documents.MoveNextAsync(cancellation))
            {
                _key.ResetWrittenCount();
                collection.Key.Write(documents.View, _key);
                if (collection.Chunks.OwnerOf(_key.WrittenSpan) == set)
                {
                    return true;
                }
            }

            return false;
        }

        public override ValueTask DisposeAsync() => documents.DisposeAsync();
    }
}
