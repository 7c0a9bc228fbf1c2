using Backup.MongoWire.Bson;
using Backup.Sandbox.Storage;

namespace Backup.Sandbox.Sharding.Shards;

/// <summary>Looks at a member's data without a command. Under the engine's lock.</summary>
internal static class ClusterReads
{
    /// <summary>A collection's documents in <c>_id</c> order; none where there is no such collection.</summary>
    public static List<BsonDocument> All(Engine engine, string ns) =>
        engine.Find(ns) is { } found
            ? [.. found.From(Record.Lowest, skipEqual: false).Select(static record => record.Document)]
            : [];
}
