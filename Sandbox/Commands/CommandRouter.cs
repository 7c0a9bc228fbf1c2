using Backup.MongoWire.Bson;
using Backup.MongoWire.Listener;
using Backup.Sandbox.Replication;
using Backup.Sandbox.Sharding;
using Backup.Sandbox.Sharding.Shards;
using Backup.Sandbox.Transactions;

namespace Backup.Sandbox.Commands;

/// <summary>Finds the code of a command, checks who may run it, turns failures into <c>ok: 0</c>.</summary>
internal sealed class CommandRouter(SandboxMember member) : ICommandHandler
{
    private delegate BsonDocument Handler(CommandContext context);

    private delegate ValueTask<BsonDocument> AsyncHandler(CommandContext context, CancellationToken cancellation);

    private static readonly Dictionary<string, string> Spellings = new(StringComparer.OrdinalIgnoreCase)
    {
        ["ismaster"] = "isMaster",
        ["buildinfo"] = "buildInfo",
        ["findandmodify"] = "findAndModify",
        ["collstats"] = "collStats",
        ["dbstats"] = "dbStats",
        ["dbhash"] = "dbHash",
        ["deleteIndexes"] = "dropIndexes",
    };

    private static readonly Dictionary<string, Handler> Commands = new(StringComparer.Ordinal)
    {
        ["ping"] = Nothing,
        ["endSessions"] = Nothing,
        ["refreshSessions"] = Nothing,
        ["startSession"] = StartSession,
        ["buildInfo"] = ServerCommands.BuildInfo,
        ["getCmdLineOpts"] = ServerCommands.CommandLine,
        ["getParameter"] = ServerCommands.Parameters,
        ["serverStatus"] = ServerCommands.ServerStatus,
        ["replSetGetStatus"] = SetCommands.Status,
        ["replSetGetConfig"] = SetCommands.Config,
        ["replSetReconfig"] = SetCommands.Reconfigure,
        ["replSetStepUp"] = SetCommands.StepUp,
        ["replSetFreeze"] = SetCommands.Freeze,
        ["replSetMaintenance"] = SetCommands.Maintenance,
        ["getLog"] = ServerCommands.Log,
        ["getShardMap"] = ShardCommands.ShardMap,
        ["shardingState"] = ShardCommands.ShardingState,
        ["whatsmyuri"] = WhatsMyUri,
        ["connectionStatus"] = static context => context.Member.Access.Status(context),
        ["saslStart"] = static context => context.Member.Access.Start(context),
        ["saslContinue"] = static context => context.Member.Access.Continue(context),
        ["authenticate"] = static context => context.Member.Access.Authenticate(context),
        ["logout"] = Access.Logout,
        ["listDatabases"] = CatalogueCommands.ListDatabases,
        ["listCollections"] = CatalogueCommands.ListCollections,
        ["listIndexes"] = CatalogueCommands.ListIndexes,
        ["create"] = CatalogueCommands.Create,
        ["drop"] = CatalogueCommands.Drop,
        ["dropDatabase"] = CatalogueCommands.DropDatabase,
        ["renameCollection"] = CatalogueCommands.Rename,
        ["createIndexes"] = CatalogueCommands.CreateIndexes,
        ["dropIndexes"] = CatalogueCommands.DropIndexes,
        ["collStats"] = CatalogueCommands.CollStats,
        ["dbStats"] = CatalogueCommands.DbStats,
        ["dbHash"] = CatalogueCommands.DbHash,
        ["aggregate"] = CatalogueCommands.Aggregate,
        ["killCursors"] = ReadCommands.KillCursors,
        ["count"] = ReadCommands.Count,
        ["distinct"] = ReadCommands.Distinct,
        ["collMod"] = CollModCommand.Run,
        ["convertToCapped"] = CatalogueCommands.ConvertToCapped,
        ["commitTransaction"] = TransactionCommands.Commit,
        ["abortTransaction"] = TransactionCommands.Abort,
        ["prepareTransaction"] = TransactionCommands.Prepare,
        ["findAndModify"] = WriteCommands.FindAndModify,
        ["appendOplogNote"] = WriteCommands.AppendNote,
    };

    private static readonly Dictionary<string, AsyncHandler> AsyncCommands = new(StringComparer.Ordinal)
    {
        ["hello"] = SetCommands.HelloAsync,
        ["isMaster"] = SetCommands.HelloAsync,
        ["replSetStepDown"] = SetCommands.StepDownAsync,
        ["find"] = ReadCommands.FindAsync,
        ["getMore"] = ReadCommands.GetMoreAsync,
        ["insert"] = WriteCommands.InsertAsync,
        ["update"] = WriteCommands.UpdateAsync,
        ["delete"] = WriteCommands.DeleteAsync,
        ["coordinateCommitTransaction"] = ShardCommands.CoordinateAsync,
    };

    private static readonly HashSet<string> PrimaryOnly =
    [
        "insert",
        "update",
        "delete",
        "findAndModify",
        "create",
        "drop",
        "dropDatabase",
        "renameCollection",
        "createIndexes",
        "dropIndexes",
        "collMod",
        "convertToCapped",
        "commitTransaction",
        "abortTransaction",
        "prepareTransaction",
        "appendOplogNote",
    ];

    private static readonly HashSet<string> Reads =
    [
        "find",
        "getMore",
        "aggregate",
        "count",
        "distinct",
        "listDatabases",
        "listCollections",
        "listIndexes",
        "collStats",
        "dbStats",
        "dbHash",
    ];

    public async ValueTask<BsonDocument> HandleAsync(CommandRequest request, CancellationToken cancellation)
    {
        await member.AnswersAsync(cancellation);
        var reply = await AnswerAsync(request, cancellation);
        // Who hangs, or was killed meanwhile, does not even say what it has done.
        await member.AnswersAsync(cancellation);
        return reply;
    }

