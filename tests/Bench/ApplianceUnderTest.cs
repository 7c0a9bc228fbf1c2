using System.Diagnostics;
using System.Net.Sockets;
using System.Text.Json;
using Backup.Foundation;
using Backup.Tests.Support;

namespace Backup.Tests.Bench;

/// <summary><c>backup up --protect</c> on a fresh folder as a user starts it, asked through its control socket, which costs it nothing to speak of.</summary>
internal sealed class ApplianceUnderTest : IDisposable
{
    /// <summary>The one of <c>./backup</c>, or what <c>$BACKUP_BENCH_PROGRAM</c> names: that of the packages, for example.</summary>
    internal static readonly string Program =
        Environment.GetEnvironmentVariable("BACKUP_BENCH_PROGRAM") ?? SourceTree.At(".build", "app", "backup");

    private readonly string _data = Directory.CreateTempSubdirectory("bk-bench-").FullName;
    private readonly ChildProcess _process;
    private readonly HttpClient _http;
    private readonly Stopwatch _watch = Stopwatch.StartNew();
    private string _state = "";

    internal ApplianceUnderTest(string uri)
    {
        _process = new ChildProcess(
            Program,
            ["up", "--data", _data, "--http", "0", "--agents", "0"],
            ("BACKUP_PROTECT", uri)
        );
        _process.Drain();
        _http = new HttpClient(
            new SocketsHttpHandler
            {
                UseProxy = false,
                ConnectCallback = async (_, cancellation) =>
                {
                    var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
                    await socket.ConnectAsync(
                        new UnixDomainSocketEndPoint(Path.Combine(_data, "control.sock")),
                        cancellation
                    );
                    return new NetworkStream(socket, ownsSocket: true);
                },
            }
        )
        {
            BaseAddress = new Uri("http://appliance"),
            DefaultRequestVersion = System.Net.HttpVersion.Version20,
            DefaultVersionPolicy = HttpVersionPolicy.RequestVersionExact,
        };
    }

    /// <summary>Its data folder.</summary>
    internal string Data => _data;

    /// <summary>When each state of the replica set was first seen, seconds after the start, and the processor time until then.</summary>
    internal List<(string State, double Seconds, double Processor)> Timeline { get; } = [];

    /// <summary>User and system time of both so far.</summary>
    internal (double Appliance, double Agent) ProcessorSeconds =>
        (_process.ProcessorSeconds, Agents().Sum(ChildProcess.SecondsOf));

    /// <summary>The most resident memory of both so far, MiB.</summary>
    internal (double Appliance, double Agent) PeakMemory =>
        (ChildProcess.PeakMemoryOf(_process.Id), Agents().Select(ChildProcess.PeakMemoryOf).DefaultIfEmpty(0).Max());

    /// <summary>Waits for the first snapshot, which the policy asks for by itself.</summary>
    /// <returns>Seconds from the start of the process to the snapshot, and the snapshot.</returns>
    internal async Task<(double Seconds, JsonElement Snapshot)> FirstSnapshotAsync(TimeSpan limit)
    {
        while (_watch.Elapsed < limit)
        {
            if (_process.HasExited)
            {
                throw new InvalidOperationException($"The appliance ended: {_process.LastError}");
            }

            if (await SnapshotAsync() is { } snapshot)
            {
                return (_watch.Elapsed.TotalSeconds, snapshot);
            }

            await Task.Delay(50);
        }

        throw new TimeoutException($"No snapshot after {limit}, the state is '{_state}'. {_process.LastError}");
    }

    /// <summary>How far the head is; null where there is none.</summary>
    internal async Task<Optime?> HeadAsync()
    {
        var sets = await ReplicaSetsAsync();
        if (sets.Count == 0)
        {
            return null;
        }

        var optime = sets[0].GetProperty("optime");
        return new Optime(optime.GetProperty("t").GetUInt32(), optime.GetProperty("i").GetUInt32());
    }

    public void Dispose()
    {
        _http.Dispose();
        using (var stop = Process.Start("kill", ["-TERM", $"{_process.Id}"]))
        {
            stop.WaitForExit();
        }

        _process.Dispose();
        Directory.Delete(_data, recursive: true);
    }

    private async Task<JsonElement?> SnapshotAsync()
    {
        try
        {
            var sets = await ReplicaSetsAsync();
            if (sets.Count == 0)
            {
                return null;
            }

            Note(sets[0].GetProperty("state").GetString()!);
            var id = Uri.EscapeDataString(sets[0].GetProperty("id").GetString()!);
            if (sets[0].GetProperty("snapshots").GetInt32() == 0)
            {
                return null;
            }

            var found = await GetAsync($"/api/v1/subjects?name={id}");
            var group = found.GetProperty("group").GetString();
            var listed = await GetAsync($"/api/v1/groups/{group}/deployments/{id}/snapshots");
            return listed.GetProperty("items").EnumerateArray().First();
        }
        catch (HttpRequestException notYet) when (notYet.HttpRequestError == HttpRequestError.ConnectionError)
        {
            return null;
        }
    }

    private async Task<List<JsonElement>> ReplicaSetsAsync()
    {
        var status = await GetAsync("/api/v1/status");
        return
        [
            .. status
                .GetProperty("deployments")
                .EnumerateArray()
                .SelectMany(deployment => deployment.GetProperty("replicaSets").EnumerateArray()),
        ];
    }

    private async Task<JsonElement> GetAsync(string path)
    {
        await using var stream = await _http.GetStreamAsync(path);
        return await JsonSerializer.DeserializeAsync<JsonElement>(stream);
    }

    private void Note(string state)
    {
        if (_state != state)
        {
            _state = state;
            Timeline.Add((state, _watch.Elapsed.TotalSeconds, _process.ProcessorSeconds));
        }
    }

    private IEnumerable<int> Agents() =>
        Process
            .GetProcessesByName("backup-agent")
            .Select(process =>
            {
                using (process)
                {
                    return process.Id;
                }
            })
            .Where(pid => File.ReadAllText($"/proc/{pid}/cmdline").Contains(_data, StringComparison.Ordinal));
}
