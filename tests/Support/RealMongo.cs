using System.Diagnostics;
using System.Security.Cryptography;
using Backup.Foundation.Errors;
using Backup.MongoWire.Bson;
using Backup.MongoWire.Client;
using Backup.MongoWire.Uri;

namespace Backup.Tests.Support;

/// <summary>
/// A real mongod as a replica set of one member, on a free port and in a folder of its own. Looked for in
/// $BACKUP_TEST_MONGODB_BIN, then ~/realmongo/*/bin, then PATH. Disposing it stops it and removes its data.
/// </summary>
public sealed class RealMongo : IAsyncDisposable
{
    /// <summary>Of the root user, with authentication on.</summary>
    public const string User = "root";

    public const string Password = "r00t-p@ss";

    private static readonly TimeSpan StartLimit = TimeSpan.FromSeconds(60);
    private readonly TemporaryFolder _folder;
    private readonly Process _process;

    private RealMongo(TemporaryFolder folder, Process process, int port, bool authentication)
    {
        _folder = folder;
        _process = process;
        Port = port;
        var login = authentication ? $"{User}:{System.Uri.EscapeDataString(Password)}@" : "";
        ConnectionString = $"mongodb://{login}127.0.0.1:{port}/?replicaSet=rs0";
    }

    public int Port { get; }

    public string ConnectionString { get; }

    /// <summary>The mongod to use, or null where there is none.</summary>
    public static string? Binary { get; } = MongoTools.Find("mongod");

    /// <summary>Starts, initiates and waits for the primary.</summary>
    /// <param name="authentication">With a key file, and the user <see cref="User"/> with the role root.</param>
    public static async Task<RealMongo> StartAsync(bool authentication = false)
    {
        var folder = new TemporaryFolder();
        var port = FreePorts.One();
        var mongo = new RealMongo(folder, Launch(folder, port, authentication), port, authentication);
        try
        {
            await mongo.InitiateAsync(authentication);
            return mongo;
        }
        catch
        {
            await mongo.DisposeAsync();
            throw;
        }
    }

    public async ValueTask DisposeAsync()
    {
        if (!_process.HasExited)
        {
            _process.Kill();
            await _process.WaitForExitAsync();
        }

        _process.Dispose();
        _folder.Dispose();
    }

    internal static Process Launch(TemporaryFolder folder, int port, bool authentication) =>
        Launch(folder, port, authentication, "rs0");

    internal static Process Launch(
        TemporaryFolder folder,
        int port,
        bool authentication,
        string set,
        params string[] more
    )
    {
        var start = new ProcessStartInfo(Binary ?? throw new FileNotFoundException("no mongod"))
        {
            ArgumentList =
            {
                "--replSet",
                set,
                "--port",
                $"{port}",
                "--bind_ip",
                "127.0.0.1",
                "--dbpath",
                folder.Path,
                "--logpath",
                folder.File("mongod.log"),
                "--nounixsocket",
            },
        };
        foreach (var argument in more)
        {
            start.ArgumentList.Add(argument);
        }

        if (authentication)
        {
            var key = folder.File("key");
            File.WriteAllText(key, Convert.ToBase64String(RandomNumberGenerator.GetBytes(96)));
            File.SetUnixFileMode(key, UnixFileMode.UserRead | UnixFileMode.UserWrite);
            start.ArgumentList.Add("--auth");
            start.ArgumentList.Add("--keyFile");
            start.ArgumentList.Add(key);
        }

        return Process.Start(start)!;
    }

    private async Task InitiateAsync(bool authentication)
    {
        using var limit = new CancellationTokenSource(StartLimit);
        await using var client = new MongoClient(
            Backup.MongoWire.Uri.ConnectionString.Parse($"mongodb://127.0.0.1:{Port}/?directConnection=true"),
            new MongoClientOptions { ServerSelectionTimeout = StartLimit }
        );
        // Until rs.initiate() the server is no member of anything, so it is asked by name.
        var target = ReadTarget.On(new HostAddress("127.0.0.1", Port, HostKind.IPv4));
        var initiate = BsonDocument.Build(command =>
            command
                .BeginDocument("replSetInitiate"u8)
                .String("_id"u8, "rs0")
                .BeginArray("members"u8)
                .BeginDocument("0"u8)
                .Int32("_id"u8, 0)
                .String("host"u8, $"127.0.0.1:{Port}")
                .EndDocument()
                .EndArray()
                .EndDocument()
        );
        await UntilItWorksAsync(client, initiate, target, limit.Token);
        if (authentication)
        {
            var user = BsonDocument.Build(command =>
                command
                    .String("createUser"u8, User)
                    .String("pwd"u8, Password)
                    .BeginArray("roles"u8)
                    .String("0"u8, "root")
                    .EndArray()
            );
            await UntilItWorksAsync(client, user, target, limit.Token);
        }

        while (client.Topology.Servers.Values.All(server => server.Type != ServerType.Primary))
        {
            client.RequestCheck();
            await Task.Delay(50, limit.Token);
        }
    }

    private async Task UntilItWorksAsync(
        MongoClient client,
        BsonDocument command,
        ReadTarget target,
        CancellationToken cancellation
    )
    {
        while (true)
        {
            try
            {
                using var reply = await client.RunCommandAsync("admin", command, target, cancellation);
                return;
            }
            catch (BackupException notYet) when (notYet.IsTransient && !_process.HasExited)
            {
                await Task.Delay(100, cancellation);
            }
        }
    }
}

/// <summary>Needs a real mongod.</summary>
public sealed class RealMongoFactAttribute()
    : ConditionalFactAttribute(
        RealMongo.Binary is null
            ? "SKIPPED: needs mongod (in $BACKUP_TEST_MONGODB_BIN, ~/realmongo/*/bin or on PATH)"
            : null
    );

/// <summary>Needs a real mongod, and to be root: for mounts.</summary>
public sealed class RealMongoRootFactAttribute()
    : ConditionalFactAttribute(new RealMongoFactAttribute().Skip ?? new RootFactAttribute().Skip);
