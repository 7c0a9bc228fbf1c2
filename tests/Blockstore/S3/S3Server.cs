using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using Amazon.S3.Model;
using Backup.Blockstore.S3;
using Backup.Tests.Support;

namespace Backup.Tests.Blockstore.S3;

/// <summary>A real server of S3 on loopback: moto, in a process of its own that answers one request at a time, so that conditions hold.</summary>
internal sealed class S3Server : IAsyncDisposable
{
    internal const string Secret = "s3cr3t-that-no-text-shows";

    private const string Program = """
        import sys
        from werkzeug.serving import run_simple
        from moto.server import DomainDispatcherApplication, create_backend_app
        app = DomainDispatcherApplication(create_backend_app)
        run_simple("127.0.0.1", int(sys.argv[1]), app, threaded=False)
        """;

    private static readonly TimeSpan StartLimit = TimeSpan.FromSeconds(60);
    private readonly Process _process;
    private readonly int _port;
    private int _buckets;

    private S3Server(Process process, int port) => (_process, _port) = (process, port);

    /// <summary>Whether there is one to start.</summary>
    internal static bool IsThere { get; } = Runs("-c", "import moto.server, werkzeug.serving");

    internal static async Task<S3Server> StartAsync()
    {
        var port = FreePorts.One();
        var start = new ProcessStartInfo("python3", ["-c", Program, $"{port}"])
        {
            RedirectStandardError = true,
            RedirectStandardOutput = true,
        };
        var process = Process.Start(start)!;
        process.ErrorDataReceived += static (_, _) => { };
        process.BeginErrorReadLine();
        process.BeginOutputReadLine();
        var server = new S3Server(process, port);
        try
        {
            using var limit = new CancellationTokenSource(StartLimit);
            while (!await AnswersAsync(port))
            {
                await Task.Delay(100, limit.Token);
            }

            return server;
        }
        catch
        {
            await server.DisposeAsync();
            throw;
        }
    }

    /// <summary>Options with a bucket that nobody else uses.</summary>
    internal async Task<S3StoreOptions> FreshAsync()
    {
        var options = new S3StoreOptions
        {
            Bucket = $"bucket-{Interlocked.Increment(ref _buckets)}",
            Prefix = "some/store",
            Endpoint = new Uri($"http://127.0.0.1:{_port}"),
            AccessKey = "key",
            SecretKey = Secret,
            PackBytes = 1 << 20,
            PartBytes = 5 << 20,
        };
        using var client = S3Clients.Make(options);
        await client.PutBucketAsync(new PutBucketRequest { BucketName = options.Bucket });
        return options;
    }

    internal async Task<IBlobs> BlobsAsync() => new S3Blobs(await FreshAsync());

    public async ValueTask DisposeAsync()
    {
        if (!_process.HasExited)
        {
            _process.Kill(entireProcessTree: true);
            await _process.WaitForExitAsync();
        }

        _process.Dispose();
    }

    private static async Task<bool> AnswersAsync(int port)
    {
        try
        {
            using var socket = new TcpClient();
            await socket.ConnectAsync(IPAddress.Loopback, port);
            return true;
        }
        catch (SocketException)
        {
            return false;
        }
    }

    private static bool Runs(params string[] arguments)
    {
        try
        {
            using var process = Process.Start(
                new ProcessStartInfo("python3", arguments) { RedirectStandardError = true }
            )!;
            process.StandardError.ReadToEnd();
            process.WaitForExit();
            return process.ExitCode == 0;
        }
        catch (System.ComponentModel.Win32Exception)
        {
            return false;
        }
    }
}

/// <summary>Needs a real server of S3.</summary>
public sealed class S3ServerFactAttribute()
    : ConditionalFactAttribute(
        S3Server.IsThere ? null : "SKIPPED: needs python3 with moto and its server (pip install 'moto[s3,server]')"
    );
