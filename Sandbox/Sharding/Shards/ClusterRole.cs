using System.Collections.Immutable;
using Backup.MongoWire.Bson;
using Backup.Sandbox.Sharding.Catalogue;

namespace Backup.Sandbox.Sharding.Shards;

/// <summary>
/// What a replica set is in a sharded cluster: its config servers, or a shard with what it owns. All members of the set share it. It is changed under
/// the lock of the primary's engine, so that a command sees one state of it.
/// </summary>
internal sealed class ClusterRole(bool isConfigServer)
{
    private volatile ImmutableDictionary<string, OwnedCollection> _owned = ImmutableDictionary<
        string,
        OwnedCollection
    >.Empty;

    private volatile ImmutableHashSet<string> _closed = [];
    private volatile Received? _receiving;

    public bool IsConfigServer => isConfigServer;

    /// <summary>The cluster that it belongs to; null until the set was added to one.</summary>
    public SandboxCluster? Cluster { get; set; }

    /// <summary>Null until it is one.</summary>
    public string? ShardName { get; set; }

    /// <summary>Decides transactions that it was made the coordinator of.</summary>
    public CommitCoordinator? Coordinator { get; set; }

    /// <summary>What it owns of a sharded collection; null: that it does not know the collection as sharded.</summary>
    public OwnedCollection? Of(string ns) => _owned.GetValueOrDefault(ns);

    public void Set(string ns, OwnedCollection? owned) =>
        _owned = owned is null ? _owned.Remove(ns) : _owned.SetItem(ns, owned);

    /// <summary>While a chunk changes hands nobody who comes through a router gets at the collection.</summary>
    public void Close(string ns, bool isClosed) => _closed = isClosed ? _closed.Add(ns) : _closed.Remove(ns);

    /// <summary>The chunk that is on its way to this shard: nobody removes its documents, although it is not the shard's yet.</summary>
    /// <param name="range">Null: none any more.</param>
    public void Receive(string ns, KeyRange? range) => _receiving = range is null ? null : new Received(ns, range);

    /// <summary>Whether a document is in a chunk that is on its way to this shard.</summary>
    public bool IsReceiving(ShardedCollection collection, BsonDocument document) =>
        _receiving is { } received
        && received.Namespace == collection.Namespace
        && collection.Key.Of(document) is { } key
        && received.Range.Holds(key);

    /// <summary>Whether a router knows what this shard owns.</summary>
    /// <param name="version"><c>[Timestamp, ObjectId]</c></param>
    /// <param name="readAt">The time of the cluster that is read as of.</param>
    /// <remarks>An epoch of nothing but ones: the router asks all shards and does not care.</remarks>
    /// <exception cref="CommandFault">13388; 246 where chunks have moved since the time that is read as of.</exception>
    public void Check(string ns, BsonElement version, ulong? readAt)
    {
        var known = Of(ns);
        if (_closed.Contains(ns))
        {
            throw Stale(ns, "migration commit in progress for");
        }

        if (version.AsDocument["1"u8].AsObjectId.IndexOfAnyExcept((byte)0xff) < 0)
        {
            return;
        }

        var received = version.AsDocument.First.AsTimestamp;
        if (received == 0)
        {
            if (known is { Version: > 0 })
            {
                throw Stale(ns, "this shard contains chunks for");
            }

            return;
        }

        if (known is not { Version: > 0 })
        {
            throw Stale(ns, "this shard no longer contains chunks for");
        }

        var isOtherEpoch = !version.AsDocument["1"u8].AsObjectId.SequenceEqual(known.Epoch);
        if (isOtherEpoch || ShardedCollection.Major(received) != ShardedCollection.Major(known.Version))
        {
            throw Stale(ns, "version mismatch detected for");
        }

        if (readAt is { } time && known.PlacedAt > time)
        {
            throw new CommandFault(
                246,
                "SnapshotUnavailable",
                $"Chunks of {ns} have moved since the time that the transaction reads as of",
                "TransientTransactionError"
            );
        }
    }

    private sealed record Received(string Namespace, KeyRange Range);

    private static CommandFault Stale(string ns, string what) => new(13388, "StaleConfig", $"{what} {ns}");
}
