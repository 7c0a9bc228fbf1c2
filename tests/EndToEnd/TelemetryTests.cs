using System.Collections.Concurrent;
using System.Diagnostics;
using System.Net;
using System.Text;
using System.Text.Json;
using Backup.Tests.Support;
using Shouldly;
using Xunit;

namespace Backup.Tests.EndToEnd;

/// <summary>What a collector of OpenTelemetry gets, and what stands in the log for a program to read.</summary>
public sealed class TelemetryTests
{
    private const string Key = "a key, of 2 words";
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(1);

    [Fact]
    public async Task ACollectorGetsMetricsTracesAndLogsWithItsKey()
    {
        using var files = new TemporaryFolder();
        var headers = files.File("headers");
        await File.WriteAllTextAsync(headers, $"# of the collector\nX-Key={Key}\n");
        File.SetUnixFileMode(headers, UnixFileMode.UserRead | UnixFileMode.UserWrite);
        await using var collector = new Collector();
        await using var appliance = new ApplianceProcess(protect: null);
        appliance.Variables["BACKUP_OTLP_ENDPOINT"] = collector.Address;
        appliance.Variables["BACKUP_OTLP_HEADERS_FILE"] = headers;
        appliance.Variables["BACKUP_OTLP_SECONDS"] = "5";
        appliance.Variables["BACKUP_LOG_FORMAT"] = "json";
        appliance.Up();
        await appliance.WaitForStateAsync("tailing");
        var job = (await appliance.RunAsync("snapshot", "sandbox", "--wait")).Succeeded().Json;

        await collector.WaitForAsync("/v1/metrics", "backup_oplog_lag_seconds", "backup_snapshots", "backup-appliance");
        await collector.WaitForAsync("/v1/traces", "job snapshot", "backup.job.id");
        await collector.WaitForAsync("/v1/logs", "is done after", "backup-appliance");
        collector.Keys.ShouldBe([Key]);

        var done = await DoneAsync(appliance, "snapshot");
        done.GetProperty("TraceId").GetString()!.Length.ShouldBe(32);
        done.GetProperty("Properties").GetProperty("Id").GetString().ShouldNotBeNullOrEmpty();
        job.ValueKind.ShouldBe(JsonValueKind.Object);

        // Nobody is held up by a collector that is gone.
        await collector.StopAsync();
        (await appliance.RunAsync("snapshot", "sandbox", "--wait")).Succeeded();
        await WaitForAsync(
            async () =>
                (await LinesAsync(appliance)).Any(static line =>
                    line.Contains("does not take metrics", StringComparison.Ordinal)
                ),
            "nobody says that the collector is gone"
        );
        (await LinesAsync(appliance)).ShouldAllBe(static line => !line.Contains(Key, StringComparison.Ordinal));
        (await appliance.StopAsync()).ShouldBe(0);
    }

    [Theory]
    [InlineData("no equals sign", "BK9723")]
    [InlineData("a name=1", "BK9723")]
    public async Task AHeaderThatIsNoneIsNamed(string line, string code)
    {
        using var files = new TemporaryFolder();
        var headers = files.File("headers");
        await File.WriteAllTextAsync(headers, line + "\n");
        File.SetUnixFileMode(headers, UnixFileMode.UserRead | UnixFileMode.UserWrite);
        var file = files.File("appliance.yaml");
        await File.WriteAllTextAsync(file, $"otlp:\n  endpoint: http://localhost:4318\n  headers_file: {headers}\n");
        var checkedFile = await ApplianceProcess.CommandAsync("config", "check", "--json", "--config", file);
        checkedFile.ExitCode.ShouldBe(1);
        checkedFile.Json.GetProperty("mistakes")[0].GetProperty("code").GetString().ShouldBe(code);
    }

    private static async Task<JsonElement> DoneAsync(ApplianceProcess appliance, string kind)
    {
        var found = default(JsonElement);
        await WaitForAsync(
            async () =>
            {
                found = (await LinesAsync(appliance))
                    .Select(static line => JsonSerializer.Deserialize<JsonElement>(line))
                    .FirstOrDefault(one =>
                        one.GetProperty("MessageTemplate").GetString()!.Contains("is done", StringComparison.Ordinal)
                        && one.GetProperty("Properties").GetProperty("Kind").GetString() == kind
                    );
                return found.ValueKind == JsonValueKind.Object;
            },
            "no line says that the job is done"
        );
        return found;
    }

    /// <summary>Without one that is still being written.</summary>
    private static async Task<IReadOnlyList<string>> LinesAsync(ApplianceProcess appliance)
    {
        var log = await appliance.LogAsync();
        return log[..(log.LastIndexOf('\n') + 1)].Split('\n', StringSplitOptions.RemoveEmptyEntries);
    }

    private static async Task WaitForAsync(Func<Task<bool>> holds, string otherwise)
    {
        for (var watch = Stopwatch.StartNew(); !await holds(); await Task.Delay(200))
        {
            watch.Elapsed.ShouldBeLessThan(Patience, otherwise);
        }
    }

    /// <summary>Takes what it is sent. What it is sent is protocol buffers, in which texts stand as they are.</summary>
    private sealed class Collector : IAsyncDisposable
    {
        private readonly HttpListener _listener = new();
        private readonly ConcurrentDictionary<string, ConcurrentQueue<string>> _bodies = new(StringComparer.Ordinal);
        private readonly ConcurrentDictionary<string, bool> _keys = new(StringComparer.Ordinal);
        private readonly Task _loop;

        internal Collector()
        {
            Address = $"http://127.0.0.1:{FreePorts.One()}/";

            _listener.Prefixes.Add(Address);
            _listener.Start();
            _loop = Task.Run(TakeAsync);
        }

        internal string Address { get; }

        /// <summary>Each that came.</summary>
        internal IEnumerable<string> Keys => _keys.Keys;

        internal Task WaitForAsync(string path, params string[] texts) =>
            TelemetryTests.WaitForAsync(
                () =>
                    Task.FromResult(
                        _bodies.TryGetValue(path, out var bodies)
                            && texts.All(text => bodies.Any(body => body.Contains(text, StringComparison.Ordinal)))
                    ),
                $"{path} did not get {string.Join(", ", texts)}; there came {string.Join(", ", _bodies.Keys)}"
            );

        internal async Task StopAsync()
        {
            _listener.Close();
            await _loop;
        }

        public async ValueTask DisposeAsync() => await StopAsync();

        private async Task TakeAsync()
        {
            while (true)
            {
                HttpListenerContext context;
                try
                {
                    context = await _listener.GetContextAsync();
                }
                catch (Exception closed) when (closed is HttpListenerException or ObjectDisposedException)
                {
                    return;
                }

                using var body = new MemoryStream();
                await context.Request.InputStream.CopyToAsync(body);
                _keys[context.Request.Headers["X-Key"] ?? "none"] = true;
                _bodies
                    .GetOrAdd(context.Request.Url!.AbsolutePath, static _ => new ConcurrentQueue<string>())
                    .Enqueue(Encoding.Latin1.GetString(body.ToArray()));
                context.Response.ContentType = "application/x-protobuf";
                context.Response.Close();
            }
        }
    }
}
