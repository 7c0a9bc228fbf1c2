using Backup.Agent.Flow;
using Backup.Agent.Server;
using Backup.Agent.Source;
using Backup.Agent.Sync;
using Backup.Agent.Tail;
using Backup.Foundation.Contracts;
using Backup.Foundation.Errors;
using Backup.MongoWire;
using Backup.MongoWire.Client;
using Backup.MongoWire.Uri;

namespace Backup.Agent.Work;

/// <summary>
/// Works on one deployment for as long as it is configured. There is one way to recover from anything: let go of the member, wait,
/// choose again, ask the server for the position and go on from there. Only the view of the set is kept while some member of it
/// answers: it knows members that the URI may not name.
/// </summary>
internal sealed class DeploymentWorker(
    ConfiguredDeployment deployment,
    ServerClient server,
    FlowLimits limits,
    AgentLog log,
    TimeProvider time
)
{
    /// <summary>MongoDB 4.0.</summary>
    private const int OldestWireVersion = 7;

    private static readonly TimeSpan StopPoll = TimeSpan.FromSeconds(5);

    /// <summary>After an election the backup shall be there again within ten seconds, connecting included.</summary>
    private static readonly TimeSpan LongestBackoff = TimeSpan.FromSeconds(5);

    /// <summary>Who has worked so long is not in trouble: the next wait is a short one.</summary>
    private static readonly TimeSpan Steady = TimeSpan.FromSeconds(5);

    private static readonly TimeSpan LookPatience = TimeSpan.FromSeconds(2);

    private readonly ShunnedMembers _shunned = new(time);
    private volatile SourceMember? _member;
    private MongoClient? _set;

    public WorkStatus Status { get; } = new(deployment.Id);

    /// <summary>
    /// Reads the source's committed point for the next heartbeat. Whoever asks for a snapshot waits for a heartbeat that was read after
    /// the request: a point from before, sent again, would promise what nobody has seen.
    /// </summary>
    public async Task LookAsync(CancellationToken cancellation)
    {
        Status.Saw(null);
        if (_member is not { } member)
        {
            return;
        }

        using var patience = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        patience.CancelAfter(LookPatience);
        try
        {
            Status.Saw(await member.PrimaryMajorityAsync(patience.Token));
        }
        catch (Exception failure)
            when (failure is BackupException or ObjectDisposedException
                || (failure is OperationCanceledException && !cancellation.IsCancellationRequested)
            )
        {
            // The heartbeat goes without it; the worker finds out why by itself.
        }
    }

    /// <summary>Runs until it is cancelled.</summary>
    public async Task RunAsync(CancellationToken cancellation)
    {
        var backoff = new Backoff(time, TimeSpan.FromMilliseconds(500), LongestBackoff);
        try
        {
            while (!cancellation.IsCancellationRequested)
            {
                await TryAsync(backoff, cancellation);
                await backoff.WaitAsync(cancellation).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }
        }
        finally
        {
            await ForgetSetAsync();
        }
    }

    /// <exception cref="BackupException">2100 to 2102: the URI, or the look-up of its members.</exception>
    internal static Task<MongoClient> ConnectAsync(string uri, TimeProvider time, CancellationToken cancellation) =>
        MongoClient.OpenAsync(
            ConnectionString.Parse(uri),
            new MongoClientOptions
            {
                ApplicationName = "backup-agent",
                RequireReplicaSet = true,
                MinWireVersion = OldestWireVersion,
                ConnectTimeout = TimeSpan.FromSeconds(5),
                ServerSelectionTimeout = TimeSpan.FromSeconds(8),
                HeartbeatInterval = TimeSpan.FromSeconds(2),
                Time = time,
            },
            cancellation
        );

    private async Task TryAsync(Backoff backoff, CancellationToken cancellation)
    {
        try
        {
            await OnceAsync(backoff, cancellation);
        }
        catch (OperationCanceledException) when (cancellation.IsCancellationRequested)
        {
            // Stopping.
        }
        catch (Exception failure)
        {
            var known = failure as BackupException ?? AgentErrors.Defect(failure);
            Status.Failed(known);
            Status.Phase = "waiting";
            log.Error(known, deployment.Name);
            if (!known.IsTransient || _set?.Topology.Servers.Values.Any(server => server.IsReadable) != true)
            {
                await ForgetSetAsync();
            }
        }
    }

    private async Task ForgetSetAsync()
    {
        if (Interlocked.Exchange(ref _set, null) is { } set)
        {
            await set.DisposeAsync();
        }
    }

    private async Task OnceAsync(Backoff backoff, CancellationToken cancellation)
    {
        Status.Phase = "connecting";
        _set ??= await ConnectAsync(deployment.Uri, time, cancellation);
        await using var member = await MemberChoice.ChooseAsync(_set, _shunned.Now(), cancellation);
        _member = member;
        try
        {
            await ServeAsync(member, backoff, cancellation);
        }
        catch (BackupException failure) when (IsMembers(failure))
        {
            _shunned.Add(member.Host);
            throw;
        }
        finally
        {
            _member = null;
        }
    }

    /// <summary>Whether another member may do better: errors of the connection to it, or found in what it gave. A missing primary is none.</summary>
    private static bool IsMembers(BackupException failure) =>
        failure.Number
            is (>= 2000 and < 2500 and not MongoWireErrors.NoSuitableServer)
                or AgentErrors.MemberBehind
                or AgentErrors.MemberUnfit;

    private async Task ServeAsync(SourceMember member, Backoff backoff, CancellationToken cancellation)
    {
        var report = await Discovery.RunAsync(member, cancellation);
        var assignment = await server.DiscoverAsync(deployment.Id, report, cancellation);
        Status.ReplicaSetId = assignment.ReplicaSetId;
        while (assignment.Stop is { } stop)
        {
            // Only an operator's word ends this: ask again now and then.
            Status.SetFault(stop);
            Status.Phase = "stopped";
            await Task.Delay(StopPoll, time, cancellation);
            assignment = await server.DiscoverAsync(deployment.Id, report, cancellation);
        }

        Status.SetFault(null);
        var sync = new InitialSync(member, server, limits, Status, time);
        if (assignment.Sync is null)
        {
            Status.Phase = "listing";
            assignment = await sync.BeginAsync(assignment.ReplicaSetId, cancellation);
        }

        if (assignment.Sync is { } position)
        {
            log.Info("working", deployment.Name, $"{report.Name} through {member.Host}");
            await WorkAsync(member, sync, assignment.ReplicaSetId, position, backoff, cancellation);
        }
    }

    /// <summary>Tails and copies at the same time, so that the oplog cannot roll away during the copy; ends with the first failure of either.</summary>
    private async Task WorkAsync(
        SourceMember member,
        InitialSync sync,
        string replicaSetId,
        SyncPosition position,
        Backoff backoff,
        CancellationToken cancellation
    )
    {
        var started = time.GetTimestamp();
        using var both = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        var tail = new OplogTail(member, server, limits, Status, time, position).RunAsync(both.Token);
        var copy = position.Copying ? sync.CopyAsync(position, both.Token) : Task.CompletedTask;
        var watch = new MemberWatch(member, () => copy.IsCompleted, time).RunAsync(both.Token);
        if (!position.Copying)
        {
            Status.Phase = "tailing";
        }

        try
        {
            await await Task.WhenAny(tail, copy, watch);
            await await Task.WhenAny(tail, watch);
        }
        catch (BackupException failure)
        {
            await both.CancelAsync();
            await Task.WhenAll(tail, copy, watch).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            await ReportHoleAsync(member, replicaSetId, position, failure, cancellation);
            throw;
        }
        finally
        {
            await both.CancelAsync();
            await Task.WhenAll(tail, copy, watch).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            if (time.GetElapsedTime(started) > Steady)
            {
                backoff.Reset();
            }
        }
    }

    /// <summary>
    /// A hole or a rollback stops the deployment until an operator decides. One member's word is not enough for that: it may have a
    /// smaller oplog than others, or have been synced anew.
    /// </summary>
    /// <exception cref="BackupException">7019 where another member goes on from where this one does not.</exception>
    private async Task ReportHoleAsync(
        SourceMember member,
        string replicaSetId,
        SyncPosition position,
        BackupException failure,
        CancellationToken cancellation
    )
    {
        var last = (position.LastOplog ?? position.Begin).ToOptime();
        if (await OplogEdge.ReportAsync(member, failure, last, cancellation) is not { } hole)
        {
            return;
        }

        if (await OplogQuery.IsElsewhereAsync(member, last, cancellation))
        {
            throw AgentErrors.Unfit(member.Host, $"its oplog does not hold {last}, another member's does");
        }

        await server.ReportHoleAsync(replicaSetId, hole, cancellation);
    }
}
