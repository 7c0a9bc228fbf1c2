using Backup.Foundation.Errors;
using Backup.MongoWire.Bson;
using Backup.MongoWire.Client.Discovery;
using Backup.MongoWire.Dns;
using Backup.MongoWire.Protocol;
using Backup.MongoWire.Uri;

namespace Backup.MongoWire.Client;

/// <summary>
/// A replica set, a mongos or a single server, found and kept in sight: a small pool of connections to each member,
/// heartbeats, server selection, safe retries. Thread-safe; one for a deployment, kept as long as it is used.
/// </summary>
public sealed class MongoClient : IAsyncDisposable
{
    private static readonly TimeSpan DefaultThreshold = TimeSpan.FromMilliseconds(15);
    private readonly MongoClientOptions _options;
    private readonly ConnectionSettings _settings;
    private readonly SelectionRules _rules;
    private readonly TimeSpan _selectionTimeout;
    private readonly int _poolSize;
    private readonly Deployment _deployment;

    /// <param name="connectionString">With its members: mongodb+srv:// is opened by <see cref="OpenAsync"/>.</param>
    /// <exception cref="BackupException">2101 where the connection string wants what is not supported.</exception>
    public MongoClient(ConnectionString connectionString, MongoClientOptions options)
        : this(
            connectionString,
            options,
            TopologyMachine.Start(
                connectionString.Hosts,
                connectionString.Options.ReplicaSet,
                connectionString.Options.DirectConnection,
                options.MinWireVersion
            )
        ) { }

    private MongoClient(ConnectionString connectionString, MongoClientOptions options, TopologyDescription start)
    {
        if (connectionString.Options.LoadBalanced)
        {
            throw MongoWireErrors.Refused("loadBalanced=true", "a backup has to know the members themselves");
        }

        if (connectionString.Credential is { Mechanism: "GSSAPI" })
        {
            throw MongoWireErrors.Refused("GSSAPI", "Kerberos is not built in");
        }

        if (connectionString is { IsSrv: true, IsResolved: false })
        {
            throw new ArgumentException("mongodb+srv:// is opened by OpenAsync.", nameof(connectionString));
        }

        var uri = connectionString.Options;
        var heartbeat = uri.HeartbeatFrequency ?? options.HeartbeatInterval;
        Source = connectionString;
        _options = options;
        _settings = ConnectionSettings.From(connectionString, options);
        _rules = new SelectionRules(heartbeat, uri.LocalThreshold ?? DefaultThreshold);
        _selectionTimeout = uri.ServerSelectionTimeout ?? options.ServerSelectionTimeout;
        _poolSize = uri.MaxPoolSize is > 0 and var size ? size : options.MaxConnectionsPerHost;
        _deployment = new Deployment(
            start,
            _settings,
            _poolSize,
            (address, report) => new ServerMonitor(address, _settings, heartbeat, report)
        );
    }

    /// <summary>What it was opened with, members looked up.</summary>
    public ConnectionString Source { get; }

    /// <summary>A client; the members of a mongodb+srv:// URI are looked up first.</summary>
    /// <exception cref="BackupException">2100, 2101 wrong or unsupported; 2102 the members could not be looked up.</exception>
    public static async Task<MongoClient> OpenAsync(
        ConnectionString connectionString,
        MongoClientOptions options,
        CancellationToken cancellation
    )
    {
        var resolved = connectionString.IsSrv
            ? await SeedlistDiscovery.ResolveAsync(connectionString, options.Dns, cancellation)
            : connectionString;
        return new MongoClient(resolved, options);
    }

    /// <summary>
    /// Another client, for this one member alone: also for a hidden one, which no other member names. It belongs to the caller.
    /// </summary>
    public MongoClient DirectTo(HostAddress host) =>
        new(Source, _options, TopologyMachine.Start([host], Topology.SetName, direct: true, _options.MinWireVersion));

