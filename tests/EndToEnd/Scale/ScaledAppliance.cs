using System.Diagnostics;
using System.Text.Json;
using Backup.Sandbox;
using Backup.Tests.Support;
using Shouldly;

namespace Backup.Tests.EndToEnd.Scale;

/// <summary>
/// An appliance in several processes: two servers behind a balancer, two daemons and an agent, with the catalogue, the blocks and the slices on one MongoDB: a real
/// server where there is one, else the sandbox.
/// </summary>
internal sealed class ScaledAppliance : IAsyncDisposable
{
    internal static readonly TimeSpan Patience = TimeSpan.FromMinutes(5);

    private readonly IAsyncDisposable _stores;
    private Balancer? _balancer;

    private ScaledAppliance(IAsyncDisposable stores, string uri, string app)
    {
        _stores = stores;
        int[] ports = [FreePorts.One(), FreePorts.One()];
        Servers = [.. ports.Select(port => Process(uri, app, "server", port))];
        Daemons = [Process(uri, app, "daemon", 0), Process(uri, app, "daemon", 0)];
    }

    internal IReadOnlyList<ApplianceProcess> Servers { get; }

    internal IReadOnlyList<ApplianceProcess> Daemons { get; }

    internal ExternalAgent Agent { get; private set; } = null!;

    /// <summary>All that can be killed and started again by <see cref="Start"/>, the agent excepted.</summary>
    internal IReadOnlyList<ApplianceProcess> Processes => [.. Servers, .. Daemons];

    /// <summary>All of it runs, and the source is protected.</summary>
    /// <param name="source">Written to by whom it may be.</param>
    /// <param name="app">The folder of the programs of all processes, the agent among them; those of this source unless given.</param>
    internal static async Task<ScaledAppliance> StartAsync(TestSource source, string? app = null)
    {
        var (stores, uri) = await StoresAsync();
        var appliance = new ScaledAppliance(stores, uri, app ?? SourceTree.At(".build", "app"));
        try
        {
            await appliance.StartAsync(source.Uri);
            return appliance;
        }
        catch (Exception failure)
        {
            var said = string.Join("\n", appliance.Processes.Select(static one => one.Output));
            await appliance.DisposeAsync();
            throw new InvalidOperationException($"The processes did not start. They said:\n{said}", failure);
        }
    }

    internal void Start(ApplianceProcess process)
    {
        var at = Daemons.ToList().IndexOf(process);
        process.Up(at < 0 ? [] : ["--daemon-name", NameOf(at)]);
    }

    internal static string NameOf(int daemon) => $"daemon-{daemon + 1}";

    /// <summary>A command, of whichever server is there: asked again where the one that was asked is killed meanwhile.</summary>
    internal async Task<JsonElement> AskAsync(params string[] command) =>
        await TryAsync(async server =>
        {
            var result = await server.RunAsync(command);
            // A command that was typed wrong will not be better the next time.
            result.ExitCode.ShouldNotBe(2, result.Errors);
            return result.Succeeded().Json;
        });

    /// <summary>The same for what consists of commands.</summary>
    internal async Task<T> TryAsync<T>(Func<ApplianceProcess, Task<T>> work)
    {
        for (var watch = Stopwatch.StartNew(); ; await Task.Delay(500))
        {
            try
            {
                var all = Servers.Where(static one => one.IsRunning).ToList();
                if (all.Count > 0)
                {
                    return await work(all[Random.Shared.Next(all.Count)]);
                }
            }
            catch (Exception passing)
                when (passing is InvalidOperationException or TimeoutException or JsonException or HttpRequestException
                    && watch.Elapsed < Patience
                )
            {
                // The server was killed in the midst of it.
            }
        }
    }

    /// <summary>How the replica set is, as any server says; null while none does.</summary>
    internal async Task<JsonElement?> ReplicaSetAsync()
    {
        foreach (var server in Servers.Where(static one => one.IsRunning))
        {
            if (await server.ReplicaSetAsync() is { } set)
            {
                return set;
            }
        }

        return null;
    }

    internal async Task WaitForTailingAsync()
    {
        var last = "nothing";
        for (var watch = Stopwatch.StartNew(); watch.Elapsed < Patience; await Task.Delay(300))
        {
            if (await ReplicaSetAsync() is { } set)
            {
                last = set.ToString();
                if (set.GetProperty("state").GetString() == "tailing")
                {
                    return;
                }
            }
        }

        throw new TimeoutException(
            $"Not tailing in time, but {last}. The processes said:\n{string.Join("\n", Processes.Select(static one => one.Output))}"
        );
    }

    public async ValueTask DisposeAsync()
    {
        if (Agent is not null)
        {
            await Agent.DisposeAsync();
        }

        foreach (var one in Processes)
        {
            await one.DisposeAsync();
        }

        if (_balancer is not null)
        {
            await _balancer.DisposeAsync();
        }

        await _stores.DisposeAsync();
    }

    private async Task StartAsync(string source)
    {
        Start(Servers[0]);
        await Servers[0].WaitForOutputAsync("agents");
        foreach (var folder in new[] { "tls", "secrets" })
        {
            Copy(Path.Combine(Servers[0].Data, folder), Path.Combine(Servers[1].Data, folder));
        }

        foreach (var one in Processes.Skip(1))
        {
            Start(one);
        }

        _ = (await Servers[0].RunWithInputAsync(source, "deployments", "add", "-")).Succeeded();
        _balancer = new Balancer([.. Servers.Select(static one => one.AgentsPort)]);
        Agent = await ExternalAgent.EnrolAsync(Servers[0], _balancer.Port);
        Agent.Start();
        await WaitForTailingAsync();
    }

    private static async Task<(IAsyncDisposable, string)> StoresAsync()
    {
        if (RealMongo.Binary is null)
        {
            var sandbox = await SandboxReplicaSet.StartAsync(new SandboxOptions { ReplicaSetName = "meta" });
            return (sandbox, sandbox.ConnectionString);
        }

        var mongo = await RealMongo.StartAsync();
        // As the manual says: a process that is killed in the midst of a write keeps the others waiting for no longer.
        await using var client = TestSource.Of(mongo.ConnectionString);
        _ = await client.RunAsync("admin", """{"setParameter":1,"transactionLifetimeLimitSeconds":15}""");
        return (mongo, mongo.ConnectionString);
    }

    private static ApplianceProcess Process(string uri, string app, string verb, int agents)
    {
        var process = new ApplianceProcess(protect: null)
        {
            Verb = verb,
            AgentsPort = agents,
            App = app,
        };
        process.Variables["BACKUP_CONFIG"] = "";
        process.Variables["BACKUP_METADATA"] = uri.Replace("/?", "/backup?", StringComparison.Ordinal);
        process.Variables["BACKUP_STORES"] = "main=" + uri.Replace("/?", "/backup_blocks?", StringComparison.Ordinal);
        return process;
    }

    private static void Copy(string from, string to)
    {
        Directory.CreateDirectory(to);
        foreach (var file in Directory.GetFiles(from))
        {
            File.Copy(file, Path.Combine(to, Path.GetFileName(file)));
        }
    }
}
