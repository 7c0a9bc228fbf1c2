using Backup.MongoWire.Bson;
using Backup.MongoWire.Listener;
using Backup.Sandbox.Commands;
using Backup.Sandbox.Sharding.Catalogue;

namespace Backup.Sandbox.Sharding.Routing;

/// <summary>Finds the code of a command that came to a router, checks who may run it, turns failures into <c>ok: 0</c>.</summary>
internal sealed class Router : ICommandHandler
{
    private delegate Task<BsonDocument> Handler(RouterContext context);

    private static readonly Dictionary<string, string> Spellings = new(StringComparer.OrdinalIgnoreCase)
    {
        ["ismaster"] = "isMaster",
        ["buildinfo"] = "buildInfo",
        ["findandmodify"] = "findAndModify",
        ["collstats"] = "collStats",
        ["dbstats"] = "dbStats",
        ["deleteIndexes"] = "dropIndexes",
        ["addshard"] = "addShard",
        ["enablesharding"] = "enableSharding",
        ["shardcollection"] = "shardCollection",
        ["movechunk"] = "moveChunk",
        ["isdbgrid"] = "isdbgrid",
    };

    private static readonly Dictionary<string, Handler> Commands = new(StringComparer.Ordinal)
    {
        ["hello"] = Now(RouterServer.Hello),
        ["isMaster"] = Now(RouterServer.Hello),
        ["isdbgrid"] = Now(RouterServer.IsRouter),
        ["ping"] = Now(RouterServer.Nothing),
        ["endSessions"] = Now(EndSessions),
        ["refreshSessions"] = Now(RouterServer.Nothing),
        ["startSession"] = Now(RouterServer.StartSession),
        ["whatsmyuri"] = Now(RouterServer.WhatsMyUri),
        ["serverStatus"] = Now(RouterServer.Status),
        ["getCmdLineOpts"] = Now(RouterServer.CommandLine),
        ["getParameter"] = Now(RouterServer.Parameters),
        ["buildInfo"] = OnConfigAsync,
        ["getLog"] = OnConfigAsync,
        ["replSetGetStatus"] = Now(NoSet),
        ["connectionStatus"] = Now(context =>
            RouterServer.WithAccess(context, static (access, inner) => access.Status(inner))
        ),
        ["saslStart"] = Now(context => RouterServer.WithAccess(context, static (access, inner) => access.Start(inner))),
        ["saslContinue"] = Now(context =>
            RouterServer.WithAccess(context, static (access, inner) => access.Continue(inner))
        ),
        ["logout"] = Now(context => RouterServer.WithAccess(context, static (_, inner) => Access.Logout(inner))),
        ["find"] = RouterReads.FindAsync,
        ["getMore"] = RouterReads.MoreAsync,
        ["killCursors"] = Now(RouterReads.KillCursors),
        ["count"] = RouterReads.CountAsync,
        ["distinct"] = RouterReads.DistinctAsync,
        ["aggregate"] = RouterReads.AggregateAsync,
        ["insert"] = RouterWrites.InsertAsync,
        ["update"] = RouterWrites.UpdateAsync,
        ["delete"] = RouterWrites.DeleteAsync,
        ["findAndModify"] = RouterWrites.FindAndModifyAsync,
        ["commitTransaction"] = static context => context.Router.Transactions.CommitAsync(context),
        ["abortTransaction"] = RouterTransactions.AbortAsync,
        ["listDatabases"] = RouterCatalogue.ListDatabasesAsync,
        ["listCollections"] = RouterCatalogue.ListCollectionsAsync,
        ["listIndexes"] = RouterCatalogue.ListIndexesAsync,
        ["create"] = RouterCatalogue.CreateAsync,
        ["drop"] = RouterCatalogue.DropAsync,
        ["dropDatabase"] = RouterCatalogue.DropDatabaseAsync,
        ["renameCollection"] = RouterCatalogue.RenameAsync,
        ["createIndexes"] = RouterCatalogue.OnEachAsync,
        ["dropIndexes"] = RouterCatalogue.OnEachAsync,
        ["collMod"] = RouterCatalogue.OnEachAsync,
        ["collStats"] = RouterCatalogue.CollStatsAsync,
        ["dbStats"] = RouterCatalogue.DbStatsAsync,
        ["listShards"] = Now(RouterAdmin.ListShards),
        ["getShardMap"] = Now(RouterAdmin.ShardMap),
        ["addShard"] = RouterAdmin.AddShardAsync,
        ["removeShard"] = RouterAdmin.RemoveShardAsync,
        ["enableSharding"] = RouterAdmin.EnableShardingAsync,
        ["shardCollection"] = RouterAdmin.ShardCollectionAsync,
        ["split"] = RouterAdmin.SplitAsync,
        ["moveChunk"] = RouterAdmin.MoveChunkAsync,
        ["addShardToZone"] = RouterAdmin.AddShardToZoneAsync,
        ["removeShardFromZone"] = RouterAdmin.RemoveShardFromZoneAsync,
        ["updateZoneKeyRange"] = RouterAdmin.UpdateZoneKeyRangeAsync,
        ["balancerStart"] = RouterAdmin.StartBalancerAsync,
        ["balancerStop"] = RouterAdmin.StopBalancerAsync,
        ["balancerStatus"] = Now(RouterAdmin.BalancerStatus),
        ["flushRouterConfig"] = Now(RouterAdmin.FlushConfig),
    };

