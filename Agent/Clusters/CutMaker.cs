using Backup.Agent.Server;
using Backup.Agent.Work;
using Backup.Foundation.Contracts;
using Backup.Foundation.Errors;
using Backup.MongoWire.Client;

namespace Backup.Agent.Clusters;

/// <summary>
/// Works on the cut that the server asks for. Each stage is durable at the server before the next begins, so that whoever has the cluster's lease
/// goes on where another left off: the balancer is stopped only after the server knows that it is owed its start, tokens are written only after heads
/// have been told to hold.
/// </summary>
/// <param name="cluster">Its deployment.</param>
/// <param name="routers">Its routers.</param>
/// <param name="server">Under the cluster's lease.</param>
/// <param name="log">What it does.</param>
/// <param name="time">The clock.</param>
internal sealed class CutMaker(
    ConfiguredDeployment cluster,
    MongoClient routers,
    LeasedServer server,
    AgentLog log,
    TimeProvider time
) : IAsyncDisposable
{
    /// <summary>
    /// An order to stop the balancer that is older is asked for anew. A process that slept meanwhile could else stop it when nobody knows any more that
    /// it is to be started again.
    /// </summary>
    private static readonly TimeSpan OrderLife = TimeSpan.FromSeconds(10);

    private readonly Balancer _balancer = new(routers, time);
    private ClusterTokens? _tokens;

    /// <summary>Does what is to be done for that cut now.</summary>
    /// <exception cref="BackupException">What failed: the same order comes again.</exception>
    public async Task WorkAsync(CutOrder order, ClusterMap map, CancellationToken cancellation)
    {
        var asked = time.GetTimestamp();
        var sets = SetsOf(order.Sets, map);
        var (stage, mayStop) = (order.Stage, order.MayStop);
        if (stage == CutStages.Wanted)
        {
            var status = await _balancer.StatusAsync(cancellation);
            asked = time.GetTimestamp();
            if (!await server.CutBegunAsync(cluster.Id, order.CutId, status.IsOn, cancellation))
            {
                return;
            }

            log.Info("cut begun", cluster.Name, $"{order.CutId}; the balancer is {(status.IsOn ? "on" : "off")}");
            (stage, mayStop) = (CutStages.Stopping, mayStop || status.IsOn);
        }

        if (stage == CutStages.Stopping)
        {
            if (!await RestAsync(order, mayStop, asked, cancellation))
            {
                return;
            }

            stage = CutStages.Marking;
        }

        if (stage == CutStages.Marking)
        {
            await MarkAsync(order, sets, cancellation);
        }
        else if (stage == CutStages.Settled && order.Silent.Count > 0)
        {
            await PassAsync(order, sets, cancellation);
        }
    }

    /// <summary>Starts the balancer, which was stopped for a cut.</summary>
    public async Task StartBalancerAsync(CancellationToken cancellation)
    {
        await _balancer.StartAsync(cancellation);
        if (await server.BalancerStartedAsync(cluster.Id, cancellation))
        {
            log.Info("balancer started", cluster.Name, "it was stopped for a cut");
        }
    }

    /// <summary>Nothing more is to be done for now: connections to the sets are closed.</summary>
    public async ValueTask RestAsync()
    {
        if (_tokens is { } tokens)
        {
            _tokens = null;
            await tokens.DisposeAsync();
        }
    }

    public ValueTask DisposeAsync() => RestAsync();

    private async Task<bool> RestAsync(CutOrder order, bool mayStop, long asked, CancellationToken cancellation)
    {
        var patience = TimeSpan.FromSeconds(Math.Clamp(order.BalancerSeconds, 1, 3600));
        var status = await _balancer.StatusAsync(cancellation);
        if (status.IsOn && mayStop && time.GetElapsedTime(asked) > OrderLife)
        {
            return false;
        }

        // One that was off when the cut began, and that somebody has started since, is not ours to stop.
        var trouble = status.IsOn
            ? mayStop
                ? await _balancer.StopAsync(patience, cancellation)
                : AgentErrors.BalancerStays("somebody has started it just now", inner: null)
            : await _balancer.RestsAsync(patience, cancellation);
        if (trouble is not null)
        {
            log.Error(trouble, cluster.Name);
        }

        return await server.CutRestedAsync(cluster.Id, order.CutId, FaultOf(trouble), cancellation);
    }

    private async Task MarkAsync(CutOrder order, IReadOnlyList<SetAddress> sets, CancellationToken cancellation)
    {
        _tokens ??= new ClusterTokens(routers);
        var greatest = await _tokens.WriteAsync(order.CutId, sets, cancellation);
        // Somebody may have started it meanwhile.
        var trouble = FaultOf(await _balancer.RestsAsync(TimeSpan.Zero, cancellation));
        var marked = new CutMarked(WireOptime.From(greatest), trouble);
        if (!await server.CutMarkedAsync(cluster.Id, order.CutId, marked, cancellation))
        {
            return;
        }

        log.Info("cut marked", cluster.Name, $"{order.CutId} at {greatest}; {sets.Count} sets");
        // After that time in each of them: so that each oplog is known to be complete up to it.
        await _tokens.WriteAsync(order.CutId, sets, cancellation);
    }

    private async Task PassAsync(CutOrder order, IReadOnlyList<SetAddress> sets, CancellationToken cancellation)
    {
        if (_tokens is null)
        {
            _tokens = new ClusterTokens(routers);
            await _tokens.HearAsync(sets, cancellation);
        }

        await _tokens.WriteAsync(order.CutId, sets.Where(set => order.Silent.Contains(set.Shard)), cancellation);
    }

    private static Fault? FaultOf(BackupException? trouble) =>
        trouble is null ? null : new Fault(trouble.Code, trouble.Message, trouble.Hint);

    private static IReadOnlyList<SetAddress> SetsOf(IReadOnlyList<string> names, ClusterMap map) =>
        [
            .. names.Select(name =>
                map.Sets.FirstOrDefault(set => set.Shard == name)
                ?? throw AgentErrors.SetSilent(name, "the cluster no longer has it", inner: null)
            ),
        ];
}
