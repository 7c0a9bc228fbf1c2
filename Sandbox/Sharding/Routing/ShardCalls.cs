using System.Collections.Concurrent;
using Backup.MongoWire.Bson;
using Backup.Sandbox.Sharding.Catalogue;
using Backup.Sandbox.Sharding.Shards;

namespace Backup.Sandbox.Sharding.Routing;

/// <summary>What a shard is told that the router knows of the collection.</summary>
internal enum KnownAs
{
    /// <summary>Nothing: the command is about no collection's distribution.</summary>
    Nothing,

    /// <summary>The version that the config servers have, of a collection that is sharded or not.</summary>
    Version,

    /// <summary>It goes to all shards, whatever they own.</summary>
    Ignored,
}

/// <summary>A router's commands to shards and config servers: with session, transaction and version.</summary>
internal sealed class ShardCalls(SandboxCluster cluster, ClusterClock clock)
{
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(10);
    private static readonly byte[] NoEpoch = new byte[12];
    private static readonly byte[] AnyEpoch = [.. Enumerable.Repeat((byte)0xff, 12)];

    private static readonly HashSet<string> OfClient =
    [
        "$db",
        "$clusterTime",
        "$readPreference",
        "lsid",
        "txnNumber",
        "autocommit",
        "startTransaction",
        "readConcern",
        "recoveryToken",
        "shardVersion",
    ];

    private readonly ConcurrentDictionary<SandboxReplicaSet, SetLink> _links = [];

    public SetLink ConfigServers => LinkTo(cluster.ConfigServers);

    /// <exception cref="CommandFault">70</exception>
    public SetLink Link(string shard) =>
        cluster.Shards.TryGetValue(shard, out var set)
            ? LinkTo(set)
            : throw new CommandFault(70, "ShardNotFound", $"Shard {shard} not found");

    /// <summary>Sends a command to a shard.</summary>
    /// <param name="command">With the client's own fields, which are replaced.</param>
    /// <exception cref="CommandFault">As the shard has answered it; where there is a transaction, it is over then.</exception>
    public async Task<(BsonDocument Reply, SandboxMember Member)> AskAsync(
        RouterContext context,
        string shard,
        BsonDocument command,
        KnownAs known = KnownAs.Nothing,
        ShardedCollection? collection = null
    )
    {
        var asked = Build(context, shard, command, known, collection);
        context.Transaction?.Join(shard);
        var fromSecondary = context.TakesSecondary && context.Transaction is null;
        var (reply, member) = await Link(shard).AskAsync(context.Database, asked, fromSecondary, context.Cancellation);
        ThrowIfFailed(reply.View);
        return (reply, member);
    }

    public async Task<BsonDocument> RunAsync(
        RouterContext context,
        string shard,
        BsonDocument command,
        KnownAs known = KnownAs.Nothing,
        ShardedCollection? collection = null
    ) => (await AskAsync(context, shard, command, known, collection)).Reply;

    /// <summary>Tries again while shards say that chunks are moving; within a transaction that is the client's to do.</summary>
    public static async Task<T> RoutedAsync<T>(RouterContext context, Func<Task<T>> attempt)
    {
        while (true)
        {
            try
            {
                return await attempt();
            }
            catch (CommandFault stale) when (stale.Code == 13388 && context.Transaction is null)
            {
                await Task.Delay(Pause, context.Cluster.Time, context.Cancellation);
            }
        }
    }

    /// <exception cref="CommandFault">The error that a reply tells of.</exception>
    public static void ThrowIfFailed(BsonView reply)
    {
        if (reply["ok"u8].ToDouble() != 0)
        {
            return;
        }

        var labels = new List<string>();
        if (reply.TryGet("errorLabels"u8, out var given))
        {
            foreach (var label in given.AsDocument)
            {
                labels.Add(label.AsString);
            }
        }

        throw new CommandFault(
            reply.TryGet("code"u8, out var code) ? (int)code.ToInt64() : 8,
            reply.TryGet("codeName"u8, out var name) ? name.AsString : "UnknownError",
            reply.TryGet("errmsg"u8, out var text) ? text.AsString : "",
            [.. labels]
        );
    }

    private SetLink LinkTo(SandboxReplicaSet set) => _links.GetOrAdd(set, one => cluster.NewLink(one, clock));

    private static BsonDocument Build(
        RouterContext context,
        string shard,
        BsonDocument command,
        KnownAs known,
        ShardedCollection? collection
    ) =>
        BsonDocument.Build(w =>
        {
            foreach (var field in command.View)
            {
                if (!OfClient.Contains(field.NameText))
                {
                    w.Element(field);
                }
            }

            if (known == KnownAs.Version)
            {
                var epoch = collection?.Epoch ?? NoEpoch;
                OwnedCollection.WriteVersion(w, collection?.VersionOf(shard) ?? 0, epoch);
            }
            else if (known == KnownAs.Ignored)
            {
                OwnedCollection.WriteVersion(w, 0, AnyEpoch);
            }

            WriteSession(w, context, shard);
        });

    private static void WriteSession(BsonWriter w, RouterContext context, string shard)
    {
        if (context.TakesSecondary)
        {
            w.Element(context.View["$readPreference"u8]);
        }

        if (context.Session is { } session)
        {
            w.Document("lsid"u8, session);
        }

        if (context.Transaction is not { } transaction)
        {
            if (context.View.TryGet("txnNumber"u8, out var number))
            {
                w.Element(number);
            }

            if (context.Document("readConcern"u8) is { } concern && concern.View.TryGet("level"u8, out var level))
            {
                w.BeginDocument("readConcern"u8).Element(level).EndDocument();
            }

            return;
        }

        w.Int64("txnNumber"u8, transaction.Number).Boolean("autocommit"u8, false);
        if (transaction.Knows(shard))
        {
            return;
        }

        w.Boolean("startTransaction"u8, true);
        if (transaction.Level is { } wanted)
        {
            w.BeginDocument("readConcern"u8).String("level"u8, wanted);
            if (transaction.ReadAt is { } at)
            {
                w.Timestamp("atClusterTime"u8, at);
            }

            w.EndDocument();
        }
    }
}
