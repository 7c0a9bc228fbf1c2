using System.Diagnostics;
using Backup.Foundation.Errors;
using Backup.MongoWire.Bson;
using Backup.MongoWire.Client;
using Backup.MongoWire.Uri;

namespace Backup.Tests.Support;

/// <summary>
/// A real replica set of several mongods on loopback, each in a folder of its own, that may be killed, stopped in their tracks and started
/// again. Found as <see cref="RealMongo"/> finds them. It elects within some two seconds. Disposing it kills all and removes their data.
/// </summary>
public sealed class RealReplicaSet : ReplicaSetUnderTest
{
    private static readonly TimeSpan StartLimit = TimeSpan.FromSeconds(60);

    /// <summary>Several servers of a test share one machine; tests may set fail points.</summary>
    private static readonly string[] Modest =
    [
        "--wiredTigerCacheSizeGB",
        "0.25",
        "--oplogSize",
        "100",
        "--setParameter",
        "enableTestCommands=1",
    ];

    private readonly Member[] _members;

    private RealReplicaSet(int members)
    {
        _members = [.. FreePorts.Several(members).Select(port => new Member(new TemporaryFolder(), port))];
        ConnectionString = $"mongodb://{string.Join(',', _members.Select(member => member.Name))}/?replicaSet=rs0";
    }

    /// <summary>With all members.</summary>
    public override string ConnectionString { get; }

    public override int Count => _members.Length;

    /// <summary>Starts, initiates and waits for the primary and for every other member to be a secondary.</summary>
    /// <param name="configure">For member number N, further fields of its configuration as JSON, for example <c>"priority":0,"hidden":true</c>.</param>
    public static async Task<RealReplicaSet> StartAsync(int members = 3, Func<int, string>? configure = null)
    {
        var set = new RealReplicaSet(members);
        try
        {
            for (var number = 0; number < members; number++)
            {
                set.Start(number);
            }

            await set.InitiateAsync(configure ?? (_ => ""));
            return set;
        }
        catch
        {
            await set.DisposeAsync();
            throw;
        }
    }

    /// <summary>Its dbpath.</summary>
    public string Folder(int number) => _members[number].Folder.Path;

    public override HostAddress Address(int number) => HostAddress.Parse(_members[number].Name);

    public void Start(int number)
    {
        var member = _members[number];
        member.Process?.Dispose();
        member.Process = RealMongo.Launch(member.Folder, member.Port, authentication: false, "rs0", Modest);
    }

    public override Task ReviveAsync(int number)
    {
        Start(number);
        return Task.CompletedTask;
    }

    public override async Task KillAsync(int number)
    {
        var process = _members[number].Process!;
        process.Kill();
        await process.WaitForExitAsync();
    }

    public override Task FreezeAsync(int number) => SignalAsync(number, "-STOP");

    public override Task ThawAsync(int number) => SignalAsync(number, "-CONT");

    /// <summary>The server keeps what it rolled back in files.</summary>
    public override bool HasRolledBack(int number) => Directory.Exists(Path.Combine(Folder(number), "rollback"));

    /// <summary>Removes all that a killed member has: started again, it is synced anew.</summary>
    public void Erase(int number)
    {
        foreach (var folder in Directory.EnumerateDirectories(Folder(number)))
        {
            Directory.Delete(folder, recursive: true);
        }

        foreach (var file in Directory.EnumerateFiles(Folder(number)))
        {
            File.Delete(file);
        }
    }

    protected override async ValueTask DisposeMembersAsync()
    {
        foreach (var member in _members)
        {
            if (member.Process is { HasExited: false } running)
            {
                running.Kill();
                await running.WaitForExitAsync();
            }

            member.Process?.Dispose();
            member.Folder.Dispose();
        }
    }

    private async Task SignalAsync(int number, string signal)
    {
        using var kill = Process.Start("kill", [signal, $"{_members[number].Process!.Id}"]);
        await kill.WaitForExitAsync();
    }

    private async Task InitiateAsync(Func<int, string> configure)
    {
        var members = _members.Select(
            (member, number) =>
            {
                var more = configure(number);
                var comma = more.Length > 0 ? "," : "";
                return $$"""{"_id":{{number}},"host":"{{member.Name}}"{{comma}}{{more}} }""";
            }
        );
        var initiate = $$"""
            {"replSetInitiate":{"_id":"rs0","members":[{{string.Join(',', members)}}],
             "settings":{"electionTimeoutMillis":2000,"heartbeatIntervalMillis":500} } }
            """;
        var uri = Backup.MongoWire.Uri.ConnectionString.Parse($"mongodb://{_members[0].Name}/?directConnection=true");
        await using (var first = new MongoClient(uri, new MongoClientOptions()))
        {
            await UntilItWorksAsync(first, initiate);
        }

        var primary = await PrimaryAsync();
        for (var number = 0; number < Count; number++)
        {
            var isArbiter = configure(number).Contains("arbiterOnly", StringComparison.Ordinal);
            await WaitForStateAsync(
                number,
                number == primary ? 1
                    : isArbiter ? 7
                    : 2
            );
        }
    }

    private async Task UntilItWorksAsync(MongoClient client, string command)
    {
        using var limit = new CancellationTokenSource(StartLimit);
        while (true)
        {
            try
            {
                using var reply = await client.RunCommandAsync(
                    "admin",
                    ExtendedJson.Parse(command),
                    ReadTarget.On(Address(0)),
                    limit.Token
                );
                return;
            }
            catch (BackupException) when (_members.All(member => member.Process is { HasExited: false }))
            {
                // The others may not listen yet.
                await Task.Delay(200, limit.Token);
            }
        }
    }

    private sealed class Member(TemporaryFolder folder, int port)
    {
        public TemporaryFolder Folder => folder;

        public int Port => port;

        public string Name => $"127.0.0.1:{port}";

        public Process? Process { get; set; }
    }
}
