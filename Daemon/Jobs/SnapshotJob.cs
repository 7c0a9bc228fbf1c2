using Backup.Daemon.Heads;
using Backup.Metadata;

namespace Backup.Daemon.Jobs;

/// <summary>Asks the keeper of the head for a snapshot and waits for it.</summary>
internal sealed class SnapshotJob(IMetadataStore metadata, Func<string, HeadKeeper?> keeperOf, TimeProvider time)
    : IJobHandler
{
    private static readonly TimeSpan Look = TimeSpan.FromSeconds(1);

    public string Kind => JobKinds.Snapshot;

    public bool NeedsHead => true;

    public async Task<string> RunAsync(JobRecord job, JobProgress progress, CancellationToken cancellation)
    {
        var arguments = JobJson.Arguments<SnapshotArguments>(job);
        var request = new SnapshotRequest(
            arguments.Trigger,
            arguments.Trigger == SnapshotArguments.Policy ? null : job.CreatedAt,
            arguments.KeepSeconds is { } seconds ? TimeSpan.FromSeconds(seconds) : null
        );
        HeadKeeper? keeper;
        while ((keeper = keeperOf(job.ReplicaSetId!)) is null)
        {
            progress.Report("waiting for the head", 0);
            await Task.Delay(Look, time, cancellation);
        }

        await keeper.RequestAsync(request, cancellation);
        while (!request.Done.IsCompleted)
        {
            progress.Report(await PhaseAsync(job.ReplicaSetId!, cancellation), 0.5);
            await Task.WhenAny(request.Done, Task.Delay(Look, time, cancellation));
            cancellation.ThrowIfCancellationRequested();
        }

        return request.Done.IsCanceled
            ? throw DaemonErrors.Moved(job.ReplicaSetId!)
            : JobJson.Result(new SnapshotResult((await request.Done).Id));
    }

    private async Task<string> PhaseAsync(string replicaSetId, CancellationToken cancellation)
    {
        var set = await metadata.Deployments.FindReplicaSetAsync(replicaSetId, cancellation);
        return set?.State switch
        {
            ReplicaSetState.Waiting => "waiting for the agent",
            ReplicaSetState.InitialSync => "waiting for the initial sync",
            ReplicaSetState.Stopped => throw DaemonErrors.Stopped(
                set.Name,
                set.StopCode,
                set.StopMessage,
                set.StopHint
            ),
            _ => "bringing the head up to the source",
        };
    }
}
