using System.Collections.Concurrent;
using System.Net;
using System.Security.Cryptography;
using Backup.Daemon.Restores;
using Backup.MongoQuery.Spilling;
using Backup.MongoWire.Listener;
using Microsoft.Extensions.Logging;

namespace Backup.Daemon.Serving;

/// <summary>One moment that is served now.</summary>
public sealed partial class ServedEndpoint : IAsyncDisposable
{
    private readonly ServedMoment _moment;
    private readonly ServeHandler _handler;
    private readonly MongoListener _listener;
    private readonly TaskCompletionSource _closed = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly ILogger _logger;
    private int _disposed;

    private ServedEndpoint(
        ServedMoment moment,
        ServeHandler handler,
        MongoListener listener,
        ServeOptions options,
        DateTimeOffset until,
        ILogger logger
    )
    {
        (_moment, _handler, _listener, _logger) = (moment, handler, listener, logger);
        (What, SubjectId, User, HasTls, Until) = (
            options.What,
            options.SubjectId,
            options.User,
            options.Tls is not null,
            until
        );
    }

    /// <summary>Eight hexadecimal digits.</summary>
    public string Id { get; } = Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(4));

    public string What { get; }

    /// <summary>Id of the replica set, or of the cluster's deployment, that it is of.</summary>
    public string SubjectId { get; }

    public string User { get; }

    public bool HasTls { get; }

    public IPEndPoint EndPoint => _listener.EndPoint;

    public DateTimeOffset Until { get; }

    public int Connections => _listener.Connections;

    /// <summary>Completes when it is closed, by whoever.</summary>
    public Task Closed => _closed.Task;

    /// <param name="restore">Disposed with it, also where this throws.</param>
    /// <exception cref="Foundation.Errors.BackupException">9102 without TLS beyond loopback; 2150 where it cannot listen.</exception>
    internal static async Task<ServedEndpoint> StartAsync(
        OpenRestore restore,
        ServeOptions options,
        SpillSpace? spill,
        TimeProvider time,
        ILogger logger
    )
    {
        var moment = new ServedMoment(restore);
        var handler = new ServeHandler(moment, options, spill, time, logger);
        try
        {
            if (options.Tls is null && !IPAddress.IsLoopback(options.EndPoint.Address))
            {
                throw DaemonErrors.PlainBeyondLoopback(options.EndPoint.Address.ToString());
            }

            var listener = MongoListener.Start(
                new ListenerOptions
                {
                    EndPoint = options.EndPoint,
                    Tls = options.Tls,
                    MaxConnections = options.MaxConnections,
                    MaxMessageLength = options.MaxMessageLength,
                    Time = time,
                    HandlerFailed = failure => LogDefect(logger, failure),
                },
                handler
            );
            var until = time.GetUtcNow() + options.Lifetime;
            var made = new ServedEndpoint(moment, handler, listener, options, until, logger);
            made.LogServed(made.Id, made.What, made.EndPoint, until);
            _ = made.ExpireAsync(options.Lifetime, time);
            return made;
        }
        catch
        {
            await handler.DisposeAsync();
            await moment.DisposeAsync();
            throw;
        }
    }

    /// <summary>Closes connections and cursors, and lets the moment go.</summary>
    public async ValueTask DisposeAsync()
    {
        if (Interlocked.Exchange(ref _disposed, 1) != 0)
        {
            await _closed.Task;
            return;
        }

        try
        {
            await _listener.DisposeAsync();
            await _handler.DisposeAsync();
            await _moment.DisposeAsync();
            LogClosed(Id);
        }
        finally
        {
            _closed.TrySetResult();
        }
    }

    private async Task ExpireAsync(TimeSpan lifetime, TimeProvider time)
    {
        try
        {
            await _closed.Task.WaitAsync(lifetime, time);
        }
        catch (TimeoutException)
        {
            await DisposeAsync();
        }
    }

    [LoggerMessage(92, LogLevel.Information, "Serving {What} as {Id} on {EndPoint} until {Until}")]
    private partial void LogServed(string id, string what, IPEndPoint endPoint, DateTimeOffset until);

    [LoggerMessage(93, LogLevel.Information, "{Id} is served no more")]
    private partial void LogClosed(string id);

    [LoggerMessage(94, LogLevel.Error, "A served backup failed at something that is not known")]
    private static partial void LogDefect(ILogger logger, Exception failure);
}

/// <summary>All moments that are served now.</summary>
/// <param name="time">The clock.</param>
/// <param name="logger">Where it logs.</param>
/// <param name="spill">Where sorts and groups go that need more memory than there is, and are allowed to; null: they are refused.</param>
public sealed class ServeRegistry(TimeProvider time, ILogger logger, SpillSpace? spill = null) : IAsyncDisposable
{
    /// <summary>Bytes of the temporary files of all queries together: 16 GiB.</summary>
    private const long SpillBytes = 16L << 30;

    private const int Most = 16;

    /// <summary>Room for the temporary files of queries, where restores have theirs.</summary>
    /// <param name="spillFolder">The daemon's.</param>
    public static SpillSpace SpillOf(string spillFolder) =>
        new(PointInTime.RestoreFolder.Root(new DaemonOptions { SpillFolder = spillFolder }), SpillBytes);

    private readonly ConcurrentDictionary<string, ServedEndpoint> _served = new(StringComparer.Ordinal);

    /// <summary>By when they end.</summary>
    public IReadOnlyList<ServedEndpoint> All => [.. _served.Values.OrderBy(static one => one.Until)];

    /// <param name="restore">Disposed with it, also where this throws.</param>
    /// <param name="options">How.</param>
    /// <exception cref="Foundation.Errors.BackupException">9101 too many, 9102 without TLS beyond loopback, 2150 where it cannot listen.</exception>
    public async Task<ServedEndpoint> StartAsync(OpenRestore restore, ServeOptions options)
    {
        if (_served.Count >= Most)
        {
            await restore.DisposeAsync();
            throw DaemonErrors.ServedTooMuch(Most);
        }

        var served = await ServedEndpoint.StartAsync(restore, options, spill, time, logger);
        _served[served.Id] = served;
        _ = ForgetAsync(served);
        return served;
    }

    /// <exception cref="Foundation.Errors.BackupException">9100</exception>
    public async Task StopAsync(string id)
    {
        if (!_served.TryRemove(id, out var served))
        {
            throw DaemonErrors.NotServed(id);
        }

        await served.DisposeAsync();
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var served in _served.Values)
        {
            await served.DisposeAsync();
        }
    }

    private async Task ForgetAsync(ServedEndpoint served)
    {
        await served.Closed;
        _served.TryRemove(served.Id, out _);
    }
}
