using System.Collections.Concurrent;
using System.Net;
using System.Net.Http.Headers;
using System.Security.Cryptography;
using Backup.BackupHttpServer;
using Backup.BackupHttpServer.Downloads;
using Backup.Metadata;
using Backup.Metadata.Sqlite;
using Backup.Tests.Support;
using Microsoft.Extensions.Logging;
using Shouldly;

namespace Backup.Tests.BackupHttpServer;

/// <summary>A server with download links on a real TLS socket; what they lead to is made up, and can be held, cut and changed.</summary>
internal sealed class DownloadFixture : IAsyncDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly CapturedLog _log = new();

    public MadeUpDownloads Downloads { get; } = new();

    public MovableTime Time { get; } = new();

    public SqliteMetadataStore Metadata { get; private set; } = null!;

    public BackupHttpServerHost Server { get; private set; } = null!;

    public HttpClient Http { get; private set; } = null!;

    /// <summary>Everything that was logged, at whichever level.</summary>
    public string Logged => string.Join('\n', _log.Lines);

    public static async Task<DownloadFixture> StartAsync(
        Func<DownloadLimits, DownloadLimits>? with = null,
        Version? version = null
    )
    {
        var made = new DownloadFixture();
        made.Metadata = await SqliteMetadataStore.OpenAsync(made._folder.File("metadata.db"), made.Time);
        await made.StartServerAsync(with);
        made.Http = made.Client(version ?? HttpVersion.Version11);
        return made;
    }

    public HttpClient Client(Version version)
    {
        var handler = new SocketsHttpHandler();
        handler.SslOptions.RemoteCertificateValidationCallback = static (_, _, _, _) => true;
        return new HttpClient(handler)
        {
            BaseAddress = new Uri($"https://localhost:{Server.EndPoint.Port}"),
            DefaultRequestVersion = version,
            DefaultVersionPolicy = HttpVersionPolicy.RequestVersionExact,
        };
    }

    /// <summary>The process is gone, and another one is there on the same stores.</summary>
    public async Task RestartAsync()
    {
        await Server.StopAsync();
        await Server.DisposeAsync();
        await StartServerAsync(null);
        Http.Dispose();
        Http = Client(HttpVersion.Version11);
    }

    /// <summary>A link and its path.</summary>
    public async Task<(DownloadLink Link, string Path)> LinkAsync(
        int uses = 1,
        bool sum = false,
        string name = "rs0.archive",
        string format = "archive"
    )
    {
        var (secret, hash) = LinkSecret.Make();
        var source = new LinkSource(LinkSource.ReplicaSet, "set", "rs0", "snapshot", null, [], format, false);
        var link = new DownloadLink(
            LinkSecret.MakeId(),
            hash,
            source,
            name,
            Time.GetUtcNow(),
            Time.GetUtcNow().AddHours(1),
            uses,
            sum
        );
        await Metadata.Links.AddAsync(link);
        return (link, LinkRoute.Of(link.Id, secret, name));
    }

    public async Task<HttpResponseMessage> GetAsync(
        string path,
        string? range = null,
        string? ifRange = null,
        HttpMethod? method = null,
        string? accept = null,
        HttpClient? http = null
    )
    {
        using var request = new HttpRequestMessage(method ?? HttpMethod.Get, path)
        {
            Version = (http ?? Http).DefaultRequestVersion,
            VersionPolicy = HttpVersionPolicy.RequestVersionExact,
        };
        if (range is not null)
        {
            request.Headers.TryAddWithoutValidation("Range", range);
        }

        if (ifRange is not null)
        {
            request.Headers.TryAddWithoutValidation("If-Range", ifRange);
        }

        if (accept is not null)
        {
            request.Headers.Accept.Add(MediaTypeWithQualityHeaderValue.Parse(accept));
        }

        return await (http ?? Http).SendAsync(request, HttpCompletionOption.ResponseHeadersRead);
    }

    public async Task RefusedAsync(string path, HttpStatusCode status, int number, string? range = null)
    {
        using var answer = await GetAsync(path, range);
        await ServerFixture.RefusedAsync(answer, status, number);
    }

    public async Task<DownloadLink> FindAsync(DownloadLink link) => (await Metadata.Links.FindAsync(link.Id))!;

    /// <summary>Outcomes of downloads, in their order.</summary>
    public async Task<List<string>> AuditAsync(DownloadLink link) =>
        [
            .. (await Metadata.Audit.ListAsync(default, 1000))
                .Where(one => one.Actor == $"link {link.Id}")
                .Select(static one => one.Code is null ? one.Outcome : $"{one.Outcome} {one.Code}"),
        ];

    /// <summary>Downloads end a moment after whoever took them knows.</summary>
    public static async Task SoonAsync(Func<Task<bool>> isSo)
    {
        for (var attempt = 0; !await isSo(); attempt++)
        {
            attempt.ShouldBeLessThan(600);
            await Task.Delay(25);
        }
    }

    public async ValueTask DisposeAsync()
    {
        Http.Dispose();
        Downloads.Go();
        await Server.StopAsync();
        await Server.DisposeAsync();
        await Metadata.DisposeAsync();
        _folder.Dispose();
    }

    private async Task StartServerAsync(Func<DownloadLimits, DownloadLimits>? with)
    {
        var limits = new DownloadLimits
        {
            RequestsPerSecondPerAddress = 1000,
            PartsPerMinute = 1000,
            Tail = TimeSpan.Zero,
        };
        Server = await BackupHttpServerHost.StartAsync(
            new BackupHttpServerOptions
            {
                CertificateFolder = _folder.File("certificates"),
                Port = 0,
                Downloads = Downloads,
                DownloadLimits = with?.Invoke(limits) ?? limits,
            },
            Metadata,
            new FullableObjectStore(),
            Time,
            LoggerFactory.Create(builder => builder.SetMinimumLevel(LogLevel.Trace).AddProvider(_log))
        );
    }
}

