using Backup.Foundation.Errors;
using Backup.MongoWire.Uri;

namespace Backup.MongoWire.Client.Discovery;

/// <summary>
/// Asks one server over and over how it is, on a connection of its own that does not log in. Servers from MongoDB 4.4 on hold the
/// answer back until their state changes, so that a change is known at once; older ones are asked at intervals.
/// Source: the driver specification "server monitoring".
/// </summary>
/// <remarks>
/// Of the specification's exhaust replies it makes no use (each answer is asked for), and a round trip is measured on the same
/// connection between two held-back answers, not on a second one.
/// </remarks>
internal sealed class ServerMonitor : IServerMonitor
{
    /// <summary>However urgent: not more often than this.</summary>
    internal static readonly TimeSpan MinInterval = TimeSpan.FromMilliseconds(500);

    private readonly HostAddress _host;
    private readonly ConnectionSettings _settings;
    private readonly TimeSpan _interval;
    private readonly Action<ServerDescription> _report;
    private readonly CancellationTokenSource _stopping = new();
    private readonly Lock _lock = new();
    private readonly Task _work;
    private TaskCompletionSource _wanted = Signal();
    private CancellationTokenSource? _check;
    private MongoConnection? _connection;
    private ServerDescription _last;
    private TimeSpan _roundTrip;
    private long _measured;

    /// <summary>Whether this connection's server held an answer back as it was asked to; something between may not.</summary>
    private bool _holdsBack = true;

    internal ServerMonitor(
        HostAddress host,
        ConnectionSettings settings,
        TimeSpan interval,
        Action<ServerDescription> report
    )
    {
        _host = host;
        _settings = settings with { Credential = null, Compressors = [], ReadTimeout = settings.ConnectTimeout };
        _interval = interval > MinInterval ? interval : MinInterval;
        _report = report;
        _last = ServerDescription.Unknown(host);
        _work = Task.Run(WatchAsync);
    }

    public void RequestCheck()
    {
        lock (_lock)
        {
            if (_check is null)
            {
                _wanted.TrySetResult();
            }
        }
    }

    public void CancelCheck()
    {
        lock (_lock)
        {
            _ = _check?.CancelAsync();
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

    private static TaskCompletionSource Signal() => new(TaskCreationOptions.RunContinuationsAsynchronously);

    private async Task WatchAsync()
    {
        try
        {
            while (true)
            {
                if (await CheckOnceAsync() is not { } found)
                {
                    await WaitAsync();
                    continue;
                }

                var wasKnown = _last.Type != ServerType.Unknown;
                _last = found;
                _report(found);
                var lostNow = wasKnown && found.Failure is not (null or CommandException);
                if (!lostNow && !HoldsBack(found))
                {
                    await WaitAsync();
                }
            }
        }
        catch (OperationCanceledException) when (_stopping.IsCancellationRequested)
        {
            // The client is closed, or the server has left the topology.
        }
    }

    /// <summary>Null where the check was given up, because a command has lost the server meanwhile.</summary>
    private async Task<ServerDescription?> CheckOnceAsync()
    {
        using var check = CancellationTokenSource.CreateLinkedTokenSource(_stopping.Token);
        lock (_lock)
        {
            _check = check;
            _wanted = Signal();
        }

        try
        {
            return await AskAsync(check.Token);
        }
        catch (OperationCanceledException) when (!_stopping.IsCancellationRequested)
        {
            _connection = null;
            return null;
        }
        catch (BackupException failure)
        {
            _connection?.Break(failure);
            _connection = null;
            _roundTrip = TimeSpan.Zero;
            return ServerDescription.Failed(_host, failure);
        }
        finally
        {
            lock (_lock)
            {
                _check = null;
            }
        }
    }

    private async Task<ServerDescription> AskAsync(CancellationToken cancellation)
    {
        var started = _settings.Time.GetTimestamp();
        if (_connection is null or { IsBroken: true })
        {
            // The version is judged at selection, with an error of its own.
            var settings = _settings with
            {
                MinWireVersion = 0,
            };
            _connection = await MongoConnection.ConnectAsync(_host, settings, ConnectionOrigin.Monitor, cancellation);
            _holdsBack = true;
            Measure(started);
            return Timed(HelloCommand.Describe(_host, _connection.Hello.View));
        }

        var helloOk = RawFields.Flag(_connection.Hello.View, "helloOk"u8);
        var isDue = _settings.Time.GetElapsedTime(_measured) >= _interval;
        var known = isDue || !HoldsBack(_last) ? null : _last.TopologyVersion;
        using var reply = await _connection.RunCommandAsync(
            "admin",
            HelloCommand.Heartbeat(helloOk, known, _interval),
            default,
            known is null ? TimeSpan.Zero : _interval,
            cancellation
        );
        var found = HelloCommand.Describe(_host, reply.View);
        if (known is null)
        {
            Measure(started);
        }
        else if (found.TopologyVersion == known && _settings.Time.GetElapsedTime(started) < _interval / 2)
        {
            _holdsBack = false;
        }

        return Timed(found);
    }

    private bool HoldsBack(ServerDescription server) =>
        _holdsBack && server is { Failure: null, TopologyVersion: not null } && server.Type != ServerType.Unknown;

    private void Measure(long started)
    {
        const double weight = 0.2;
        _measured = _settings.Time.GetTimestamp();
        var sample = _settings.Time.GetElapsedTime(started, _measured);
        _roundTrip = _roundTrip == TimeSpan.Zero ? sample : (weight * sample) + ((1 - weight) * _roundTrip);
    }

    private ServerDescription Timed(ServerDescription server) =>
        server with
        {
            RoundTrip = _roundTrip,
            UpdatedAt = _settings.Time.GetElapsedTime(0),
        };

    private async Task WaitAsync()
    {
        await Task.Delay(MinInterval, _settings.Time, _stopping.Token);
        Task wanted;
        lock (_lock)
        {
            wanted = _wanted.Task;
        }

        try
        {
            await wanted.WaitAsync(_interval - MinInterval, _settings.Time, _stopping.Token);
        }
        catch (TimeoutException)
        {
            // The heartbeat is due.
        }
    }
}
