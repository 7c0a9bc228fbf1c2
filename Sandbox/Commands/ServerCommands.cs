using Backup.Foundation;
using Backup.MongoWire.Bson;

namespace Backup.Sandbox.Commands;

/// <summary>What a server says of itself and of its replica set.</summary>
internal static class ServerCommands
{
    private const string Note = "sandbox";

    public static BsonDocument Hello(CommandContext context)
    {
        var member = context.Member;
        var oplog = context.Engine.Oplog;
        var mechanisms = context.Text("saslSupportedMechs"u8);
        return context.Reply(w =>
        {
            w.Boolean(context.Request.Name == "hello" ? "isWritablePrimary"u8 : "ismaster"u8, member.IsPrimary);
            w.BeginArray("hosts"u8).String("0"u8, member.Address).EndArray();
            w.String("setName"u8, member.Options.ReplicaSetName).Int32("setVersion"u8, 1);
            w.Boolean("secondary"u8, !member.IsPrimary);
            if (member.IsPrimary)
            {
                w.String("primary"u8, member.Address);
            }

            w.String("me"u8, member.Address).ObjectId("electionId"u8, member.ElectionId);
            w.BeginDocument("lastWrite"u8);
            OpTime(w, "opTime"u8, oplog.Last);
            w.DateTime("lastWriteDate"u8, oplog.Last.T * 1000L);
            OpTime(w, "majorityOpTime"u8, oplog.Majority);
            w.DateTime("majorityWriteDate"u8, oplog.Majority.T * 1000L).EndDocument();
            w.Int32("maxBsonObjectSize"u8, 16 << 20).Int32("maxMessageSizeBytes"u8, 48_000_000);
            w.Int32("maxWriteBatchSize"u8, 100_000).DateTime("localTime"u8, context.Engine.NowMilliseconds);
            w.Int32("logicalSessionTimeoutMinutes"u8, 30).Int32("connectionId"u8, (int)context.Request.Connection.Id);
            w.Int32("minWireVersion"u8, 0).Int32("maxWireVersion"u8, member.Options.MaxWireVersion);
            w.Boolean("readOnly"u8, false);
            if (context.Flag("helloOk"u8))
            {
                w.Boolean("helloOk"u8, true);
            }

            if (mechanisms is not null && member.Access.Knows(mechanisms[(mechanisms.IndexOf('.') + 1)..]))
            {
                w.BeginArray("saslSupportedMechs"u8)
                    .String("0"u8, "SCRAM-SHA-1")
                    .String("1"u8, "SCRAM-SHA-256")
                    .EndArray();
            }
        });
    }

    public static BsonDocument BuildInfo(CommandContext context)
    {
        var version = context.Member.Options.VersionText;
        var parts = version.Split('.').Select(int.Parse).ToArray();
        return context.Reply(w =>
        {
            w.String("version"u8, version).String("gitVersion"u8, Note);
            w.BeginArray("modules"u8).String("0"u8, Note).EndArray();
            w.BeginArray("versionArray"u8);
            w.Int32("0"u8, parts[0]).Int32("1"u8, parts[1]).Int32("2"u8, parts[2]).Int32("3"u8, 0).EndArray();
            w.Int32("bits"u8, 64).Boolean("debug"u8, false).Int32("maxBsonObjectSize"u8, 16 << 20);
            w.BeginArray("storageEngines"u8).String("0"u8, Note).EndArray();
        });
    }

    public static BsonDocument ServerStatus(CommandContext context)
    {
        var member = context.Member;
        return context.Reply(w =>
        {
            w.String("host"u8, member.Address).String("version"u8, member.Options.VersionText);
            w.String("process"u8, Note).Int64("pid"u8, Environment.ProcessId);
            w.Double("uptime"u8, (member.Time.GetUtcNow() - member.Started).TotalSeconds);
            w.DateTime("localTime"u8, context.Engine.NowMilliseconds);
            w.BeginDocument("connections"u8).Int32("current"u8, member.Connections).EndDocument();
            w.BeginDocument("repl"u8).String("setName"u8, member.Options.ReplicaSetName);
            w.Boolean("ismaster"u8, member.IsPrimary).Boolean("secondary"u8, !member.IsPrimary).EndDocument();
            w.BeginDocument("storageEngine"u8).String("name"u8, Note).Boolean("persistent"u8, false);
            w.Boolean("supportsCommittedReads"u8, true).EndDocument();
            w.BeginDocument("metrics"u8).BeginDocument("cursor"u8).BeginDocument("open"u8);
            w.Int64("total"u8, member.Cursors.Count).EndDocument().EndDocument().EndDocument();
        });
    }

