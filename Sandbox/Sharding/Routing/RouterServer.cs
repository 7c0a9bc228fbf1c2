using Backup.MongoWire.Bson;
using Backup.Sandbox.Commands;

namespace Backup.Sandbox.Sharding.Routing;

/// <summary>What a router says of itself.</summary>
internal static class RouterServer
{
    public static BsonDocument Hello(RouterContext context)
    {
        var router = context.Router;
        var word = context.Request.Name == "hello" ? "isWritablePrimary"u8 : "ismaster"u8;
        var mechanisms = context.Text("saslSupportedMechs"u8);
        using var w = new BsonWriter(512);
        w.BeginDocument().Boolean(word, true).String("msg"u8, "isdbgrid");
        w.Int32("maxBsonObjectSize"u8, 16 << 20).Int32("maxMessageSizeBytes"u8, 48_000_000);
        w.Int32("maxWriteBatchSize"u8, 100_000).DateTime("localTime"u8, Now(context));
        w.Int32("logicalSessionTimeoutMinutes"u8, 30).Int32("connectionId"u8, (int)context.Request.Connection.Id);
        w.Int32("maxWireVersion"u8, router.Options.MaxWireVersion).Int32("minWireVersion"u8, 0);
        if (context.Flag("helloOk"u8))
        {
            w.Boolean("helloOk"u8, true);
        }

        if (mechanisms is not null && router.Access.Knows(mechanisms[(mechanisms.IndexOf('.') + 1)..]))
        {
            w.BeginArray("saslSupportedMechs"u8).String("0"u8, "SCRAM-SHA-1").String("1"u8, "SCRAM-SHA-256").EndArray();
        }

        w.Double("ok"u8, 1);
        context.Ends(w);
        w.EndDocument();
        return w.ToDocument();
    }

    public static BsonDocument Status(RouterContext context)
    {
        var router = context.Router;
        return context.Reply(w =>
        {
            w.String("host"u8, router.Address).String("version"u8, router.Options.VersionText);
            w.String("process"u8, "mongos").Int64("pid"u8, Environment.ProcessId);
            w.Double("uptime"u8, (router.Cluster.Time.GetUtcNow() - router.Started).TotalSeconds);
            w.DateTime("localTime"u8, Now(context));
            w.BeginDocument("connections"u8).Int32("current"u8, router.Connections).EndDocument();
            w.BeginDocument("sharding"u8);
            w.String("configsvrConnectionString"u8, router.Cluster.ConfigServers.HostList).EndDocument();
        });
    }

    public static BsonDocument CommandLine(RouterContext context) =>
        context.Reply(w =>
        {
            w.BeginArray("argv"u8).String("0"u8, "sandbox").EndArray().BeginDocument("parsed"u8);
            w.BeginDocument("sharding"u8).String("configDB"u8, context.Cluster.ConfigServers.HostList).EndDocument();
            w.EndDocument();
        });

    public static BsonDocument Nothing(RouterContext context) => context.Reply(static _ => { });

    public static BsonDocument IsRouter(RouterContext context) =>
        context.Reply(w => w.Int32("isdbgrid"u8, 1).String("hostname"u8, context.Router.Address));

    public static BsonDocument StartSession(RouterContext context) =>
        context.Reply(static w =>
            w.BeginDocument("id"u8).Uuid("id"u8, Guid.NewGuid()).EndDocument().Int32("timeoutMinutes"u8, 30)
        );

    public static BsonDocument WhatsMyUri(RouterContext context) =>
        context.Reply(w => w.String("you"u8, context.Request.Connection.Remote?.ToString() ?? ""));

    public static BsonDocument Parameters(RouterContext context) =>
        throw CommandFault.Nameless("no option found to get");

    /// <summary>Log-in and what it allows: a router's own connections, with the members' code.</summary>
    public static BsonDocument WithAccess(RouterContext context, Func<Access, CommandContext, BsonDocument> command)
    {
        var member = context.Cluster.ConfigServers.Members[0];
        return context.Pass(command(context.Router.Access, new CommandContext(member, context.Request)));
    }

    private static long Now(RouterContext context) => context.Cluster.Time.GetUtcNow().ToUnixTimeMilliseconds();
}
