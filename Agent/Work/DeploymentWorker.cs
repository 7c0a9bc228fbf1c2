using Backup.Agent.Flow;
using Backup.Agent.Server;
using Backup.Agent.Source;
using Backup.Agent.Sync;
using Backup.Agent.Tail;
using Backup.Foundation.Contracts;
using Backup.Foundation.Errors;
using Backup.MongoWire.Client;
using Backup.MongoWire.Uri;

namespace Backup.Agent.Work;

/// <summary>
/// Works on one deployment for as long as it is configured. There is one way to recover from anything: let go of everything, wait,
/// discover again, ask the server for the position and go on from there.
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

    private static readonly TimeSpan LookPatience = TimeSpan.FromSeconds(2);
    private volatile SourceMember? _member;

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
        var backoff = new Backoff(time, TimeSpan.FromMilliseconds(500), TimeSpan.FromSeconds(15));
        while (!cancellation.IsCancellationRequested)
        {
            try
            {
                await OnceAsync(backoff, cancellation);
            }
            catch (OperationCanceledException) when (cancellation.IsCancellationRequested)
            {
                return;
            }
            catch (Exception failure)
            {
                var known = failure as BackupException ?? AgentErrors.Defect(failure);
                _member = null;
                Status.Failed(known);
                Status.Phase = "waiting";
                log.Error(known, deployment.Name);
            }

            await backoff.WaitAsync(cancellation).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    internal static MongoClient Connect(string uri, TimeProvider time) =>
        new(
            ConnectionString.Parse(uri),
            new MongoClientOptions
            {
                ApplicationName = "backup-agent",
                RequireReplicaSet = true,
                MinWireVersion = OldestWireVersion,
                ConnectTimeout = TimeSpan.FromSeconds(5),
                ServerSelectionTimeout = TimeSpan.FromSeconds(8),
                Time = time,
            }
        );

    private async Task OnceAsync(Backoff backoff, CancellationToken cancellation)
    {
        Status.Phase = "connecting";
        await using var client = Connect(deployment.Uri, time);
        var member = await SourceMember.ChooseAsync(client, cancellation);
        _member = member;
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
            log.Info("working", deployment.Name, $"{report.Name} through {member.Target}");
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
        using var both = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        var tail = new OplogTail(member, server, limits, Status, time, position).RunAsync(both.Token);
        var copy = position.Copying ? sync.CopyAsync(position, both.Token) : Task.CompletedTask;
        if (!position.Copying)
        {
            Status.Phase = "tailing";
        }

        try
        {
            var first = await Task.WhenAny(tail, copy);
            await first;
            backoff.Reset();
            await tail;
        }
        catch (BackupException failure)
        {
            await both.CancelAsync();
            await Task.WhenAll(tail, copy).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            var last = (position.LastOplog ?? position.Begin).ToOptime();
            if (await OplogEdge.ReportAsync(member, failure, last, cancellation) is { } hole)
            {
                await server.ReportHoleAsync(replicaSetId, hole, cancellation);
            }

            throw;
        }
        finally
        {
            await both.CancelAsync();
            await Task.WhenAll(tail, copy).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }
}
