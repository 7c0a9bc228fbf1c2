using System.Security.Cryptography.X509Certificates;
using Backup.MongoWire.Authentication;
using Backup.MongoWire.Bson;
using Backup.MongoWire.Listener;

namespace Backup.Sandbox.Commands;

/// <summary>Who may do what: log-in by SCRAM or certificate, roles, privileges.</summary>
internal sealed class Access
{
    /// <summary>Of a connection that a router or a shard has to a shard: it may do all.</summary>
    public const string ClusterKey = "cluster";
    private const string SaslKey = "sasl";
    private const string UserKey = "user";

    private static readonly string[] Reads =
    [
        "find",
        "getMore",
        "killCursors",
        "aggregate",
        "count",
        "distinct",
        "listCollections",
        "listIndexes",
        "collStats",
        "dbStats",
        "dbHash",
    ];

    private static readonly string[] Writes =
    [
        "insert",
        "update",
        "delete",
        "findAndModify",
        "create",
        "drop",
        "dropDatabase",
        "createIndexes",
        "dropIndexes",
        "collMod",
        "renameCollection",
        "convertToCapped",
        "commitTransaction",
        "abortTransaction",
        "prepareTransaction",
    ];

    private static readonly string[] Replication =
    [
        "replSetReconfig",
        "replSetStepDown",
        "replSetStepUp",
        "replSetFreeze",
        "replSetMaintenance",
    ];

    private static readonly string[] Sharding =
    [
        "addShard",
        "addShardToZone",
        "balancerStart",
        "balancerStatus",
        "balancerStop",
        "enableSharding",
        "flushRouterConfig",
        "getShardMap",
        "listShards",
        "moveChunk",
        "removeShard",
        "removeShardFromZone",
        "shardCollection",
        "shardingState",
        "split",
        "updateZoneKeyRange",
    ];

    private static readonly Dictionary<string, string[]> Roles = new()
    {
        ["root"] =
        [
            .. Reads,
            .. Writes,
            .. Sharding,
            "listDatabases",
            "appendOplogNote",
            "serverStatus",
            "replSetGetStatus",
            "replSetGetConfig",
            .. Replication,
            "getCmdLineOpts",
            "getParameter",
            "getLog",
        ],
        ["backup"] =
        [
            "listShards",
            "getShardMap",
            "find",
            "getMore",
            "killCursors",
            "aggregate",
            "count",
            "listCollections",
            "listIndexes",
            "listDatabases",
            "appendOplogNote",
            "getParameter",
            "serverStatus",
            "collStats",
        ],
        ["clusterMonitor"] =
        [
            "balancerStatus",
            "getShardMap",
            "listShards",
            "shardingState",
            "listDatabases",
            "serverStatus",
            "replSetGetStatus",
            "replSetGetConfig",
            "getCmdLineOpts",
            "getParameter",
            "getLog",
            "collStats",
            "dbStats",
            "dbHash",
        ],
        ["clusterManager"] =
        [
            .. Sharding,
            "replSetGetStatus",
            "replSetGetConfig",
            .. Replication,
            "appendOplogNote",
            "getParameter",
        ],
        ["readWrite"] = [.. Reads, .. Writes],
        ["readWriteAnyDatabase"] = [.. Reads, .. Writes, "listDatabases"],
        ["read"] = Reads,
        ["readAnyDatabase"] = [.. Reads, "listDatabases"],
    };

    private static readonly HashSet<string> Open =
    [
        "hello",
        "isMaster",
        "ping",
        "buildInfo",
        "saslStart",
        "saslContinue",
        "authenticate",
        "logout",
        "connectionStatus",
        "whatsmyuri",
        "endSessions",
        "startSession",
        "refreshSessions",
    ];

    private readonly Dictionary<string, SandboxUser> _users;
    private readonly Dictionary<(string User, string Mechanism), ScramCredential> _credentials = [];

    public Access(IReadOnlyList<SandboxUser> users)
    {
        _users = users.ToDictionary(static user => user.Name);
        foreach (var user in users)
        {
            if (user.Roles.FirstOrDefault(static role => !Roles.ContainsKey(role)) is { } unknown)
            {
                throw SandboxErrors.InvalidOption(nameof(SandboxOptions.Users), $"role '{unknown}' is not known");
            }

            ScramMechanism[] mechanisms = user.HasCertificate ? [] : [ScramMechanism.Sha1, ScramMechanism.Sha256];
            foreach (var mechanism in mechanisms)
            {
                _credentials[(user.Name, mechanism.Name)] = ScramCredential.Create(
                    mechanism,
                    user.Name,
                    user.Password,
                    mechanism.DefaultIterations
                );
            }
        }
    }

    public bool IsOn => _users.Count > 0;

    public static SandboxUser? UserOf(ListenerConnection connection) =>
        connection.Items.TryGetValue(UserKey, out var user) ? (SandboxUser)user : null;

