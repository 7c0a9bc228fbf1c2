using Backup.Cli.Appliance;
using Backup.Metadata;
using Backup.WebUI.Contracts;
using Backup.WebUI.Desks;

namespace Backup.Cli.Web;

/// <summary>The daemons of this catalogue: that of this process, and those elsewhere.</summary>
/// <param name="metadata">The catalogue of everything.</param>
/// <param name="backEnd">The daemon of this process, where it has one.</param>
/// <param name="operations">What parts of this process say of themselves.</param>
/// <param name="time">The clock.</param>
internal sealed class DaemonDesk(
    IMetadataStore metadata,
    BackEnd backEnd,
    ApplianceOperations operations,
    TimeProvider time
) : IDaemonDesk
{
    /// <summary>For people: who gives no sign for so long is shown as not running. Nothing is decided by it.</summary>
    private static readonly TimeSpan Silence = TimeSpan.FromSeconds(45);

    private const int MostJobs = 500;

    public async Task<IReadOnlyList<DaemonView>> DaemonsAsync(CancellationToken cancellation)
    {
        var leases = await metadata.HeadLeases.ListAsync(cancellation);
        var jobs = await RunningAsync(cancellation);
        return
        [
            .. (await metadata.Daemons.ListAsync(cancellation)).Select(one =>
                View(
                    one,
                    leases.Count(lease => lease.DaemonId == one.Report.Id),
                    jobs.Count(job => job.Owner == one.Report.Id)
                )
            ),
        ];
    }

    public async Task<DaemonView> DrainAsync(string daemon, bool drains, CancellationToken cancellation)
    {
        await metadata.Daemons.DrainAsync(daemon, drains, cancellation);
        return (await DaemonsAsync(cancellation)).FirstOrDefault(one => one.Name == daemon)
            ?? throw MetadataErrors.Missing("daemon", daemon);
    }

    public Task ForgetAsync(string daemon, CancellationToken cancellation) =>
        metadata.Daemons.ForgetAsync(daemon, cancellation);

    public async Task<IReadOnlyList<HeadPlaceView>> HeadsAsync(CancellationToken cancellation)
    {
        var leases = (await metadata.HeadLeases.ListAsync(cancellation)).ToDictionary(static one => one.ReplicaSetId);
        var deployments = (await metadata.Deployments.ListAsync(cancellation)).ToDictionary(static one => one.Id);
        return
        [
            .. from set in await metadata.Deployments.ReplicaSetsAsync(cancellation)
            let lease = leases.GetValueOrDefault(set.Id)
            let deployment = deployments.GetValueOrDefault(set.DeploymentId)?.Name ?? set.DeploymentId
            orderby deployment, set.Name
            select new HeadPlaceView(
                set.Id,
                set.Name,
                deployment,
                lease?.DaemonId,
                lease is { Fence: > 0 } ? lease.GrantedAt : null,
                lease?.Wish
            ),
        ];
    }

    public async Task<HeadPlaceView> MoveAsync(string replicaSet, string? daemon, CancellationToken cancellation)
    {
        var found = await ReplicaSetNames.FindAsync(metadata, replicaSet, cancellation);
        await metadata.HeadLeases.WishAsync(found.Id, daemon, cancellation);
        return (await HeadsAsync(cancellation)).First(one => one.Id == found.Id);
    }

    private async Task<List<JobRecord>> RunningAsync(CancellationToken cancellation)
    {
        var sets = await metadata.Deployments.ReplicaSetsAsync(cancellation);
        var deployments = await metadata.Deployments.ListAsync(cancellation);
        List<string> subjects =
        [
            JobSubjects.Store,
            .. sets.Select(static one => one.Id),
            .. deployments.Select(static one => one.Id),
        ];
        return
        [
            .. (await metadata.Jobs.FindAsync(new JobQuery(subjects, MostJobs), cancellation)).Where(static one =>
                one.State == JobState.Running
            ),
        ];
    }

    private DaemonView View(DaemonRecord daemon, int heads, int jobs)
    {
        var isHere = daemon.Report.Id == backEnd.Options.Name && backEnd.HasDaemon;
        var isSilent = time.GetUtcNow() - daemon.SeenAt > Silence;
        var isRunning = isHere ? backEnd.Daemon is not null : !isSilent && daemon.StoppedAt is null;
        return new DaemonView(
            daemon.Report.Id,
            isRunning,
            heads,
            jobs,
            isHere ? operations.Troubles.Select(static one => one.Message).FirstOrDefault()
                : isSilent && daemon.StoppedAt is null ? "It gives no sign of life; others take its heads over."
                : null
        )
        {
            Host = daemon.Report.Host,
            Version = daemon.Report.Version,
            Weight = daemon.Report.Weight,
            Drains = daemon.Drains,
            FreeBytes = daemon.Report.FreeBytes,
            StartedAt = daemon.Report.StartedAt,
            SeenAt = daemon.SeenAt,
            StoppedAt = daemon.StoppedAt,
        };
    }
}
