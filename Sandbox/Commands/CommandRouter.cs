using Backup.MongoWire.Bson;
using Backup.MongoWire.Listener;

namespace Backup.Sandbox.Commands;

/// <summary>Finds the code of a command, checks who may run it, turns failures into <c>ok: 0</c>.</summary>
internal sealed class CommandRouter(SandboxMember member) : ICommandHandler
{
    private delegate BsonDocument Handler(CommandContext context);

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
        ["hello"] = ServerCommands.Hello,
        ["isMaster"] = ServerCommands.Hello,
        ["ping"] = Nothing,
        ["endSessions"] = Nothing,
        ["refreshSessions"] = Nothing,
        ["startSession"] = StartSession,
        ["buildInfo"] = ServerCommands.BuildInfo,
        ["getCmdLineOpts"] = ServerCommands.CommandLine,
        ["getParameter"] = ServerCommands.Parameters,
        ["serverStatus"] = ServerCommands.ServerStatus,
        ["replSetGetStatus"] = ServerCommands.SetStatus,
        ["replSetGetConfig"] = ServerCommands.SetConfig,
        ["getLog"] = ServerCommands.Log,
        ["whatsmyuri"] = WhatsMyUri,
        ["connectionStatus"] = static context => context.Member.Access.Status(context),
        ["saslStart"] = static context => context.Member.Access.Start(context),
        ["saslContinue"] = static context => context.Member.Access.Continue(context),
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
        ["insert"] = WriteCommands.Insert,
        ["update"] = WriteCommands.Update,
        ["delete"] = WriteCommands.Delete,
        ["findAndModify"] = WriteCommands.FindAndModify,
        ["appendOplogNote"] = WriteCommands.AppendNote,
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
        "appendOplogNote",
    ];

    public async ValueTask<BsonDocument> HandleAsync(CommandRequest request, CancellationToken cancellation)
    {
        try
        {
            var name = Spellings.GetValueOrDefault(request.Name, request.Name);
            member.Faults.BeforeCommand(name);
            if (!Commands.ContainsKey(name) && name is not ("find" or "getMore"))
            {
                throw CommandFault.CommandNotFound(request.Name);
            }

            member.Access.Check(request.Connection, name, request.Database);
            var context = new CommandContext(member, request);
            if (context.View.Has("autocommit"u8))
            {
                throw CommandFault.IllegalOperation("The sandbox does not know transactions.");
            }

            if (PrimaryOnly.Contains(name) && !member.IsPrimary)
            {
                throw CommandFault.NotPrimary();
            }

            return name switch
            {
                "find" => await ReadCommands.FindAsync(context, cancellation),
                "getMore" => await ReadCommands.GetMoreAsync(context, cancellation),
                _ when Commands.TryGetValue(name, out var handler) => handler(context),
                _ => throw CommandFault.CommandNotFound(request.Name),
            };
        }
        catch (CommandFault fault)
        {
            return Failure(fault);
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
