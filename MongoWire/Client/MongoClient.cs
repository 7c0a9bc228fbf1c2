using Backup.Foundation.Errors;
using Backup.MongoWire.Bson;
using Backup.MongoWire.Uri;

namespace Backup.MongoWire.Client;

/// <summary>
/// A replica set, a mongos or a single server, found and kept in sight: a small pool of connections to each member,
/// heartbeats, server selection, safe retries. Thread-safe; one for a deployment, kept as long as it is used.
/// </summary>
public sealed class MongoClient : IAsyncDisposable
{
    private readonly MongoClientOptions _options;
    private readonly TimeSpan _selectionTimeout;
    private readonly Deployment _deployment;

    /// <exception cref="BackupException">2101 where the connection string wants what is not supported.</exception>
    public MongoClient(ConnectionString connectionString, MongoClientOptions options)
    {
        if (connectionString.Options.LoadBalanced)
        {
            throw MongoWireErrors.Refused("loadBalanced=true", "a backup has to know the members themselves");
        }

        if (connectionString.IsSrv)
        {
            throw MongoWireErrors.Srv(connectionString.Hosts[0].Host);
        }

        if (connectionString.Credential is { Mechanism: "GSSAPI" })
        {
            throw MongoWireErrors.Refused("GSSAPI", "Kerberos is not built in");
        }

        _options = options;
        var uri = connectionString.Options;
        _selectionTimeout = uri.ServerSelectionTimeout ?? options.ServerSelectionTimeout;
        _deployment = new Deployment(
            TopologyMachine.Start(connectionString.Hosts, uri.ReplicaSet, uri.DirectConnection),
            ConnectionSettings.From(connectionString, options),
            uri.HeartbeatFrequency ?? options.HeartbeatInterval,
            uri.MaxPoolSize is > 0 and var size ? size : options.MaxConnectionsPerHost
        );
    }

    /// <summary>What is known of the members now.</summary>
    public TopologyDescription Topology => _deployment.Topology;

    /// <summary>Sends a command to a member that fits. Reads (by name) are retried, everything else is sent once.</summary>
    /// <param name="database">Becomes <c>$db</c>.</param>
    /// <param name="command">Without <c>$db</c> and <c>$readPreference</c>.</param>
    /// <exception cref="CommandException">The server answered ok: 0.</exception>
    /// <exception cref="BackupException">2110 to 2133: it could not be asked; see MongoWireErrors.</exception>
    public Task<CommandReply> RunCommandAsync(
        string database,
        BsonDocument command,
        ReadTarget target,
        CancellationToken cancellation
    ) =>
        RetryAsync(
            command,
            target,
            async lease =>
            {
                using (lease)
                {
                    return await lease.Connection.RunCommandAsync(
                        database,
                        command,
                        ReadPreferenceOf(target),
                        TimeSpan.Zero,
                        cancellation
                    );
                }
            },
            cancellation
        );

    /// <summary>Opens a cursor with a command that answers one: find, aggregate, listCollections, listIndexes.</summary>
    public Task<MongoCursor> OpenCursorAsync(
        string database,
        BsonDocument command,
        ReadTarget target,
        CursorOptions options,
        CancellationToken cancellation
    ) =>
        RetryAsync(
            command,
            target,
            async lease =>
            {
                try
                {
                    return await MongoCursor.OpenAsync(
                        lease,
                        database,
                        command,
                        ReadPreferenceOf(target),
                        options,
                        cancellation
                    );
                }
                catch
                {
                    lease.Dispose();
                    throw;
                }
            },
            cancellation
        );

    /// <summary>A connection for the caller alone until it is disposed (then it goes back to the pool).</summary>
    public async Task<ConnectionLease> LeaseAsync(ReadTarget target, CancellationToken cancellation)
    {
        var host = target.Host ?? (await SelectAsync(target, cancellation)).Address;
        try
        {
            return await _deployment.PoolOf(host).TakeAsync(cancellation);
        }
        catch (BackupException failure) when (failure.IsTransient)
        {
            await _deployment.DistrustAsync(host, failure, clearPool: true);
            throw;
        }
    }

