using Backup.Foundation.Errors;
using Backup.MongoWire.Uri;

namespace Backup.MongoWire.Client;

/// <summary>Asks one server over and over how it is, on a connection of its own that does not log in.</summary>
internal sealed class ServerMonitor : IAsyncDisposable
{
    /// <summary>However urgent: not more often than this.</summary>
    private static readonly TimeSpan MinInterval = TimeSpan.FromMilliseconds(100);

    private readonly HostAddress _host;
    private readonly ConnectionSettings _settings;
    private readonly TimeSpan _interval;
    private readonly Action<ServerDescription> _report;
    private readonly CancellationTokenSource _stopping = new();
    private readonly SemaphoreSlim _wanted = new(0, 1);
    private readonly Task _work;
    private MongoConnection? _connection;

    internal ServerMonitor(
        HostAddress host,
        ConnectionSettings settings,
        TimeSpan interval,
        Action<ServerDescription> report
    )
    {
        _host = host;
        _settings = settings with { Credential = null, Compressors = [], ReadTimeout = settings.ConnectTimeout };
        _interval = interval;
        _report = report;
        _work = Task.Run(WatchAsync);
    }

    /// <summary>Asks at once instead of at the next heartbeat.</summary>
    internal void RequestCheck()
    {
        try
        {
            _wanted.Release();
        }
        catch (SemaphoreFullException)
        {
            // It is wanted already.
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _stopping.CancelAsync();
        await _work;
        if (_connection is not null)
        {
            await _connection.DisposeAsync();
        }
    }

    private async Task WatchAsync()
    {
        try
        {
            while (true)
            {
                _report(await CheckAsync(_stopping.Token));
                await Task.Delay(MinInterval, _settings.Time, _stopping.Token);
                await _wanted.WaitAsync(_interval, _stopping.Token);
            }
        }
        catch (OperationCanceledException)
        {
            // The client is closed.
        }
    }

    private async Task<ServerDescription> CheckAsync(CancellationToken cancellation)
    {
        var started = _settings.Time.GetTimestamp();
        try
        {
            if (_connection is null or { IsBroken: true })
            {
                // The version is judged at selection, with an error of its own.
                _connection = await MongoConnection.ConnectAsync(
                    _host,
                    _settings with
                    {
                        MinWireVersion = 0,
                    },
                    cancellation
                );
                return HelloCommand.Describe(_host, _connection.Hello.View, _settings.Time.GetElapsedTime(started));
            }

            var helloOk = RawFields.Flag(_connection.Hello.View, "helloOk"u8);
            var command = HelloCommand.Heartbeat(helloOk);
            using var reply = await _connection.RunCommandAsync("admin", command, cancellation);
            return HelloCommand.Describe(_host, reply.View, _settings.Time.GetElapsedTime(started));
        }
        catch (BackupException failure)
        {
            _connection?.Break(failure);
            return new ServerDescription
            {
                Address = _host,
                Error = failure.Message,
                ErrorNumber = failure.Number,
                Failure = failure,
            };
        }
    }
}
