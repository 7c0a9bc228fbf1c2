using Backup.Blockstore;
using Backup.Metadata;
using Backup.Snapshots.Reading;
using Backup.Snapshots.Verification;

namespace Backup.Daemon.Jobs;

/// <summary>Reads a snapshot back: every block fetched and its hash checked, every document decoded, counted and hashed.</summary>
internal sealed class VerifyJob(IMetadataStore metadata, IBlockStore blocks) : IJobHandler
{
    public string Kind => JobKinds.Verify;

    public async Task<string> RunAsync(JobRecord job, JobProgress progress, CancellationToken cancellation)
    {
        var id = JobJson.Arguments<VerifyArguments>(job).SnapshotId;
        var snapshot = await metadata.Snapshots.FindAsync(id, cancellation) ?? throw DaemonErrors.NoSnapshot(id);
        if (!BlockId.TryParse(snapshot.ManifestBlock, out var manifest))
        {
            throw DaemonErrors.NoSnapshot(id);
        }

        var reader = await SnapshotReader.OpenAsync(blocks, manifest, cancellation);
        var reporter = new Reporter(progress);
        var report = await SnapshotVerifier.VerifyAsync(reader, reporter, cancellation);
        if (report.Documents != snapshot.Documents)
        {
            throw DaemonErrors.Miscounted(id, snapshot.Documents, report.Documents);
        }

        return JobJson.Result(
            new VerifyResult(
                id,
                report.Documents,
                report.Bytes,
                report.Sha256,
                report.Databases.ToDictionary(database => database.Name, database => database.Md5),
                report.Collated.Count > 0 ? report.Collated : null
            )
        );
    }

    private sealed class Reporter(JobProgress progress) : IProgress<ReadProgress>
    {
        public void Report(ReadProgress value) =>
            progress.Report(
                $"reading {value.Namespace}",
                value.ExpectedBytes > 0 ? (double)value.Bytes / value.ExpectedBytes : 0
            );
    }
}