    private async ValueTask<BsonDocument> AnswerAsync(CommandRequest request, CancellationToken cancellation)
    {
        var context = new CommandContext(member, request);
        try
        {
            var name = Spellings.GetValueOrDefault(request.Name, request.Name);
            member.Faults.BeforeCommand(name);
            if (!Commands.ContainsKey(name) && !AsyncCommands.ContainsKey(name))
            {
                throw CommandFault.CommandNotFound(request.Name);
            }

            member.Access.Check(request.Connection, name, request.Database);
            CheckState(context, name);
            HearOfTime(context);

            if (context.View.Has("autocommit"u8))
            {
                context.Transaction = await Turns.RunAsync(
                    member.Engine,
                    () => TransactionCommands.Enter(context, name),
                    cancellation
                );
                await ReadableAsync(context, cancellation);
            }

            if (!PrimaryOnly.Contains(name))
            {
                return AsyncCommands.TryGetValue(name, out var reading)
                    ? await reading(context, cancellation)
                    : Commands[name](context);
            }

            var written = AsyncCommands.TryGetValue(name, out var writing)
                ? await writing(context, cancellation)
                : await Turns.RunAsync(member.Engine, () => Commands[name](context), cancellation);
            return await WriteConcern.HonourAsync(context, written, cancellation);
        }
        catch (Exception failure) when (CommandFault.Of(failure) is { } fault)
        {
            if (context.Transaction is { State: TransactionState.InProgress } failed)
            {
                lock (member.Engine.Gate)
                {
                    TransactionLog.Abort(member.Engine, failed);
                }
            }

            return Failure(fault);
        }
    }

    /// <summary>Whether the member, as it is now, may do that.</summary>
    /// <exception cref="CommandFault">10107, 13435, 13436</exception>
    private void CheckState(CommandContext context, string name)
    {
        var state = member.State;
        if (state == MemberState.Primary)
        {
            return;
        }

        if (PrimaryOnly.Contains(name))
        {
            throw CommandFault.NotPrimary();
        }

        if (!Reads.Contains(name) || context.Database == "local")
        {
            return;
        }

        if (state != MemberState.Secondary)
        {
            throw CommandFault.NotReadable(state == MemberState.Recovering);
        }

        if (name != "getMore" && !context.TakesSecondary)
        {
            throw CommandFault.NotPrimaryNoSecondaryOk();
        }
    }

    /// <summary>A member of a cluster takes over the time that its client knows.</summary>
    private static void HearOfTime(CommandContext context)
    {
        if (context.Member.Options.Role is not null && ClusterClock.Read(context.View) is > 0 and var time)
        {
            lock (context.Engine.Gate)
            {
                context.Engine.AdvanceTo(time);
            }
        }
    }

    /// <summary>
    /// Waits until what a transaction is about to read is decided as of its time. That time is in the oplog of a majority before: whoever is primary
    /// next writes nothing that is older.
    /// </summary>
    private static async ValueTask ReadableAsync(CommandContext context, CancellationToken cancellation)
    {
        if (context.Transaction is { ReadAt: { } time } transaction && context.View.First.Type == BsonType.String)
        {
            if (context.Flag("startTransaction"u8))
            {
                await ReachAsync(context, time, cancellation);
            }

            await Turns.RunAsync(
                context.Engine,
                () =>
                {
                    if (context.Engine.Find(context.Namespace) is { } collection)
                    {
                        transaction.CheckReadable(collection);
                    }

                    return true;
                },
                cancellation
            );
        }
    }

    private static async ValueTask ReachAsync(CommandContext context, ulong time, CancellationToken cancellation)
    {
        var oplog = context.Engine.Oplog;
        lock (context.Engine.Gate)
        {
            context.Engine.CheckWritable();
            if (oplog.Last.Timestamp < time)
            {
                context.Engine.Note(
                    BsonDocument.Build(static w => w.Int32("noop write for afterClusterTime read concern"u8, 1))
                );
            }
        }

        while (oplog.Majority.Timestamp < time)
        {
            var changed = oplog.Changed;
            context.Engine.CheckWritable();
            if (oplog.Majority.Timestamp < time)
            {
                await Task.WhenAny(changed, Task.Delay(TimeSpan.FromSeconds(1), context.Member.Time, cancellation));
                cancellation.ThrowIfCancellationRequested();
            }
        }
    }

    public void Disconnected(ListenerConnection connection) => member.Cursors.Abandon(connection.Id);

    private static BsonDocument Failure(CommandFault fault) =>
        BsonDocument.Build(w =>
        {
            w.Double("ok"u8, 0).String("errmsg"u8, fault.Message);
            w.Int32("code"u8, fault.Code).String("codeName"u8, fault.CodeName);
            if (fault.KeyPattern is { } pattern && fault.KeyValue is { } value)
            {
                w.Document("keyPattern"u8, pattern).Document("keyValue"u8, value);
            }

            if (fault.Labels.Count > 0)
            {
                w.BeginArray("errorLabels"u8).String("0"u8, fault.Labels[0]).EndArray();
            }
        });

    private static BsonDocument Nothing(CommandContext context) => context.Reply(static _ => { });

    private static BsonDocument StartSession(CommandContext context) =>
        context.Reply(static w =>
            w.BeginDocument("id"u8).Uuid("id"u8, Guid.NewGuid()).EndDocument().Int32("timeoutMinutes"u8, 30)
        );

    private static BsonDocument WhatsMyUri(CommandContext context) =>
        context.Reply(w => w.String("you"u8, context.Request.Connection.Remote?.ToString() ?? ""));
}
