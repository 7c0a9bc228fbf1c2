using Backup.MongoWire.Bson;
using Backup.MongoWire.Listener;
using Backup.Sandbox.Commands;
using Backup.Sandbox.Sharding.Catalogue;

namespace Backup.Sandbox.Sharding.Routing;

/// <summary>One command on its way through a router.</summary>
internal sealed class RouterContext(Router router, CommandRequest request, CancellationToken cancellation)
{
    public Router Router => router;

    public SandboxCluster Cluster => router.Cluster;

    public CommandRequest Request => request;

    public string Database => request.Database;

    public BsonView View => request.Command.View;

    public CancellationToken Cancellation => cancellation;

    /// <summary>The transaction that the command is a part of; null: none.</summary>
    public RouterTransaction? Transaction { get; set; }

    /// <summary>What the config servers know just now.</summary>
    public ClusterCatalogue Catalogue => Cluster.Config.Catalogue;

    public string CollectionName =>
        View.First.Type == BsonType.String
            ? View.First.AsString
            : throw CommandFault.InvalidNamespace("Collection name must be a string.");

    public string Namespace => $"{Database}.{CollectionName}";

    /// <summary>The session with the digest of who is logged in, as shards want it; null: none.</summary>
    public BsonDocument? Session => Document("lsid"u8) is { } lsid ? Sessions.Identify(lsid, Digest) : null;

    public bool TakesSecondary =>
        View.TryGet("$readPreference"u8, out var preference)
        && preference.AsDocument.TryGet("mode"u8, out var mode)
        && mode.AsString is "secondary" or "secondaryPreferred";

    /// <summary>SHA-256 of who is logged in, as sessions carry it.</summary>
    public byte[] Digest => Sessions.Digest(Access.UserOf(request.Connection) is { } user ? $"{user.Name}@admin" : "");

    public long Number(ReadOnlySpan<byte> name, long otherwise) =>
        View.TryGet(name, out var value) && value.IsNumber ? value.ToInt64() : otherwise;

    public bool Flag(ReadOnlySpan<byte> name) => View.TryGet(name, out var value) && value.ToBoolean();

    public BsonDocument? Document(ReadOnlySpan<byte> name) =>
        View.TryGet(name, out var value) && value.Type == BsonType.Document ? value.AsDocument.ToDocument() : null;

    public string? Text(ReadOnlySpan<byte> name) =>
        View.TryGet(name, out var value) && value.Type == BsonType.String ? value.AsString : null;

    /// <exception cref="CommandFault">13 where the command came to another database.</exception>
    public void CheckAdmin()
    {
        if (Database != "admin")
        {
            throw CommandFault.Unauthorized($"{View.First.NameText} may only be run against the admin database.");
        }
    }

    /// <summary>A reply: the fields, <c>ok: 1</c>, and the times.</summary>
    public BsonDocument Reply(Action<BsonWriter> fields)
    {
        using var writer = new BsonWriter(1024);
        writer.BeginDocument();
        fields(writer);
        writer.Double("ok"u8, 1);
        Ends(writer);
        writer.EndDocument();
        return writer.ToDocument();
    }

    /// <summary>A shard's reply as the client is given it.</summary>
    public BsonDocument Pass(BsonDocument reply)
    {
        using var writer = new BsonWriter(reply.Length + 256);
        writer.BeginDocument();
        foreach (var field in reply.View)
        {
            if (field.NameText is not ("operationTime" or "$clusterTime"))
            {
                writer.Element(field);
            }
        }

        Ends(writer);
        writer.EndDocument();
        return writer.ToDocument();
    }

    /// <summary>What every reply of a router ends with.</summary>
    public void Ends(BsonWriter writer)
    {
        if (Transaction is { } transaction)
        {
            writer.BeginDocument("recoveryToken"u8);
            if (transaction.RecoveryShard is { } shard)
            {
                writer.String("recoveryShardId"u8, shard);
            }

            writer.EndDocument();
        }

        // What the command has made the config servers or shards do is in the past, too.
        router.Clock.Advance(Cluster.ClusterTime);
        writer.Timestamp("operationTime"u8, router.Clock.Now);
        ClusterClock.Write(writer, router.Clock.Now);
    }
}
