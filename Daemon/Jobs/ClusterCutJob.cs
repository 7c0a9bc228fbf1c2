using Backup.Daemon.Cuts;
using Backup.Foundation.Errors;
using Backup.Metadata;

namespace Backup.Daemon.Jobs;

/// <summary>
/// Makes one cut through a cluster, and with it a cluster snapshot or a checkpoint. The cut has the job's id: whoever takes the job again finds
/// it and goes on where it is. What goes wrong with the cut fails it, and the job with it; what can pass in the appliance itself leaves it, and
/// the job is taken again.
/// </summary>
internal sealed class ClusterCutJob(CutKind kind, Heads.HeadServices services, CutWatch watch) : IJobHandler
{
    private static readonly TimeSpan Look = TimeSpan.FromSeconds(1);

    private readonly IMetadataStore _metadata = services.Metadata;

    public string Kind => kind == CutKind.Snapshot ? JobKinds.ClusterSnapshot : JobKinds.ClusterCheckpoint;

    public async Task<string> RunAsync(JobRecord job, JobProgress progress, CancellationToken cancellation)
    {
        var clusterId = job.ReplicaSetId!;
        try
        {
            var cluster = await AddAsync(job, progress, cancellation);
            await watch.CompleteAsync(cluster, job.Id, progress, cancellation);
            return JobJson.Result(new ClusterCutResult(job.Id));
        }
        catch (OperationCanceledException) when (cancellation.IsCancellationRequested)
        {
            // Cancelled by a user it is over; a daemon that stops leaves it to the next.
            if ((await _metadata.Jobs.FindAsync(job.Id, CancellationToken.None))?.State == JobState.Cancelled)
            {
                await FailAsync(clusterId, job.Id, DaemonErrors.Abandoned(await NameAsync(clusterId)));
            }

            throw;
        }
        catch (Exception failure)
            when (failure is not BackupException { IsTransient: true } || job.Attempts >= JobWorker.MaxAttempts)
        {
            await FailAsync(clusterId, job.Id, failure as BackupException ?? DaemonErrors.Defect(failure));
            throw;
        }
    }

    /// <summary>Adds the cut where it is not there yet, as soon as all sets can give their parts and no other cut is being made.</summary>
    private async Task<Deployment> AddAsync(JobRecord job, JobProgress progress, CancellationToken cancellation)
    {
        var clusterId = job.ReplicaSetId!;
        while (true)
        {
            var seen = _metadata.ChangeCount;
            var cluster =
                await _metadata.Deployments.FindAsync(clusterId, cancellation)
                ?? throw DaemonErrors.NotACluster(clusterId, "there is no such deployment");
            if (await _metadata.Clusters.FindCutAsync(job.Id, cancellation) is not null)
            {
                return cluster;
            }

            if (!cluster.IsProtected)
            {
                throw DaemonErrors.NotACluster(cluster.Name, "it is no longer protected");
            }

            var sets = await ClusterSets.OfAsync(_metadata, clusterId, cancellation);
            var waitsFor =
                WaitsFor(sets)
                ?? (
                    await _metadata.Clusters.OpenCutAsync(clusterId, cancellation) is null
                        ? null
                        : "waiting for the cut before it"
                );
            if (waitsFor is null)
            {
                await TryAddAsync(job, sets, cancellation);
            }
            else
            {
                progress.Report(waitsFor, 0);
                await _metadata.WaitForChangeAsync(seen, Look, cancellation);
            }
        }
    }

    private async Task TryAddAsync(JobRecord job, IReadOnlyList<ClusterSet> sets, CancellationToken cancellation)
    {
        var arguments = JobJson.Arguments<SnapshotArguments>(job);
        var now = services.Time.GetUtcNow();
        var cut = CutRecord.New(
            job.Id,
            job.ReplicaSetId!,
            kind,
            arguments.Trigger,
            [.. sets.Select(one => one.Set!.Id)],
            now
        ) with
        {
            ExpiresAt = arguments.KeepSeconds is { } seconds ? now.AddSeconds(seconds) : null,
        };
        try
        {
            await _metadata.Clusters.AddCutAsync(cut, cancellation);
        }
        catch (BackupException another) when (another.Number == MetadataErrors.CutOpen)
        {
            // Asked for between the look and this: it is waited for.
        }
    }

    /// <summary>Null where a cut can be made.</summary>
    private string? WaitsFor(IReadOnlyList<ClusterSet> sets)
    {
        if (sets.Count == 0)
        {
            return "waiting for the cluster's agent";
        }

        foreach (var (name, state) in sets.Select(one => (one.Name, one.Set?.State ?? ReplicaSetState.Waiting)))
        {
            switch (state)
            {
                case ReplicaSetState.Waiting:
                    return $"waiting for the agent of {name}";
                case ReplicaSetState.InitialSync:
                    return $"waiting for the initial sync of {name}";
                case ReplicaSetState.CatchingUp when kind == CutKind.Snapshot:
                    return $"bringing the head of {name} up to the source";
                case ReplicaSetState.Stopped:
                    throw CutWatch.StoppedBy(sets.First(one => one.Set?.State == ReplicaSetState.Stopped));
                default:
                    break;
            }
        }

        return null;
    }

    private async Task<string> NameAsync(string clusterId) =>
        (await _metadata.Deployments.FindAsync(clusterId, CancellationToken.None))?.Name ?? clusterId;

    /// <summary>Not to be cancelled: heads hold while the cut is open.</summary>
    private Task FailAsync(string clusterId, string cutId, BackupException failure) =>
        CutAlerts.FailAsync(_metadata, clusterId, kind, cutId, failure, CancellationToken.None);
}
