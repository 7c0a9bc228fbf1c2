using Backup.Blockstore;
using Backup.Daemon.Grooming;
using Backup.Metadata;

namespace Backup.Daemon.Jobs;

/// <summary>Looks whether the block store is as it was written, and what is hit where it is not.</summary>
/// <param name="metadata">What is needed.</param>
/// <param name="blocks">The store.</param>
/// <param name="store">The same, as one that can be checked.</param>
/// <param name="time">The clock.</param>
internal sealed class CheckJob(IMetadataStore metadata, IBlockStore blocks, ICheckable store, TimeProvider time)
    : IJobHandler
{
    private const int MostFindings = 100;

    public string Kind => JobKinds.Check;

    public async Task<string> RunAsync(JobRecord job, JobProgress progress, CancellationToken cancellation)
    {
        var arguments = JobJson.Arguments<CheckArguments>(job);
        var damaged = new HashSet<BlockId>();
        var first = new List<GroomFinding>();
        var check = await store.CheckAsync(
            finding =>
            {
                if (finding.Id is { } id)
                {
                    damaged.Add(id);
                }

                if (first.Count < MostFindings)
                {
                    first.Add(new GroomFinding(finding.Where, finding.Offset, finding.What));
                    progress.Log($"{finding.Where} at {finding.Offset}: {finding.What}", isTrouble: true);
                }
            },
            new CheckOptions { ReadShare = arguments.ReadShare },
            (share, _) => progress.Report("reading packs", share),
            cancellation
        );
        progress.Report("looking what is hit", 1);
        var roots = new StoreRoots(metadata, blocks, time);
        var hits = new HitRoots(roots, blocks, damaged);
        var names = await hits.FindAsync(cancellation);
        return JobJson.Result(
            new CheckResult(check.Blocks, check.StoredBytes, check.Findings, hits.Missing, names, first)
        );
    }
}
