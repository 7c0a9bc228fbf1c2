using Backup.Blockstore;
using Backup.Daemon.PointInTime;
using Backup.Metadata;
using Backup.Snapshots.Reading;
using Backup.Snapshots.Verification;
using Microsoft.Extensions.Logging;

namespace Backup.Daemon.Jobs;

/// <summary>Reads a snapshot back, of a cluster that of each of its sets: every block fetched and its hash checked, every document decoded, counted and hashed.</summary>
internal sealed class VerifyJob(IMetadataStore metadata, IBlockStore blocks, TimeProvider time, ILogger logger)
    : IJobHandler
{
    public string Kind => JobKinds.Verify;

    public async Task<string> RunAsync(JobRecord job, JobProgress progress, CancellationToken cancellation)
    {
        var id = JobJson.Arguments<VerifyArguments>(job).SnapshotId;
        if (await metadata.Snapshots.FindAsync(id, cancellation) is { } snapshot)
        {
            var result = await VerifyAsync(snapshot, new Reporter(progress, "", 0, 1), cancellation);
            return await ProvenAsync(job, id, JobJson.Result(result), cancellation);
        }

        return
            await metadata.Clusters.FindCutAsync(id, cancellation)
                is { Kind: CutKind.Snapshot, State: CutState.Complete } cut
            ? await ProvenAsync(job, id, JobJson.Result(await VerifyAsync(cut, progress, cancellation)), cancellation)
            : throw DaemonErrors.NoSnapshot(id);
    }

    private async Task<string> ProvenAsync(
        JobRecord job,
        string snapshotId,
        string result,
        CancellationToken cancellation
    )
    {
        var subject = job.ReplicaSetId!;
        var set = await metadata.Deployments.FindReplicaSetAsync(subject, cancellation);
        if (await metadata.Deployments.FindAsync(set?.DeploymentId ?? subject, cancellation) is { } deployment)
        {
            var proof = new LastProof(time.GetUtcNow(), subject, snapshotId, job.Id);
            await proof.SetAsync(metadata.Settings, deployment.GroupId, cancellation);
        }

        return result;
    }

    private async Task<ClusterVerifyResult> VerifyAsync(
        CutRecord cut,
        JobProgress progress,
        CancellationToken cancellation
    )
    {
        var parts = new List<PartVerifyResult>();
        foreach (var (n, setId) in cut.Sets.Index())
        {
            var set = await metadata.Deployments.FindReplicaSetAsync(setId, cancellation);
            var deployment = set is null ? null : await metadata.Deployments.FindAsync(set.DeploymentId, cancellation);
            var name = deployment?.Cluster?.Shard ?? set?.Name ?? setId;
            var snapshots = await metadata.Snapshots.ListAsync(setId, cancellation);
            var part = snapshots.FirstOrDefault(one => one.CutId == cut.Id) ?? throw DaemonErrors.NoSnapshot(cut.Id);
            var reporter = new Reporter(progress, $"{name}: ", n, cut.Sets.Count);
            parts.Add(new PartVerifyResult(name, await VerifyAsync(part, reporter, cancellation)));
        }

        return new ClusterVerifyResult(
            cut.Id,
            parts.Sum(one => one.Result.Documents),
            parts.Sum(one => one.Result.Bytes),
            parts
        );
    }

    private async Task<VerifyResult> VerifyAsync(
        SnapshotRecord snapshot,
        Reporter reporter,
        CancellationToken cancellation
    )
    {
        if (!BlockId.TryParse(snapshot.ManifestBlock, out var manifest))
        {
            throw DaemonErrors.NoSnapshot(snapshot.Id);
        }

        await using var hold = await SliceHold.TakeAsync(metadata, blocks, snapshot, time, logger, cancellation);
        // Between the look and the hold it may have been removed.
        _ = await metadata.Snapshots.FindAsync(snapshot.Id, cancellation) ?? throw DaemonErrors.NoSnapshot(snapshot.Id);
        var reader = await SnapshotReader.OpenAsync(blocks, manifest, cancellation);
        var report = await SnapshotVerifier.VerifyAsync(reader, reporter, cancellation);
        if (report.Documents != snapshot.Documents)
        {
            throw DaemonErrors.Miscounted(snapshot.Id, snapshot.Documents, report.Documents);
        }

        return new VerifyResult(
            snapshot.Id,
            report.Documents,
            report.Bytes,
            report.Sha256,
            report.Databases.ToDictionary(database => database.Name, database => database.Md5),
            report.Collated.Count > 0 ? report.Collated : null
        );
    }

    /// <summary>Of several that are read one after another, one.</summary>
    private sealed class Reporter(JobProgress progress, string of, int index, int count) : IProgress<ReadProgress>
    {
        public void Report(ReadProgress value)
        {
            var share = value.ExpectedBytes > 0 ? (double)value.Bytes / value.ExpectedBytes : 0;
            progress.Report(
                $"reading {of}{value.Namespace}",
                value.Bytes,
                value.ExpectedBytes,
                (index + Math.Min(share, 1)) / count
            );
        }
    }
}
