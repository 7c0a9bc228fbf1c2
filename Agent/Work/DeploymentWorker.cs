using Backup.Agent.Clusters;
using Backup.Agent.Flow;
using Backup.Agent.Hosts;
using Backup.Agent.Monitoring;
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
/// Works on one deployment for as long as it is configured and this agent has its lease; stands by without touching the source else. There is one
/// way to recover from anything: let go of the member, wait, choose again, ask the server for the position and go on from there. Only the view of
/// the set is kept while some member of it answers: it knows members that the URI may not name.
/// </summary>
/// <param name="deployment">Which.</param>
/// <param name="session">Of this run of the agent.</param>
/// <param name="server">The backup server.</param>
/// <param name="limits">Bounds of all that is read.</param>
/// <param name="control">How the source is to be read, changed from outside.</param>
/// <param name="log">What it does.</param>
/// <param name="time">The clock.</param>
internal sealed class DeploymentWorker(
    ConfiguredDeployment deployment,
    string session,
    ServerClient server,
    FlowLimits limits,
    SourceControl control,
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

    /// <summary>In times that the lease is asked for: an election is over by then. Who still cannot reach the source lets another agent try.</summary>
    private const int MostTrouble = 7;

    /// <summary>In the same measure: long enough for whoever stands by to ask.</summary>
    private const int AfterYielding = 3;

    private readonly ShunnedMembers _shunned = new(time);
    private volatile SourceMember? _read;
    private MongoClient? _set;
    private long? _troubledSince;

    public WorkStatus Status { get; } = new(deployment, time);

    /// <summary>What this agent costs the source.</summary>
    public LoadMeter Load { get; } = new(control.Traffic, control.Rate, time);

    /// <summary>
    /// Reads the source's committed point for the next heartbeat. Whoever asks for a snapshot waits for a heartbeat that was read after
    /// the request: a point from before, sent again, would promise what nobody has seen.
    /// </summary>
    /// <param name="after">The server's time of the answer to the heartbeat before; null where there was none.</param>
    /// <param name="cancellation">Gives up.</param>
    public async Task LookAsync(long? after, CancellationToken cancellation)
    {
        var fence = Status.Fence;
        Status.Saw(null, fence, after);
        // While the reading is paused, the source is left alone, and nothing of it is promised.
        if (_read is not { } member)
        {
            return;
        }

        using var patience = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        patience.CancelAfter(LookPatience);
        try
        {
            Status.Saw(await member.PrimaryMajorityAsync(patience.Token), fence, after);
        }
        catch (Exception failure)
            when (failure is BackupException or ObjectDisposedException
                || (failure is OperationCanceledException && !cancellation.IsCancellationRequested)
            )
        {
            // The heartbeat goes without it; the worker finds out why by itself.
        }
    }

    /// <summary>Does what is asked of the source's servers, and tells the server what came of it. It never fails.</summary>
    public async Task AnswerAsync(HostRequest asked, CancellationToken cancellation)
    {
        try
        {
            log.Info("hosts asked", deployment.Name, asked.StepDown is null ? "log and operations" : "step down");
            var answer = await new HostWork(_read, time).DoAsync(asked, cancellation);
            await server.HostAnswerAsync(deployment.Id, answer, cancellation);
        }
        catch (BackupException failure)
        {
            log.Error(failure, deployment.Name);
        }
        catch (OperationCanceledException) when (cancellation.IsCancellationRequested)
        {
            // Stopping.
        }
    }

    /// <summary>Runs until it is cancelled.</summary>
    public async Task RunAsync(CancellationToken cancellation)
    {
        var keeper = new LeaseKeeper(deployment, session, server, Status, log, time);
        try
        {
            while (true)
            {
                TimeSpan pause;
                await using (var lease = await keeper.AcquireAsync(cancellation))
                {
                    var yielded = await WorkUnderAsync(lease, cancellation);
                    pause = yielded ? AfterYielding * lease.Interval : TimeSpan.Zero;
                }

                await Task.Delay(pause, time, cancellation);
            }
        }
        catch (OperationCanceledException) when (cancellation.IsCancellationRequested)
        {
            // Stopping.
        }
    }

    /// <summary>Comes back when the lease is over, or (true) is better given to another agent.</summary>
    private async Task<bool> WorkUnderAsync(HeldLease lease, CancellationToken cancellation)
    {
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellation, lease.Over);
        var backoff = new Backoff(time, TimeSpan.FromMilliseconds(500), LongestBackoff);
        _troubledSince = null;
        try
        {
            while (!either.IsCancellationRequested)
            {
                var turn = control.Turn;
                using var now = CancellationTokenSource.CreateLinkedTokenSource(either.Token, turn);
                var failure = await TryAsync(lease.Server, backoff, now.Token);
                if (failure is not null && ShouldYield(failure, lease))
                {
                    log.Info("lease yielded", deployment.Name, "another agent may reach the source");
                    return true;
                }

                if (failure is not null)
                {
                    await lease.ConfirmAsync(either.Token);
                }

                // An operator's word is followed at once.
                await backoff.WaitAsync(now.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }

            return false;
        }
        finally
        {
            await ForgetSetAsync();
        }
    }

    /// <summary>Whether the source has been out of this agent's reach for so long that the one that stands by is to try.</summary>
    private bool ShouldYield(BackupException failure, HeldLease lease)
    {
        if (!IsSources(failure))
        {
            return false;
        }

        _troubledSince ??= time.GetTimestamp();
        return lease.HasStandBy && time.GetElapsedTime(_troubledSince.Value) > MostTrouble * lease.Interval;
    }

    /// <exception cref="BackupException">2100 to 2102: the URI, or the look-up of its members.</exception>
    internal static Task<MongoClient> ConnectAsync(
        string uri,
        WireTraffic traffic,
        TimeProvider time,
        CancellationToken cancellation
    ) =>
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
                Traffic = traffic,
                Time = time,
            },
            cancellation
        );

    /// <returns>Why it ended; null where it was cancelled.</returns>
    private async Task<BackupException?> TryAsync(LeasedServer leased, Backoff backoff, CancellationToken cancellation)
    {
        try
        {
            await OnceAsync(leased, backoff, cancellation);
            return null;
        }
        catch (OperationCanceledException) when (cancellation.IsCancellationRequested)
        {
            return null;
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

            return known;
        }
    }

    private async Task ForgetSetAsync()
    {
        if (Interlocked.Exchange(ref _set, null) is { } set)
        {
            await set.DisposeAsync();
        }
    }

    private async Task OnceAsync(LeasedServer leased, Backoff backoff, CancellationToken cancellation)
    {
        if (control.Now.Paused)
        {
            await StayPausedAsync(leased, cancellation);
            return;
        }

        Status.Phase = "connecting";
        var rule = control.Rule;
        _set ??= await ConnectAsync(deployment.Uri, control.Traffic, time, cancellation);
        await WorkOnClusterAsync(_set, leased, cancellation);
        await using var member = await MemberChoice.ChooseAsync(_set, rule, _shunned.Now(), cancellation);
        _read = member;
        Status.Member = member;
        try
        {
            await ServeAsync(member, rule, leased, backoff, cancellation);
        }
        catch (BackupException failure) when (IsMembers(failure))
        {
            _shunned.Add(member.Host);
            throw;
        }
        finally
        {
            _read = null;
            Status.Member = null;
        }
    }

    /// <summary>
    /// Reads neither collections nor oplog until it is cancelled. How much time the oplog still holds is asked for now and then; where that does not
    /// work, the pause goes on all the same.
    /// </summary>
    private async Task StayPausedAsync(LeasedServer leased, CancellationToken cancellation)
    {
        Status.Phase = "paused";
        Status.SetFault(null);
        log.Info("paused", deployment.Name);
        while (true)
        {
            try
            {
                _set ??= await ConnectAsync(deployment.Uri, control.Traffic, time, cancellation);
                // It reads no data, and may owe the balancer its start.
                await WorkOnClusterAsync(_set, leased, cancellation);
                await using var member = await MemberChoice.ChooseAsync(
                    _set,
                    control.Rule,
                    _shunned.Now(),
                    cancellation
                );
                Status.Member = member;
                using var lost = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
                var oplog = new OplogWatch(member, Status, time).RunAsync(lost.Token);
                var watch = new MemberWatch(member, control.Rule, () => true, time).RunAsync(lost.Token);
                await Task.WhenAny(oplog, watch);
                await lost.CancelAsync();
                await Task.WhenAll(oplog, watch).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }
            catch (BackupException failure)
            {
                log.Error(failure, deployment.Name);
                await ForgetSetAsync();
            }
            finally
            {
                Status.Member = null;
            }

            await Task.Delay(StopPoll, time, cancellation);
        }
    }

    /// <summary>Where routers are behind the URI: works on the cluster until it is cancelled. Comes back at once else.</summary>
    private async Task WorkOnClusterAsync(MongoClient set, LeasedServer leased, CancellationToken cancellation)
    {
        if (await ClusterSource.IsBehindAsync(set, cancellation))
        {
            await new ClusterWork(deployment, set, limits.ClusterInterval, leased, Status, log, time).RunAsync(
                cancellation
            );
        }
    }

    /// <summary>Whether another member may do better: errors of the connection to it, or found in what it gave. A missing primary is none.</summary>
    private static bool IsMembers(BackupException failure) =>
        failure.Number
            is (>= 2000 and < 2500 and not MongoWireErrors.NoSuitableServer)
                or AgentErrors.MemberBehind
                or AgentErrors.MemberUnfit;

    /// <summary>Whether the source, not the server, is what failed.</summary>
    private static bool IsSources(BackupException failure) =>
        failure.Number
            is (>= 2000 and < 2500)
                or AgentErrors.MemberBehind
                or AgentErrors.MemberUnfit
                or AgentErrors.RuleUnmatched
                or AgentErrors.PrivilegesMissing
                or AgentErrors.NoReplicaSet;

    private async Task ServeAsync(
        SourceMember member,
        MemberRule rule,
        LeasedServer leased,
        Backoff backoff,
        CancellationToken cancellation
    )
    {
        var report = await Discovery.RunAsync(member, cancellation);
        var assignment = await leased.DiscoverAsync(deployment.Id, report, cancellation);
        Status.ReplicaSetId = assignment.ReplicaSetId;
        while (assignment.Stop is { } stop)
        {
            // Only an operator's word ends this: ask again now and then.
            Status.SetFault(stop);
            Status.Phase = "stopped";
            await Task.Delay(StopPoll, time, cancellation);
            assignment = await leased.DiscoverAsync(deployment.Id, report, cancellation);
        }

        Status.SetFault(null);
        var sync = new InitialSync(member, leased, limits, Status, time);
        if (assignment.Sync is null)
        {
            Status.Phase = "listing";
            assignment = await sync.BeginAsync(assignment.ReplicaSetId, assignment.Filter, cancellation);
        }

        if (assignment.Sync is { } position)
        {
            log.Info("working", deployment.Name, $"{report.Name} through {member.Host}");
            await WorkAsync(member, rule, leased, sync, assignment.ReplicaSetId, position, backoff, cancellation);
        }
    }

    /// <summary>Tails and copies at the same time, so that the oplog cannot roll away during the copy; ends with the first failure of either.</summary>
    private async Task WorkAsync(
        SourceMember member,
        MemberRule rule,
        LeasedServer leased,
        InitialSync sync,
        string replicaSetId,
        SyncPosition position,
        Backoff backoff,
        CancellationToken cancellation
    )
    {
        var started = time.GetTimestamp();
        Status.StartAt(position);
        using var both = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        var tail = new OplogTail(member, leased, limits, Status, time, position).RunAsync(both.Token);
        var copy = position.Copying ? sync.CopyAsync(position, both.Token) : Task.CompletedTask;
        var partials = new PartialSyncs(sync, leased, replicaSetId, time);
        var beside = partials.RunAsync(copy, both.Token);
        var watch = new MemberWatch(member, rule, () => copy.IsCompleted && !partials.IsCopying, time).RunAsync(
            both.Token
        );
        var monitor = new SourceMonitor(member, server, deployment.Id, time).RunAsync(both.Token);
        var oplog = new OplogWatch(member, Status, time).RunAsync(both.Token);
        if (!position.Copying)
        {
            Status.Phase = "tailing";
        }

        try
        {
            await await Task.WhenAny(tail, copy, watch);
            await await Task.WhenAny(tail, beside, watch);
        }
        catch (BackupException failure)
        {
            await both.CancelAsync();
            await Task.WhenAll(tail, copy, beside, watch).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            await ReportHoleAsync(member, leased, replicaSetId, position, failure, cancellation);
            throw;
        }
        finally
        {
            await both.CancelAsync();
            await Task.WhenAll(tail, copy, beside, watch, monitor, oplog)
                .ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            if (time.GetElapsedTime(started) > Steady)
            {
                backoff.Reset();
                _troubledSince = null;
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
        LeasedServer leased,
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

        await leased.ReportHoleAsync(replicaSetId, hole, cancellation);
    }
}