    /// <summary>Another client, for another replica set that takes the same login: a shard of this cluster. It belongs to the caller.</summary>
    /// <param name="replicaSet">Its name.</param>
    /// <param name="hosts">Some of its members.</param>
    public MongoClient ToSet(string replicaSet, IReadOnlyList<HostAddress> hosts) =>
        new(Source, _options, TopologyMachine.Start(hosts, replicaSet, direct: false, _options.MinWireVersion));

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
    ) => RunCommandAsync(database, command, [], target, cancellation);

    /// <summary>The same, with arguments of many documents beside the command: only so may they be longer together than one document.</summary>
    /// <param name="sequences">All of it at most 48,000,000 bytes (<c>maxMessageSizeBytes</c>).</param>
    /// <inheritdoc cref="RunCommandAsync(string, BsonDocument, ReadTarget, CancellationToken)"/>
    public Task<CommandReply> RunCommandAsync(
        string database,
        BsonDocument command,
        IReadOnlyList<DocumentSequence> sequences,
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
                        sequences,
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
    public Task<ConnectionLease> LeaseAsync(ReadTarget target, CancellationToken cancellation) =>
        LeaseAsync(target, avoided: null, cancellation);

    /// <summary>Waits for a member that fits and describes it.</summary>
    /// <exception cref="BackupException">
    /// 2130 after the selection timeout, with what each host answered; at once 2131, 2132, 2133, 2134, 2135, and 2112 where TLS fails with
    /// every host.
    /// </exception>
    public Task<ServerDescription> SelectAsync(ReadTarget target, CancellationToken cancellation) =>
        SelectAsync(target, avoided: null, cancellation);

    /// <summary>Asks every member at once instead of at the next heartbeat.</summary>
    public void RequestCheck() => _deployment.RequestCheck();

    public ValueTask DisposeAsync() => _deployment.DisposeAsync();

    private async Task<ConnectionLease> LeaseAsync(
        ReadTarget target,
        HashSet<HostAddress>? avoided,
        CancellationToken cancellation
    )
    {
        var host = target.Host ?? (await SelectAsync(target, avoided, cancellation)).Address;
        try
        {
            return await _deployment.PoolOf(host).TakeAsync(cancellation);
        }
        catch (BackupException)
        {
            avoided?.Add(host);
            throw;
        }
    }

    private async Task<ServerDescription> SelectAsync(
        ReadTarget target,
        HashSet<HostAddress>? avoided,
        CancellationToken cancellation
    )
    {
        var rules = _rules with { Avoided = avoided };
        var started = _options.Time.GetTimestamp();
        while (true)
        {
            var (topology, changed) = _deployment.Watch();
            ThrowIfHopeless(topology);
            var fitting = ServerSelector.Fitting(topology, target, rules);
            if (fitting.Count > 0)
            {
                return LessBusy(fitting);
            }

            var left = _selectionTimeout - _options.Time.GetElapsedTime(started);
            if (left <= TimeSpan.Zero || topology.Servers.Count == 0)
            {
                throw MongoWireErrors.NoServer(target, _options.Time.GetElapsedTime(started), topology);
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

    /// <summary>Of two by chance the one with fewer commands under way.</summary>
    private ServerDescription LessBusy(List<ServerDescription> fitting)
    {
        var first = fitting[Random.Shared.Next(fitting.Count)];
        var second = fitting[Random.Shared.Next(fitting.Count)];
        return _deployment.PoolOf(second.Address).InUse < _deployment.PoolOf(first.Address).InUse ? second : first;
    }

    private async Task<T> RetryAsync<T>(
        BsonDocument command,
        ReadTarget target,
        Func<ConnectionLease, Task<T>> send,
        CancellationToken cancellation
    )
    {
        var retries = RetryRules.IsRead(command.View.First.NameText) ? _options.ReadRetries : 0;
        var avoided = new HashSet<HostAddress>();
        for (var attempt = 0; ; attempt++)
        {
            try
            {
                var lease = await LeaseAsync(target, avoided, cancellation);
                avoided.Add(lease.Connection.Host);
                return await send(lease);
            }
            catch (BackupException failure) when (RetryRules.IsRetryable(failure))
            {
                if (attempt >= retries || IsSilent(target, failure))
                {
                    throw;
                }

                await PauseAsync(attempt, failure, cancellation);
            }
        }
    }

    /// <summary>A host that answers nobody, while no other will do: each further try would only take the time limit again.</summary>
    private bool IsSilent(ReadTarget target, BackupException failure) =>
        target.Host is { } host
        && (
            failure.Number == MongoWireErrors.TimedOut
            || Topology.Servers.GetValueOrDefault(host)?.ErrorNumber == MongoWireErrors.TimedOut
        );

    /// <summary>
    /// Where a host takes no connection its monitor looks at it soon: that is waited for, so that the next try knows what it found.
    /// </summary>
    private async Task PauseAsync(int attempt, BackupException failure, CancellationToken cancellation)
    {
        var (_, changed) = _deployment.Watch();
        await Task.Delay(RetryRules.Backoff(attempt), _options.Time, cancellation);
        if (failure.Number == MongoWireErrors.HostUnreachable)
        {
            try
            {
                await changed.WaitAsync(ServerMonitor.MinInterval, _options.Time, cancellation);
            }
            catch (TimeoutException)
            {
                // It is tried as it is.
            }
        }
    }

    /// <summary>No waiting makes these better.</summary>
    private void ThrowIfHopeless(TopologyDescription topology)
    {
        if (topology.Incompatibility is { } incompatible)
        {
            throw incompatible;
        }

        if (topology is { Servers.Count: 0, LastRemoved: { } last })
        {
            ThrowIfHopeless(last);
        }

        if (
            topology.Servers.Count > 0
            && topology.Servers.Values.All(server => server.ErrorNumber == MongoWireErrors.TlsFailed)
        )
        {
            throw topology.Servers.Values.First().Failure!;
        }

        if (topology.Servers.Count == 1)
        {
            ThrowIfHopeless(topology.Servers.Values.First());
        }
    }

    private void ThrowIfHopeless(ServerDescription only)
    {
        if (only.Failure is { Number: MongoWireErrors.SetNameMismatch } mismatch)
        {
            throw mismatch;
        }

        if (_options.RequireReplicaSet && only.Type == ServerType.Standalone)
        {
            throw MongoWireErrors.IsStandalone(only.Address);
        }
    }

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
