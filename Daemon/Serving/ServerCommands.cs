using Backup.MongoWire.Bson;

namespace Backup.Daemon.Serving;

/// <summary>What an endpoint says of itself.</summary>
internal sealed class ServerCommands(ServedMoment moment, ServeOptions options, TimeProvider time)
{
    /// <summary>Of MongoDB 4.2, whose query language is spoken.</summary>
    private const int WireVersion = 8;

    private const string Version = "4.2.0";

    private readonly DateTimeOffset _started = time.GetUtcNow();

    internal ValueTask<BsonDocument> Hello(ServeRequest request)
    {
        var wantsMechanisms = request.View.Has("saslSupportedMechs"u8);
        var id = request.Connection.Id;
        return Reply(w =>
        {
            w.Boolean("ismaster"u8, true).Boolean("isWritablePrimary"u8, true).Boolean("helloOk"u8, true);
            w.Int32("maxBsonObjectSize"u8, 16 << 20).Int32("maxMessageSizeBytes"u8, options.MaxMessageLength);
            w.Int32("maxWriteBatchSize"u8, 100_000).DateTime("localTime"u8, time.GetUtcNow().ToUnixTimeMilliseconds());
            w.Int32("logicalSessionTimeoutMinutes"u8, 30).Int32("connectionId"u8, (int)id);
            w.Int32("minWireVersion"u8, 0).Int32("maxWireVersion"u8, WireVersion).Boolean("readOnly"u8, true);
            if (wantsMechanisms)
            {
                // The same for every name: who there is cannot be asked.
                w.BeginArray("saslSupportedMechs"u8)
                    .String("0"u8, "SCRAM-SHA-1")
                    .String("1"u8, "SCRAM-SHA-256")
                    .EndArray();
            }
        });
    }

    internal ValueTask<BsonDocument> BuildInfo(ServeRequest request) =>
        Reply(static w =>
        {
            w.String("version"u8, Version).String("gitVersion"u8, "backup");
            w.BeginArray("modules"u8).EndArray().BeginArray("versionArray"u8);
            w.Int32("0"u8, 4).Int32("1"u8, 2).Int32("2"u8, 0).Int32("3"u8, 0).EndArray();
            w.Int32("bits"u8, 64).Boolean("debug"u8, false).Int32("maxBsonObjectSize"u8, 16 << 20);
            w.BeginArray("storageEngines"u8).String("0"u8, "backup").EndArray();
        });

    internal static ValueTask<BsonDocument> Ok(ServeRequest request) => Reply(static _ => { });

    internal static ValueTask<BsonDocument> WhatsMyUri(ServeRequest request) =>
        Reply(w => w.String("you"u8, request.Connection.Remote?.ToString() ?? ""));

    internal static ValueTask<BsonDocument> StartSession(ServeRequest request) =>
        Reply(static w =>
            w.BeginDocument("id"u8).Uuid("id"u8, Guid.NewGuid()).EndDocument().Int32("timeoutMinutes"u8, 30)
        );

    internal ValueTask<BsonDocument> ConnectionStatus(ServeRequest request)
    {
        var wantsPrivileges = request.Arguments.Flag("showPrivileges");
        return Reply(w =>
        {
            w.BeginDocument("authInfo"u8).BeginArray("authenticatedUsers"u8).BeginDocument("0"u8);
            w.String("user"u8, options.User).String("db"u8, "admin").EndDocument().EndArray();
            w.BeginArray("authenticatedUserRoles"u8).BeginDocument("0"u8);
            w.String("role"u8, "readAnyDatabase").String("db"u8, "admin").EndDocument().EndArray();
            if (wantsPrivileges)
            {
                w.BeginArray("authenticatedUserPrivileges"u8);
                Privilege(w, "0"u8, "collStats", "dbStats", "find", "killCursors", "listCollections", "listIndexes");
                w.EndArray();
            }

            w.EndDocument();
        });
    }

    /// <summary>What some clients ask to tell a product of theirs by: as a server that is none answers.</summary>
    internal static ValueTask<BsonDocument> AtlasVersion(ServeRequest request) =>
        throw ServeFaults.Failed(59, "CommandNotFound", "no such command: 'atlasVersion'");

    internal static ValueTask<BsonDocument> ReplSetGetStatus(ServeRequest request) =>
        throw ServeFaults.Failed(76, "NoReplicationEnabled", "not running with --replSet");

    /// <summary>The little that is true here of what tools show.</summary>
    internal ValueTask<BsonDocument> ServerStatus(ServeRequest request)
    {
        var now = time.GetUtcNow();
        return Reply(w =>
        {
            w.String("host"u8, "backup").String("version"u8, Version).String("process"u8, "backup");
            w.Int64("pid"u8, Environment.ProcessId).Double("uptime"u8, (long)(now - _started).TotalSeconds);
            w.DateTime("localTime"u8, now.ToUnixTimeMilliseconds());
            w.BeginDocument("storageEngine"u8).String("name"u8, "backup").Boolean("readOnly"u8, true).EndDocument();
        });
    }

    internal ValueTask<BsonDocument> GetParameter(ServeRequest request)
    {
        var wantsVersion = request.View.Has("featureCompatibilityVersion"u8);
        return !wantsVersion
            ? throw ServeFaults.Failed(72, "InvalidOptions", "no option found to get")
            : Reply(static w =>
                w.BeginDocument("featureCompatibilityVersion"u8).String("version"u8, "4.2").EndDocument()
            );
    }

    internal static ValueTask<BsonDocument> GetCmdLineOpts(ServeRequest request) =>
        Reply(static w => w.BeginArray("argv"u8).EndArray().BeginDocument("parsed"u8).EndDocument());

    internal ValueTask<BsonDocument> GetLog(ServeRequest request) =>
        Reply(w =>
        {
            w.Int32("totalLinesWritten"u8, 1).BeginArray("log"u8);
            w.String("0"u8, $"This is a read-only backup of {options.What}.").EndArray();
        });

    internal ValueTask<BsonDocument> HostInfo(ServeRequest request) =>
        Reply(w =>
        {
            w.BeginDocument("system"u8).DateTime("currentTime"u8, time.GetUtcNow().ToUnixTimeMilliseconds());
            w.String("hostname"u8, "backup").EndDocument();
            w.BeginDocument("os"u8).String("name"u8, "backup").EndDocument();
            w.BeginDocument("extra"u8).String("sourceVersion"u8, moment.MongoVersion).EndDocument();
        });

    internal static ValueTask<BsonDocument> NoFreeMonitoring(ServeRequest request) =>
        Reply(static w => w.String("state"u8, "disabled"));

    internal static ValueTask<BsonDocument> Reply(Action<BsonWriter> fields) =>
        ValueTask.FromResult(
            BsonDocument.Build(w =>
            {
                fields(w);
                w.Double("ok"u8, 1);
            })
        );

    /// <summary>On every collection of every database.</summary>
    private static void Privilege(BsonWriter writer, ReadOnlySpan<byte> name, params ReadOnlySpan<string> actions)
    {
        Span<byte> scratch = stackalloc byte[11];
        writer.BeginDocument(name).BeginDocument("resource"u8);
        writer.String("db"u8, "").String("collection"u8, "").EndDocument().BeginArray("actions"u8);
        foreach (var action in actions)
        {
            writer.String(writer.ArrayItemName(scratch), action);
        }

        writer.EndArray().EndDocument();
    }
}
