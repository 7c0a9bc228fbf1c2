using Backup.MongoWire.Bson;
using Backup.Sandbox.Commands;
using Backup.Sandbox.Sharding.Catalogue;
using Backup.Sandbox.Sharding.Shards;
using Backup.Sandbox.Storage;

namespace Backup.Sandbox.Sharding.Moves;

/// <summary>A chunk's documents on their way from one shard to another: pass after pass, each with what has changed since the one before.</summary>
internal sealed class ChunkCopy(ShardedCollection collection, KeyRange range, SetLink donor, SetLink recipient)
{
    private const int Batch = 1000;

    private Dictionary<BsonDocument, Record> _copied = [];

    /// <summary>Documents of the first pass, and their bytes.</summary>
    public (long Count, long Bytes) Cloned { get; private set; }

    /// <summary>Documents written or removed by later passes.</summary>
    public long Caught { get; private set; }

    /// <summary>Makes the collection as the donor has it, where the recipient has none.</summary>
    public async Task PrepareAsync(CancellationToken cancellation)
    {
        var (database, name) = Namespaces.Split(collection.Namespace);
        var (options, indexes) = donor.Read(engine =>
            engine.Find(collection.Namespace) is { } known
                ? (known.Options, known.Indexes.ToList())
                : throw CommandFault.NamespaceNotFound($"ns does not exist: {collection.Namespace}")
        );
        await recipient.WriteAsync(
            engine =>
            {
                var own =
                    engine.Find(collection.Namespace)
                    ?? CatalogueWriter.Create(engine, database, name, options, collection.Uuid);
                foreach (var index in indexes.Where(index => !IndexSpecs.IsOnId(index)))
                {
                    if (!own.Indexes.Exists(known => IndexSpecs.Name(known) == IndexSpecs.Name(index)))
                    {
                        CatalogueWriter.MigrateIndex(engine, own, index);
                    }
                }

                return true;
            },
            cancellation
        );
    }

    /// <summary>Brings the recipient to where the donor is now.</summary>
    /// <returns>How many documents had changed.</returns>
    public async Task<int> PassAsync(CancellationToken cancellation)
    {
        var isFirst = _copied.Count == 0 && Cloned.Count == 0;
        var now = donor
            .Read(engine => ChunkDocuments.Of(engine, collection, range))
            .ToDictionary(static record => record.IdDocument());
        var written = now.Where(one => !ReferenceEquals(_copied.GetValueOrDefault(one.Key), one.Value))
            .Select(static one => one.Value)
            .OrderBy(static record => record, Record.ById);
        var gone = _copied.Keys.Where(id => !now.ContainsKey(id)).ToList();
        var count = 0;
        foreach (var batch in written.Chunk(Batch))
        {
            await recipient.WriteAsync(engine => Put(engine, batch), cancellation);
            count += batch.Length;
        }

        if (gone.Count > 0)
        {
            await recipient.WriteAsync(engine => Remove(engine, gone), cancellation);
        }

        if (isFirst)
        {
            Cloned = (now.Count, now.Values.Sum(static record => (long)record.Document.Length));
        }
        else
        {
            Caught += count + gone.Count;
        }

        _copied = now;
        return count + gone.Count;
    }

    private bool Put(Engine engine, Record[] batch)
    {
        var own = engine.Find(collection.Namespace)!;
        foreach (var record in batch)
        {
            if (own.Find(record) is { } old)
            {
                engine.Update(own, old, record.Document, record.Document, origin: null, fromMigrate: true);
            }
            else
            {
                engine.Insert(own, record.Document, origin: null, fromMigrate: true);
            }
        }

        return true;
    }

    private bool Remove(Engine engine, List<BsonDocument> ids)
    {
        var own = engine.Find(collection.Namespace)!;
        foreach (var id in ids)
        {
            if (own.Find(new Record(id, 0)) is { } record)
            {
                engine.Delete(own, record, origin: null, fromMigrate: true);
            }
        }

        return true;
    }
}

/// <summary>The documents of a chunk, whoever owns it. Under the engine's lock.</summary>
internal static class ChunkDocuments
{
    public static List<Record> Of(Engine engine, ShardedCollection collection, KeyRange range) =>
        engine.Find(collection.Namespace) is { } found
            ?
            [
                .. found
                    .From(Record.Lowest, skipEqual: false)
                    .Where(record => collection.Key.Of(record.Document) is { } key && range.Holds(key)),
            ]
            : [];
}
