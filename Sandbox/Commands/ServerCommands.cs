using Backup.MongoWire.Bson;
using Backup.Sandbox.Replication;

namespace Backup.Sandbox.Commands;

/// <summary>What a server says of itself.</summary>
internal static class ServerCommands
{
    private const string Note = "sandbox";

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
            w.Boolean("ismaster"u8, member.IsPrimary);
            w.Boolean("secondary"u8, member.State == MemberState.Secondary).EndDocument();
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

    public static BsonDocument Log(CommandContext context) =>
        context.Reply(static w =>
            w.Int32("totalLinesWritten"u8, 1)
                .BeginArray("log"u8)
                .String("0"u8, "This is the backup sandbox.")
                .EndArray()
        );
}