/// <summary>Bytes that follow from a number, written in pieces as a restore writes them.</summary>
internal sealed class MadeUpDownloads : IDownloads
{
    private TaskCompletionSource? _held;
    private int _opened;

    public byte[] Content { get; set; } = Bytes(300_000);

    public string Tag { get; set; } = "one";

    /// <summary>Before which byte it waits until <see cref="Go"/>; null: it does not wait.</summary>
    public long? HoldAt { get; set; }

    /// <summary>Before which byte this is thrown.</summary>
    public (long At, Exception Failure)? Fails { get; set; }

    /// <summary>Opened instead of what is made up.</summary>
    public IDownloads? Instead { get; set; }

    /// <summary>Thrown instead of opening.</summary>
    public Exception? Refusal { get; set; }

    public int Opened => Volatile.Read(ref _opened);

    public byte[] Sha256 => SHA256.HashData(Content);

    public static byte[] Bytes(int length)
    {
        var bytes = new byte[length];
        new Random(length).NextBytes(bytes);
        return bytes;
    }

    public void Hold(long at)
    {
        _held = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        HoldAt = at;
    }

    public void Go()
    {
        HoldAt = null;
        _held?.TrySetResult();
    }

    public Task<IDownload> OpenAsync(DownloadLink link, CancellationToken cancellation)
    {
        Interlocked.Increment(ref _opened);
        return Instead is { } other ? other.OpenAsync(link, cancellation)
            : Refusal is { } refusal ? Task.FromException<IDownload>(refusal)
            : Task.FromResult<IDownload>(new MadeUp(this, Tag, Content));
    }

    private sealed class MadeUp(MadeUpDownloads owner, string tag, byte[] content) : IDownload
    {
        public string Tag => tag;

        public async Task WriteAsync(Stream output, CancellationToken cancellation)
        {
            const int piece = 10_000;
            for (var at = 0; at < content.Length; at += piece)
            {
                if (owner.HoldAt <= at)
                {
                    await owner._held!.Task.WaitAsync(cancellation);
                }

                if (owner.Fails is { } fails && fails.At <= at)
                {
                    throw fails.Failure;
                }

                var end = Math.Min(content.Length, at + piece);
                if (end == content.Length)
                {
                    // As compressing streams do when they are closed.
                    output.Write(content.AsSpan(at, end - at));
                }
                else
                {
                    await output.WriteAsync(content.AsMemory(at, end - at), cancellation);
                }
            }
        }

        public ValueTask DisposeAsync() => ValueTask.CompletedTask;
    }
}

/// <summary>The system's clock, moved forward; timers are the system's.</summary>
internal sealed class MovableTime : TimeProvider
{
    private long _ticks;

    public override DateTimeOffset GetUtcNow() => base.GetUtcNow() + TimeSpan.FromTicks(Interlocked.Read(ref _ticks));

    public void Advance(TimeSpan by) => Interlocked.Add(ref _ticks, by.Ticks);
}

/// <summary>Keeps every line of every level.</summary>
internal sealed class CapturedLog : ILoggerProvider, ILogger
{
    public ConcurrentQueue<string> Lines { get; } = new();

    public ILogger CreateLogger(string categoryName) => this;

    public IDisposable? BeginScope<TState>(TState state)
        where TState : notnull
    {
        Lines.Enqueue(state.ToString() ?? "");
        return null;
    }

    public bool IsEnabled(LogLevel logLevel) => true;

    public void Log<TState>(
        LogLevel logLevel,
        EventId eventId,
        TState state,
        Exception? exception,
        Func<TState, Exception?, string> formatter
    ) => Lines.Enqueue($"{logLevel} {formatter(state, exception)} {exception}");

    public void Dispose() { }
}