    private readonly SandboxRouter _process;

    public Router(SandboxRouter process, SandboxCluster cluster)
    {
        _process = process;
        Cluster = cluster;
        Calls = new ShardCalls(cluster, Clock);
        Access = new Access(cluster.Options.Users);
        Transactions = new RouterTransactions(this);
        Started = cluster.Time.GetUtcNow();
    }

    public SandboxCluster Cluster { get; }

    public ClusterClock Clock { get; } = new();

    public ShardCalls Calls { get; }

    public Access Access { get; }

    public RouterCursors Cursors { get; } = new();

    public RouterTransactions Transactions { get; }

    public DateTimeOffset Started { get; }

    public SandboxOptions Options => Cluster.ConfigServers.Options;

    public string Address => _process.EndPoint.ToString();

    public int Connections => _process.Connections;

    /// <summary>A command for the config servers, which have the databases <c>config</c> and <c>admin</c>.</summary>
    public async Task<(BsonDocument Reply, SandboxMember Member)> AskConfigAsync(
        RouterContext context,
        BsonDocument command
    )
    {
        var asked = BsonDocument.Build(w =>
        {
            foreach (var field in command.View)
            {
                if (field.NameText is not ("$db" or "$clusterTime" or "lsid" or "$readPreference" or "readConcern"))
                {
                    w.Element(field);
                }
            }
        });
        var (reply, member) = await Calls.ConfigServers.AskAsync(
            context.Database,
            asked,
            fromSecondary: false,
            context.Cancellation
        );
        ShardCalls.ThrowIfFailed(reply.View);
        return (reply, member);
    }

    /// <summary>The database of the command, made where there is none.</summary>
    public Task<DatabaseEntry> OpenDatabaseAsync(RouterContext context, string why, string? name = null) =>
        Cluster.Config.OpenDatabaseAsync(name ?? context.Database, Cluster.BytesOf, why, context.Cancellation);

    public async ValueTask<BsonDocument> HandleAsync(CommandRequest request, CancellationToken cancellation)
    {
        await _process.AnswersAsync(cancellation);
        var reply = await AnswerAsync(new RouterContext(this, request, cancellation));
        // Who hangs, or was killed meanwhile, does not even say what it has done.
        await _process.AnswersAsync(cancellation);
        return reply;
    }

    public void Disconnected(ListenerConnection connection) => Cursors.Abandon(connection.Id);

    private async Task<BsonDocument> AnswerAsync(RouterContext context)
    {
        try
        {
            var name = Spellings.GetValueOrDefault(context.Request.Name, context.Request.Name);
            Clock.Advance(ClusterClock.Read(context.View));
            _process.Faults.BeforeCommand(name);
            if (!Commands.TryGetValue(name, out var command))
            {
                throw new CommandFault(59, "CommandNotFound", $"no such cmd: {context.Request.Name}");
            }

            Access.Check(context.Request.Connection, name, context.Database);
            if (context.View.Has("autocommit"u8))
            {
                context.Transaction = Transactions.Enter(context, name);
            }

            return await command(context);
        }
        catch (Exception failure) when (CommandFault.Of(failure) is { } fault)
        {
            return await FailAsync(context, fault);
        }
    }

    private async Task<BsonDocument> FailAsync(RouterContext context, CommandFault fault)
    {
        var labels = fault.Labels.ToList();
        if (context.Transaction is { State: RouterTransactionState.Open } transaction)
        {
            // Whoever asks again finds the chunks where they are then, and the shard where it runs again.
            if (labels.Count == 0 && fault.Code is 13388 or 6 or 133)
            {
                labels.Add("TransientTransactionError");
            }

            // How a commit ends that nobody heard of is the coordinator's to say.
            if (context.Request.Name != "commitTransaction")
            {
                await Transactions.GiveUpAsync(context, transaction);
            }
            else if (fault.Code == 251)
            {
                transaction.State = RouterTransactionState.Aborted;
            }
        }

        return BsonDocument.Build(w =>
        {
            w.Double("ok"u8, 0).String("errmsg"u8, fault.Message);
            if (fault.Code != 0)
            {
                w.Int32("code"u8, fault.Code).String("codeName"u8, fault.CodeName);
            }

            if (labels.Count > 0)
            {
                WriteLabels(w, labels);
            }

            context.Ends(w);
        });
    }

    private static void WriteLabels(BsonWriter w, List<string> labels)
    {
        Span<byte> scratch = stackalloc byte[11];
        w.BeginArray("errorLabels"u8);
        foreach (var label in labels)
        {
            w.String(w.ArrayItemName(scratch), label);
        }

        w.EndArray();
    }

    private static BsonDocument NoSet(RouterContext context) =>
        throw CommandFault.Nameless($"{context.Request.Name} is not supported through mongos");

    private static BsonDocument EndSessions(RouterContext context)
    {
        context.Router.Transactions.Forget(context);
        return RouterServer.Nothing(context);
    }

    private static async Task<BsonDocument> OnConfigAsync(RouterContext context) =>
        context.Pass((await context.Router.AskConfigAsync(context, context.Request.Command)).Reply);

    private static Handler Now(Func<RouterContext, BsonDocument> command) =>
        context => Task.FromResult(command(context));
}
