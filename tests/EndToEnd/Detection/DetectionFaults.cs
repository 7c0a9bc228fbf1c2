using System.Diagnostics;
using System.Text.Json;
using Backup.Tests.Support;
using Shouldly;

namespace Backup.Tests.EndToEnd.Detection;

/// <summary>The faults, each on a set-up of its own that is all right before.</summary>
internal static class DetectionFaults
{
    private const string FromFault = "from the fault";

    /// <summary>The shortest that there is.</summary>
    private static readonly TimeSpan Interval = TimeSpan.FromMinutes(15);

    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(3);

    internal static IReadOnlyDictionary<string, Func<Action<string>, Task<List<Detection>>>> All { get; } =
        new Dictionary<string, Func<Action<string>, Task<List<Detection>>>>(StringComparer.Ordinal)
        {
            ["agent"] = AgentKilledAsync,
            ["daemon"] = DaemonKilledAsync,
            ["oplog"] = OplogHoleAsync,
            ["disk"] = DiskFullAsync,
            ["balancer"] = BalancerLeftOffAsync,
        };

    /// <summary>By default it is told after 15 minutes of silence, as agents are restarted and hosts are patched: the least that can be set is a minute.</summary>
    private static async Task<List<Detection>> AgentKilledAsync(Action<string> tell)
    {
        await using var source = await SourceAsync();
        using var agent = new LonelyAgent();
        await using var scene = await DetectionScene.StartAsync(
            new ApplianceProcess(source.Uri) { App = agent.App },
            tell
        );
        await scene.Appliance.WaitForStateAsync("tailing");
        (await scene.Appliance.RunAsync("alerts", "set", "agent-down", "--critical", "1m")).Succeeded();
        agent.Kill(scene.Appliance);
        await scene.DetectedAsync(
            "agent killed",
            Stopwatch.GetTimestamp(),
            "from the fault, with agent-down at 1 min (15 min by default)",
            "BK8801"
        );
        return scene.Found;
    }

    /// <summary>A server, a daemon and an agent, each a process, on a catalogue and stores in MongoDB. There is no other daemon to take over.</summary>
    private static async Task<List<Detection>> DaemonKilledAsync(Action<string> tell)
    {
        await using var source = await SourceAsync();
        await using var shared = await ServerAsync();
        var variables = new Dictionary<string, string>
        {
            ["BACKUP_METADATA"] = shared.Uri.Replace("/?", "/backup?", StringComparison.Ordinal),
            ["BACKUP_STORES"] = $"main={shared.Uri.Replace("/?", "/backup_blocks?", StringComparison.Ordinal)}",
        };
        var server = new ApplianceProcess(protect: null) { Verb = "server" };
        foreach (var (name, value) in variables)
        {
            server.Variables[name] = value;
        }

        await using var scene = await DetectionScene.StartAsync(server, tell);
        await using var daemon = new DaemonUnderTest(variables);
        await using var agent = await ExternalAgent.EnrolAsync(server);
        agent.Start();
        using var folder = new TemporaryFolder();
        await File.WriteAllTextAsync(folder.File("uri"), source.Uri);
        (await server.RunAsync("deployments", "add", folder.File("uri"))).Succeeded();
        await server.WaitForStateAsync("tailing");
        (await server.RunAsync("snapshot", "rs0", "--wait")).Succeeded();

        await daemon.KillAsync();
        await scene.DetectedAsync("daemon killed", Stopwatch.GetTimestamp(), FromFault, "BK8850");
        return scene.Found;
    }

    /// <summary>The source's oplog moves past what the agent has read, while there is none; then it is started again.</summary>
    private static async Task<List<Detection>> OplogHoleAsync(Action<string> tell)
    {
        await using var source = await TestSource.SandboxAsync();
        await source.InsertAsync("shop", "orders", SourceContent.Many(100, new Random(1), 100, 1_000));
        using var agent = new LonelyAgent();
        await using var scene = await DetectionScene.StartAsync(
            new ApplianceProcess(source.Uri) { App = agent.App },
            tell
        );
        await scene.Appliance.WaitForStateAsync("tailing");
        agent.Kill(scene.Appliance);
        await source.InsertAsync("shop", "lost", SourceContent.Many(100, new Random(2), 100, 1_000));
        source.Sandbox.TruncateOplog(2);
        var since = Stopwatch.GetTimestamp();
        agent.Revive();
        await scene.DetectedAsync("oplog hole", since, FromFault, "BK7010", "BK8805");
        return scene.Found;
    }

    private static async Task<List<Detection>> DiskFullAsync(Action<string> tell)
    {
        using var disk = new SmallDisk(160);
        await using var source = await SourceAsync();
        await using var scene = await DetectionScene.StartAsync(
            new ApplianceProcess(source.Uri, disk.Folder("data")),
            tell
        );
        await scene.Appliance.WaitForStateAsync("tailing");
        disk.Fill();
        var since = Stopwatch.GetTimestamp();
        await source.InsertAsync("shop", "more", SourceContent.Many(1_000, new Random(2), 2_000, 8_000));
        await scene.DetectedAsync("disk filled", since, FromFault, "BK8822", "BK8812");
        return scene.Found;
    }

