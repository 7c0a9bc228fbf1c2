using Backup.Foundation;
using Backup.Foundation.Contracts;
using Backup.Metadata;
using Backup.Metadata.Alerting;
using Backup.Metadata.People;

namespace Backup.AlertService.Watch;

/// <summary>All that conditions are judged by, as it was at one moment. Deployments that are no longer protected are left out.</summary>
/// <param name="Now">When that was.</param>
/// <param name="Since">Before, nobody listened: who was silent then may not have been.</param>
internal sealed record Facts(
    DateTimeOffset Now,
    DateTimeOffset Since,
    IReadOnlyList<Deployment> Deployments,
    IReadOnlyList<SetFacts> Sets,
    IReadOnlyList<ClusterFacts> Clusters,
    IReadOnlyList<AgentReport> Reports,
    IReadOnlyList<AgentRecord> Agents,
    IReadOnlyList<SampleFacts> Samples,
    IReadOnlyList<JobRecord> Jobs,
    IReadOnlyList<UserRecord> Users,
    IReadOnlyList<ChannelRecord> Channels,
    ApplianceFacts Appliance,
    IReadOnlyList<DiskForecast> Forecasts
)
{
    private readonly Dictionary<string, Deployment> _deployments = Deployments.ToDictionary(static one => one.Id);

    /// <summary>Mass changes that nobody has settled.</summary>
    public IReadOnlyList<BurstRecord> Bursts { get; init; } = [];

    /// <summary>Daemons, and the heads that they keep.</summary>
    public KeeperSights Keepers { get; init; } = KeeperSights.None;

    /// <summary>The web interface; null: there is none to link to.</summary>
    public Uri? Link { get; init; }

    public Deployment? Deployment(string id) => _deployments.GetValueOrDefault(id);

    /// <summary>How long nothing was heard of somebody, while there was somebody to hear it.</summary>
    public TimeSpan SilentFor(DateTimeOffset last) => Now - (last > Since ? last : Since);
}

/// <summary>A replica set of a deployment that is protected.</summary>
/// <param name="Deployment">Its own.</param>
/// <param name="Record">As its agent reported it.</param>
/// <param name="Policy">Its own, or its cluster's.</param>
/// <param name="Newest">Its newest snapshot.</param>
/// <param name="Head">Null before there is one.</param>
/// <param name="Stored">The newest entry that is stored of its oplog; null where none is.</param>
/// <param name="Holes">What cannot be restored.</param>
internal sealed record SetFacts(
    Deployment Deployment,
    ReplicaSetRecord Record,
    SnapshotPolicy Policy,
    SnapshotRecord? Newest,
    HeadRecord? Head,
    Optime? Stored,
    IReadOnlyList<OplogHole> Holes
)
{
    /// <summary>For people: a set of a cluster is called by its deployment.</summary>
    public string Name => Deployment.Cluster is null ? Record.Name : Deployment.Name;

    /// <summary>How far what is stored is behind the source: by its oplog, and since nothing was heard of it.</summary>
    public TimeSpan Behind(Facts facts)
    {
        var silent = Record.SourceSeenAt is { } seen ? facts.SilentFor(seen) : TimeSpan.Zero;
        var behind =
            Stored is { } stored && Record.SourceOptime > stored
                ? TimeSpan.FromSeconds(Record.SourceOptime.T - (double)stored.T)
                : TimeSpan.Zero;
        return behind + (silent > Silence ? silent : TimeSpan.Zero);
    }

    /// <summary>The source is heard of every few seconds: less is no silence.</summary>
    private static readonly TimeSpan Silence = TimeSpan.FromSeconds(30);
}

/// <param name="Newest">Its newest complete snapshot.</param>
internal sealed record ClusterFacts(Deployment Deployment, SnapshotPolicy Policy, CutRecord? Newest)
{
    /// <summary>Null while its balancer is owed nothing.</summary>
    public BalancerDebt? Debt { get; init; }

    /// <summary>Of the cut that is being made; null: none is, or the balancer is owed nothing.</summary>
    public CutState? Cut { get; init; }
}

/// <param name="At">When it came.</param>
/// <param name="Rolls">Whether the oplog loses old entries: one that still begins where it began spans what there is, and says nothing of how much it could.</param>
internal sealed record SampleFacts(Deployment Deployment, DateTimeOffset At, MonitoringSample Sample, bool Rolls)
{
    /// <summary>The newest election of the last minutes; null: none is known.</summary>
    public HostEventRecord? Election { get; init; }
}

/// <param name="Path">Of the disk.</param>
/// <param name="Days">Until it is full.</param>
/// <param name="BytesPerDay">By which it grows.</param>
internal sealed record DiskForecast(string Path, double Days, double BytesPerDay);
