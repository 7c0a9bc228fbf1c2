using System.Globalization;
using Backup.WebUI.Contracts;

namespace Backup.Cli.Api;

/// <summary>A job, and the group by which it is asked for.</summary>
internal sealed record StartedJob(string Group, JobView Job);

/// <content>Snapshots, the moments between them, their policies, and jobs.</content>
internal sealed partial class ApiClient
{
    /// <summary>Of a replica set, newest first, with the parts of its cluster's.</summary>
    internal async Task<List<SnapshotView>> SnapshotsAsync(FoundSubjectView set, CancellationToken cancellation) =>
        [
            .. (await ListAsync<SnapshotEntryView>($"{PathOf(set)}/snapshots?all=true", cancellation)).Select(
                static one => new SnapshotView(
                    one.Id,
                    one.Of,
                    one.Optime!,
                    one.Documents,
                    one.RawBytes,
                    one.NewBytes,
                    one.StoredBytes,
                    one.DurationSeconds ?? 0,
                    one.CreatedAt,
                    one.ExpiresAt,
                    one.Trigger
                )
                {
                    Filters = one.Filters,
                    PartOf = one.PartOf,
                    PinnedAt = one.PinnedAt,
                    Kept = one.Kept,
                }
            ),
        ];

    /// <summary>Of a cluster, newest first.</summary>
    /// <param name="cluster">Which.</param>
    /// <param name="all">Those that failed or are being made, and checkpoints, too.</param>
    /// <param name="cancellation">Gives up.</param>
    internal async Task<List<ClusterSnapshotView>> ClusterSnapshotsAsync(
        FoundSubjectView cluster,
        bool all,
        CancellationToken cancellation
    )
    {
        var path = $"{PathOf(cluster)}/snapshots?all={(all ? "true" : "false")}";
        return
        [
            .. (await ListAsync<SnapshotEntryView>(path, cancellation)).Select(static one => new ClusterSnapshotView(
                one.Id,
                one.Of,
                one.Kind,
                one.State,
                one.Optime,
                one.Sets ?? [],
                one.Documents,
                one.RawBytes,
                one.NewBytes,
                one.StoredBytes,
                one.BalancerRested,
                one.CreatedAt,
                one.ExpiresAt,
                one.Trigger,
                one.Error
            )
            {
                PinnedAt = one.PinnedAt,
                Kept = one.Kept,
            }),
        ];
    }

    internal async Task<StartedJob> RequestSnapshotAsync(string name, long? keep, CancellationToken cancellation)
    {
        var found = await FindAsync(name, SubjectKind.Any, cancellation);
        var query = keep is { } seconds ? $"?keep={seconds.ToString(CultureInfo.InvariantCulture)}" : "";
        return new StartedJob(found.Group, await PostAsync<JobView>($"{PathOf(found)}/snapshots{query}", cancellation));
    }

    internal async Task<StartedJob> RequestVerificationAsync(string snapshot, CancellationToken cancellation)
    {
        var found = await OfSnapshotAsync(snapshot, cancellation);
        return new StartedJob(
            found.Group,
            await PostAsync<JobView>($"{PathOf(found)}/snapshots/{snapshot}/verify", cancellation)
        );
    }

    internal async Task<StartedJob> JobAsync(StartedJob job, CancellationToken cancellation) =>
        job with
        {
            Job = (await GetAsync<ActivityView>($"/groups/{job.Group}/jobs/{job.Job.Id}", cancellation)).Job,
        };

    internal async Task<SnapshotKeepingView> ChangeSnapshotAsync(
        string snapshot,
        SnapshotChange change,
        CancellationToken cancellation
    ) =>
        await PatchAsync<SnapshotChange, SnapshotKeepingView>(
            await PathOfSnapshotAsync(snapshot, cancellation),
            change,
            cancellation
        );

    internal async Task<DeletionView> PreviewDeletionAsync(string snapshot, CancellationToken cancellation) =>
        await GetAsync<DeletionView>($"{await PathOfSnapshotAsync(snapshot, cancellation)}/deletion", cancellation);

    internal async Task<DeletionView> DeleteSnapshotAsync(
        string snapshot,
        bool evenLast,
        CancellationToken cancellation
    ) =>
        await DeleteAsync<DeletionView>(
            $"{await PathOfSnapshotAsync(snapshot, cancellation)}?last={(evenLast ? "true" : "false")}",
            cancellation
        );

    internal async Task<RangesView> RangesAsync(string name, CancellationToken cancellation) =>
        await GetAsync<RangesView>($"{await PathOfAsync(name, SubjectKind.Any, cancellation)}/ranges", cancellation);

    internal async Task<PolicyView> PolicyAsync(string name, CancellationToken cancellation) =>
        await GetAsync<PolicyView>($"{await PathOfAsync(name, SubjectKind.Any, cancellation)}/policy", cancellation);

    internal async Task<PolicyView> ChangePolicyAsync(
        string name,
        PolicyChange change,
        CancellationToken cancellation
    ) =>
        await PatchAsync<PolicyChange, PolicyView>(
            $"{await PathOfAsync(name, SubjectKind.Any, cancellation)}/policy",
            change,
            cancellation
        );

    internal async Task<PolicyPreviewView> PreviewPolicyAsync(
        string name,
        PolicyChange change,
        CancellationToken cancellation
    ) =>
        await PostAsync<PolicyChange, PolicyPreviewView>(
            $"{await PathOfAsync(name, SubjectKind.Any, cancellation)}/policy/preview",
            change,
            cancellation
        );

    private Task<FoundSubjectView> OfSnapshotAsync(string snapshot, CancellationToken cancellation) =>
        GetAsync<FoundSubjectView>($"/subjects?snapshot={Uri.EscapeDataString(snapshot)}", cancellation);

    private async Task<string> PathOfSnapshotAsync(string snapshot, CancellationToken cancellation) =>
        $"{PathOf(await OfSnapshotAsync(snapshot, cancellation))}/snapshots/{snapshot}";
}