    public static BsonDocument Parameters(CommandContext context)
    {
        var version = context.Member.Options.FeatureVersion;
        return context.Reply(w =>
            w.BeginDocument("featureCompatibilityVersion"u8).String("version"u8, version).EndDocument()
        );
    }

    public static BsonDocument CommandLine(CommandContext context)
    {
        var options = context.Member.Options;
        return context.Reply(w =>
        {
            w.BeginArray("argv"u8).String("0"u8, Note).EndArray().BeginDocument("parsed"u8);
            w.BeginDocument("replication"u8).String("replSet"u8, options.ReplicaSetName).EndDocument();
            w.BeginDocument("net"u8).Int32("port"u8, context.Member.Port).EndDocument().EndDocument();
        });
    }

    public static BsonDocument SetStatus(CommandContext context)
    {
        var member = context.Member;
        var oplog = context.Engine.Oplog;
        return context.Reply(w =>
        {
            w.String("set"u8, member.Options.ReplicaSetName).DateTime("date"u8, context.Engine.NowMilliseconds);
            w.Int32("myState"u8, member.IsPrimary ? 1 : 2).Int64("term"u8, context.Engine.Term);
            w.Int64("heartbeatIntervalMillis"u8, 2000).Int32("majorityVoteCount"u8, 1).Int32("writeMajorityCount"u8, 1);
            w.BeginDocument("optimes"u8);
            OpTime(w, "lastCommittedOpTime"u8, oplog.Majority);
            OpTime(w, "readConcernMajorityOpTime"u8, oplog.Majority);
            OpTime(w, "appliedOpTime"u8, oplog.Last);
            OpTime(w, "durableOpTime"u8, oplog.Last);
            w.EndDocument().BeginArray("members"u8).BeginDocument("0"u8);
            w.Int32("_id"u8, 0).String("name"u8, member.Address).Double("health"u8, 1);
            w.Int32("state"u8, member.IsPrimary ? 1 : 2)
                .String("stateStr"u8, member.IsPrimary ? "PRIMARY" : "SECONDARY");
            w.Int32("uptime"u8, (int)(member.Time.GetUtcNow() - member.Started).TotalSeconds);
            OpTime(w, "optime"u8, oplog.Last);
            w.DateTime("optimeDate"u8, oplog.Last.T * 1000L).Boolean("self"u8, true);
            w.EndDocument().EndArray();
        });
    }

    public static BsonDocument SetConfig(CommandContext context)
    {
        var member = context.Member;
        return context.Reply(w =>
        {
            w.BeginDocument("config"u8).String("_id"u8, member.Options.ReplicaSetName).Int32("version"u8, 1);
            w.Int64("protocolVersion"u8, 1).BeginArray("members"u8).BeginDocument("0"u8);
            w.Int32("_id"u8, 0).String("host"u8, member.Address).Boolean("arbiterOnly"u8, false);
            w.Boolean("buildIndexes"u8, true).Boolean("hidden"u8, false).Double("priority"u8, 1);
            w.BeginDocument("tags"u8).EndDocument().Int64("slaveDelay"u8, 0).Int32("votes"u8, 1);
            w.EndDocument().EndArray().BeginDocument("settings"u8);
            w.ObjectId("replicaSetId"u8, member.ReplicaSetId).EndDocument().EndDocument();
        });
    }

    public static BsonDocument Log(CommandContext context) =>
        context.Reply(static w =>
            w.Int32("totalLinesWritten"u8, 1)
                .BeginArray("log"u8)
                .String("0"u8, "This is the backup sandbox.")
                .EndArray()
        );

    private static void OpTime(BsonWriter w, ReadOnlySpan<byte> name, Optime optime) =>
        w.BeginDocument(name).Timestamp("ts"u8, optime.Timestamp).Int64("t"u8, optime.Term).EndDocument();
}
