using Backup.MongoWire.Bson;
using Backup.MongoWire.Listener;
using Backup.Sandbox.Sharding;
using Backup.Sandbox.Sharding.Shards;
using Backup.Sandbox.Storage;
using Backup.Sandbox.Transactions;

namespace Backup.Sandbox.Commands;

/// <summary>One command on its way: what was asked, of whom, by whom.</summary>
internal sealed class CommandContext(SandboxMember member, CommandRequest request)
{
    public SandboxMember Member => member;

    public Engine Engine => member.Engine;

    public CommandRequest Request => request;

    public string Database => request.Database;

    /// <summary>SHA-256 of who is logged in, as sessions carry it.</summary>
    public byte[] UserDigest =>
        IsOfCluster && Document("lsid"u8) is { } lsid && lsid.View.TryGet("uid"u8, out var uid)
            ? uid.AsBinary.ToArray()
            : Sessions.Digest(Access.UserOf(request.Connection) is { } user ? $"{user.Name}@admin" : "");

    /// <summary>Whether a router or another shard asks, on a client's behalf or its own.</summary>
    public bool IsOfCluster => request.Connection.Items.ContainsKey(Access.ClusterKey);

    public BsonView View => request.Command.View;

    /// <summary>The transaction that the command is a part of; null: none.</summary>
    public OpenTransaction? Transaction { get; set; }

    /// <summary>Whether the client takes what a secondary has.</summary>
    public bool TakesSecondary =>
        View.TryGet("$readPreference"u8, out var preference)
        && preference.AsDocument.TryGet("mode"u8, out var mode)
        && mode.AsString != "primary";

    /// <summary>Whether only what a majority has may be shown.</summary>
    public bool WantsMajority =>
        Document("readConcern"u8) is { } concern
        && concern.View.TryGet("level"u8, out var level)
        && level.AsString is "majority" or "linearizable" or "snapshot";

    /// <summary>The value of the command's own field as a collection name.</summary>
    public string CollectionName =>
        View.First.Type == BsonType.String
            ? View.First.AsString
            : throw CommandFault.InvalidNamespace("Collection name must be a string.");

    public string Namespace => $"{Database}.{CollectionName}";

    public long Number(ReadOnlySpan<byte> name, long otherwise) =>
        View.TryGet(name, out var value) && value.IsNumber ? value.ToInt64() : otherwise;

    public bool Flag(ReadOnlySpan<byte> name) => View.TryGet(name, out var value) && value.ToBoolean();

    public BsonDocument? Document(ReadOnlySpan<byte> name) =>
        View.TryGet(name, out var value) && value.Type == BsonType.Document ? value.AsDocument.ToDocument() : null;

    public string? Text(ReadOnlySpan<byte> name) =>
        View.TryGet(name, out var value) && value.Type == BsonType.String ? value.AsString : null;

    /// <summary>The collection that the command names, by name or by UUID; null where there is none.</summary>
    public SandboxCollection? Collection
    {
        get
        {
            var first = View.First;
            var found =
                first.Type != BsonType.Binary
                    ? Engine.Find(Namespace)
                    : Engine.Find(first.AsUuid)
                        ?? throw CommandFault.NamespaceNotFound($"Unable to resolve UUID {first.AsUuid}");
            CheckVersion(found?.Namespace ?? Namespace);
            return found is null ? null : Transaction?.View(found) ?? found;
        }
    }

    /// <summary>What this shard owns of the collection, where the client knows that it is sharded; null: all that there is.</summary>
    public OwnedCollection? Owned =>
        View.Has("shardVersion"u8)
        && View.First.Type == BsonType.String
        && OwnedCollection.IsSharded(View["shardVersion"u8])
            ? Member.Options.Role?.Of(Namespace)
            : null;

    /// <exception cref="CommandFault">13388 where the router knows of another distribution of the collection than this shard.</exception>
    private void CheckVersion(string ns)
    {
        if (Member.Options.Role is { } role && View.TryGet("shardVersion"u8, out var version))
        {
            role.Check(ns, version, Transaction?.ReadAt);
        }
    }

    /// <summary>What each reply ends with: <c>operationTime</c>, and what a member of a cluster has heard of its time.</summary>
    public void Times(BsonWriter writer)
    {
        writer.Timestamp("operationTime"u8, Engine.Oplog.Last.Timestamp);
        if (Member.Options.Role is not null)
        {
            ClusterClock.Write(writer, Engine.ClusterTime);
        }
    }

    /// <summary>A reply: <paramref name="fields"/>, <c>operationTime</c>, <c>ok: 1</c>.</summary>
    public BsonDocument Reply(Action<BsonWriter> fields)
    {
        using var writer = new BsonWriter(1024);
        writer.BeginDocument();
        fields(writer);
        writer.Double("ok"u8, 1);
        Times(writer);
        writer.EndDocument();
        return writer.ToDocument();
    }
}