    /// <summary>Waits for a member that fits and describes it.</summary>
    /// <exception cref="BackupException">2130 after the selection timeout, with what each host answered; 2131, 2132, 2133 at once.</exception>
    public async Task<ServerDescription> SelectAsync(ReadTarget target, CancellationToken cancellation)
    {
        var started = _options.Time.GetTimestamp();
        while (true)
        {
            var (topology, changed) = _deployment.Watch();
            ThrowIfHopeless(topology);
            var fitting = ServerSelector.Fitting(topology, target);
            if (fitting.Count > 0)
            {
                return Judged(fitting[Random.Shared.Next(fitting.Count)]);
            }

            var left = _selectionTimeout - _options.Time.GetElapsedTime(started);
            if (left <= TimeSpan.Zero)
            {
                throw MongoWireErrors.NoServer(target, _selectionTimeout, topology);
            }

            _deployment.RequestCheck();
            try
            {
                await changed.WaitAsync(left, _options.Time, cancellation);
            }
            catch (TimeoutException)
            {
                throw MongoWireErrors.NoServer(target, _selectionTimeout, _deployment.Topology);
            }
        }
    }

    /// <summary>Asks every member at once instead of at the next heartbeat.</summary>
    public void RequestCheck() => _deployment.RequestCheck();

    public ValueTask DisposeAsync() => _deployment.DisposeAsync();

    private async Task<T> RetryAsync<T>(
        BsonDocument command,
        ReadTarget target,
        Func<ConnectionLease, Task<T>> send,
        CancellationToken cancellation
    )
    {
        var retries = RetryRules.IsRead(command.View.First.NameText) ? _options.ReadRetries : 0;
        for (var attempt = 0; ; attempt++)
        {
            var host = default(HostAddress?);
            try
            {
                var lease = await LeaseAsync(target, cancellation);
                host = lease.Connection.Host;
                return await send(lease);
            }
            catch (BackupException failure) when (RetryRules.IsRetryable(failure))
            {
                if (host is { } distrusted)
                {
                    await LearnAsync(distrusted, failure);
                }

                if (attempt >= retries)
                {
                    throw;
                }

                await Task.Delay(RetryRules.Backoff(attempt), _options.Time, cancellation);
            }
        }
    }

    private async Task LearnAsync(HostAddress host, BackupException failure)
    {
        if (failure is not CommandException refused)
        {
            await _deployment.DistrustAsync(host, failure, clearPool: true);
        }
        else if (refused.IsStateChange)
        {
            await _deployment.DistrustAsync(host, refused, ServerErrors.IsShutdown(refused.ServerCode));
        }
    }

    /// <summary>No waiting makes these better.</summary>
    private void ThrowIfHopeless(TopologyDescription topology)
    {
        if (_options.RequireReplicaSet && topology is { Servers.Count: 0, LastRemoved.Type: ServerType.Standalone })
        {
            throw MongoWireErrors.IsStandalone(topology.LastRemoved.Address);
        }

        if (
            topology.Servers.Count > 0
            && topology.Servers.Values.All(server => server.ErrorNumber == MongoWireErrors.TlsFailed)
            && topology.Servers.Values.First().Failure is { } tls
        )
        {
            throw tls;
        }

        if (topology.Servers.Count != 1)
        {
            return;
        }

        var only = topology.Servers.Values.First();
        if (only.ErrorNumber == MongoWireErrors.SetNameMismatch)
        {
            throw MongoWireErrors.WrongSet(only.Address, only.SetName, topology.SetName!);
        }

        if (_options.RequireReplicaSet && only.Type == ServerType.Standalone)
        {
            throw MongoWireErrors.IsStandalone(only.Address);
        }
    }

    private ServerDescription Judged(ServerDescription server) =>
        server.MaxWireVersion >= _options.MinWireVersion
            ? server
            : throw MongoWireErrors.TooOld(server.Address, server.MaxWireVersion, _options.MinWireVersion);

    /// <summary>As elements behind the command. A named host or a direct connection may be a secondary.</summary>
    private ReadOnlyMemory<byte> ReadPreferenceOf(ReadTarget target)
    {
        var mode = _deployment.Topology.Type switch
        {
            TopologyType.Single => ReadPreferenceMode.PrimaryPreferred,
            _ => target.Mode,
        };
        if (mode == ReadPreferenceMode.Primary)
        {
            return default;
        }

        var name = mode.ToString();
        using var writer = new BsonWriter();
        writer
            .BeginDocument("$readPreference"u8)
            .String("mode"u8, char.ToLowerInvariant(name[0]) + name[1..])
            .EndDocument();
        return writer.Written.ToArray();
    }
}