    /// <exception cref="CommandFault">13</exception>
    public void Check(ListenerConnection connection, string command, string database)
    {
        if (!IsOn || Open.Contains(command) || connection.Items.ContainsKey(ClusterKey))
        {
            return;
        }

        var user = UserOf(connection) ?? throw CommandFault.Unauthorized($"command {command} requires authentication");
        if (!user.Roles.Any(role => Roles[role].Contains(command)))
        {
            throw CommandFault.Unauthorized($"not authorized on {database} to execute command {command}");
        }
    }

    public bool Knows(string user) => _users.ContainsKey(user);

    public BsonDocument Start(CommandContext context) =>
        Sasl(context, server => server.Start(context.Database, context.View));

    public BsonDocument Continue(CommandContext context) => Sasl(context, server => server.Continue(context.View));

    /// <summary>By the certificate that the connection was made with.</summary>
    /// <exception cref="CommandFault">18: another mechanism, no certificate, another user's, or nobody's.</exception>
    public BsonDocument Authenticate(CommandContext context)
    {
        var connection = context.Request.Connection;
        if (
            context.Text("mechanism"u8) != "MONGODB-X509"
            || connection.ClientCertificate is not { } certificate
            || !_users.TryGetValue(SubjectOf(certificate), out var user)
            || !user.HasCertificate
            || (context.Text("user"u8) is { } named && named != user.Name)
        )
        {
            throw CommandFault.AuthenticationFailed();
        }

        connection.Items[UserKey] = user;
        return context.Reply(w => w.String("dbname"u8, "$external").String("user"u8, user.Name));
    }

    public static BsonDocument Logout(CommandContext context)
    {
        context.Request.Connection.Items.TryRemove(UserKey, out _);
        context.Request.Connection.Items.TryRemove(SaslKey, out _);
        return context.Reply(static _ => { });
    }

    public BsonDocument Status(CommandContext context)
    {
        var user = UserOf(context.Request.Connection);
        var showPrivileges = context.Flag("showPrivileges"u8);
        return context.Reply(w =>
        {
            w.BeginDocument("authInfo"u8).BeginArray("authenticatedUsers"u8);
            if (user is not null)
            {
                w.BeginDocument("0"u8)
                    .String("user"u8, user.Name)
                    .String("db"u8, user.HasCertificate ? "$external" : "admin")
                    .EndDocument();
            }

            w.EndArray();
            WriteRoles(w, user);
            if (showPrivileges)
            {
                WritePrivileges(w, user);
            }

            w.EndDocument();
        });
    }

    /// <summary>As of RFC 2253, the most special part first; of parts that need no escapes.</summary>
    private static string SubjectOf(X509Certificate2 certificate) =>
        certificate
            .SubjectName.Decode(X500DistinguishedNameFlags.Reversed)
            .Replace(", ", ",", StringComparison.Ordinal);

    private static void WriteRoles(BsonWriter w, SandboxUser? user)
    {
        Span<byte> scratch = stackalloc byte[11];
        w.BeginArray("authenticatedUserRoles"u8);
        foreach (var role in user?.Roles ?? [])
        {
            w.BeginDocument(w.ArrayItemName(scratch)).String("role"u8, role).String("db"u8, "admin").EndDocument();
        }

        w.EndArray();
    }

    private static void WritePrivileges(BsonWriter w, SandboxUser? user)
    {
        var actions = (user?.Roles ?? []).SelectMany(static role => Roles[role]).Distinct().ToList();
        w.BeginArray("authenticatedUserPrivileges"u8);
        w.BeginDocument("0"u8).BeginDocument("resource"u8).Boolean("cluster"u8, true).EndDocument();
        WriteActions(w, actions);
        w.EndDocument();
        byte[][] databases = [""u8.ToArray(), "local"u8.ToArray(), "config"u8.ToArray()];
        Span<byte> scratch = stackalloc byte[11];
        foreach (var database in databases)
        {
            w.BeginDocument(w.ArrayItemName(scratch)).BeginDocument("resource"u8);
            w.String("db"u8, database).String("collection"u8, "").EndDocument();
            WriteActions(w, actions);
            w.EndDocument();
        }

        w.EndArray();
    }

    private static void WriteActions(BsonWriter w, List<string> actions)
    {
        Span<byte> scratch = stackalloc byte[11];
        w.BeginArray("actions"u8);
        foreach (var action in actions)
        {
            w.String(w.ArrayItemName(scratch), action);
        }

        w.EndArray();
    }

    private BsonDocument Sasl(CommandContext context, Func<SaslServer, BsonDocument> step)
    {
        var items = context.Request.Connection.Items;
        var server = (SaslServer)
            items.GetOrAdd(
                SaslKey,
                _ => new SaslServer((_, user, mechanism) => _credentials.GetValueOrDefault((user, mechanism.Name)))
            );
        var reply = step(server);
        if (server.User is { } user)
        {
            items[UserKey] = _users[user.User];
        }

        return reply;
    }
}