    /// <summary>The agent is killed for good while the balancer rests for a cut; then its snapshots are late, too.</summary>
    private static async Task<List<Detection>> BalancerLeftOffAsync(Action<string> tell)
    {
        await using ShardedClusterUnderTest source = RealShardedCluster.Binary is null
            ? await SandboxClusterSet.StartAsync()
            : await RealShardedCluster.StartAsync();
        await source.RunAsync("admin", """{"balancerStart":1}""");
        using var agent = new LonelyAgent();
        await using var scene = await DetectionScene.StartAsync(
            new ApplianceProcess(source.ConnectionString) { App = agent.App },
            tell
        );
        var name = await FollowedAsync(scene.Appliance);
        (await scene.Appliance.RunAsync("policy", name, "--interval", $"{Interval.TotalMinutes}m")).Succeeded();
        (await scene.Appliance.RunAsync("snapshot", name, "--wait")).Succeeded();
        var since = await KillWhileItRestsAsync(source, scene.Appliance, agent, name);
        await scene.DetectedAsync("balancer left off", since, FromFault, "BK8851");
        var late = await LateAsync(scene.Appliance, name);
        await scene.DetectedAsync(
            "snapshot late",
            late,
            "from 1.5 intervals of 15 min after the last snapshot, which is when it is late",
            "BK8807"
        );
        return scene.Found;
    }

    /// <returns>When the next snapshot is late, as <see cref="Stopwatch.GetTimestamp"/> tells it: still to come.</returns>
    private static async Task<long> LateAsync(ApplianceProcess appliance, string cluster)
    {
        var snapshots = (await appliance.RunAsync("snapshots", cluster)).Succeeded().Json.EnumerateArray();
        var last = snapshots.Max(static one => one.GetProperty("createdAt").GetDateTimeOffset());
        var left = last + (Interval * 1.5) - TimeProvider.System.GetUtcNow();
        left.ShouldBeGreaterThan(TimeSpan.Zero);
        return Stopwatch.GetTimestamp() + (long)(left.TotalSeconds * Stopwatch.Frequency);
    }

    /// <returns>When the agent was killed.</returns>
    private static async Task<long> KillWhileItRestsAsync(
        ShardedClusterUnderTest source,
        ApplianceProcess appliance,
        LonelyAgent agent,
        string cluster
    )
    {
        for (var round = 0; ; round++)
        {
            (await appliance.RunAsync("snapshot", cluster)).Succeeded();
            for (var watch = Stopwatch.StartNew(); await ModeAsync(source) != "off"; )
            {
                watch.Elapsed.ShouldBeLessThan(Patience, "no cut stops the balancer");
            }

            var since = Stopwatch.GetTimestamp();
            agent.Kill(appliance);
            await Task.Delay(TimeSpan.FromSeconds(2));
            if (await ModeAsync(source) == "off")
            {
                return since;
            }

            // The cut was faster. Once more.
            round.ShouldBeLessThan(20, "no kill comes while the balancer rests");
            agent.Revive();
            await FollowedAsync(appliance);
        }
    }

    private static async Task<string> ModeAsync(ShardedClusterUnderTest source) =>
        (await source.RunAsync("admin", """{"balancerStatus":1}""")).View["mode"u8].AsString;

    /// <summary>A real one where there is one.</summary>
    private static Task<TestSource> ServerAsync() =>
        RealMongo.Binary is null ? TestSource.SandboxAsync() : TestSource.RealAsync();

    private static async Task<TestSource> SourceAsync()
    {
        var source = await ServerAsync();
        await source.InsertAsync("shop", "orders", SourceContent.Many(500, new Random(1), 100, 1_000));
        return source;
    }

    /// <summary>Waits until every set of the cluster is followed and somebody works on the cluster.</summary>
    /// <returns>Its name.</returns>
    private static async Task<string> FollowedAsync(ApplianceProcess appliance)
    {
        var seen = "";
        for (var watch = Stopwatch.StartNew(); ; await Task.Delay(300))
        {
            watch.Elapsed.ShouldBeLessThan(Patience, $"not every set is followed: {seen}\n{appliance.Output}");
            if (await HostSocket.StatusAsync(appliance.Data) is not { } status)
            {
                continue;
            }

            seen = status.ToString();
            var deployments = status.GetProperty("deployments").EnumerateArray().ToList();
            var sets = deployments.SelectMany(static one => one.GetProperty("replicaSets").EnumerateArray()).ToList();
            if (
                deployments.Find(static one => one.GetProperty("type").GetString() == "shardedCluster")
                    is { ValueKind: JsonValueKind.Object } cluster
                && sets.Count == 3
                && sets.TrueForAll(static set => set.GetProperty("state").GetString() == "tailing")
            )
            {
                return cluster.GetProperty("name").GetString()!;
            }
        }
    }
}
