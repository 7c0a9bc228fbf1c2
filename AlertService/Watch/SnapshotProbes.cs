using Backup.AlertService.Conditions;
using Backup.Metadata;

namespace Backup.AlertService.Watch;

/// <summary>Snapshots, their proof, and tasks.</summary>
internal static class SnapshotProbes
{
    private const string Verify = "verify";

    /// <summary>Since the last one, or, before there is one, since it could have been taken. Of a cluster as a whole, not of its sets.</summary>
    public static IEnumerable<Finding> Late(Facts facts) =>
        facts
            .Sets.Where(static one => one is { Deployment.Cluster: null, Head.Consistent: true })
            .Select(set =>
                SetProbes.Of(
                    set,
                    AlertConditions.SnapshotLate,
                    Age(facts, set.Newest?.CreatedAt ?? set.Deployment.CreatedAt, set.Policy),
                    () => Said(set.Name, set.Newest?.CreatedAt, set.Policy)
                )
            )
            .Concat(
                facts
                    .Clusters.Where(cluster => IsReady(facts, cluster))
                    .Select(cluster => new Finding(
                        AlertConditions.SnapshotLate,
                        cluster.Deployment.Id,
                        Age(facts, cluster.Newest?.CreatedAt ?? cluster.Deployment.CreatedAt, cluster.Policy),
                        () => Said(cluster.Deployment.Name, cluster.Newest?.CreatedAt, cluster.Policy)
                    )
                    {
                        GroupId = cluster.Deployment.GroupId,
                        DeploymentId = cluster.Deployment.Id,
                    })
            );

    /// <summary>By the newest verification of each set, and of each cluster as a whole, that came to an end.</summary>
    public static IEnumerable<Finding> Unproved(Facts facts)
    {
        var ended = facts
            .Jobs.Where(static one => one is { Kind: Verify, State: JobState.Succeeded or JobState.Failed })
            .GroupBy(static one => one.ReplicaSetId)
            .Select(static jobs => jobs.MaxBy(static one => one.FinishedAt)!)
            .Where(static one => one.ReplicaSetId is not null)
            .ToDictionary(static one => one.ReplicaSetId!);
        return facts
            .Sets.Select(static set => (set.Record.Id, set.Name, set.Deployment))
            .Concat(facts.Clusters.Select(static one => (one.Deployment.Id, one.Deployment.Name, one.Deployment)))
            .Where(one => ended.ContainsKey(one.Id))
            .Select(one =>
            {
                var job = ended[one.Id];
                return new Finding(
                    AlertConditions.VerificationFailed,
                    one.Id,
                    job.State == JobState.Failed ? 1 : 0,
                    () =>
                        new AlertWords(
                            AlertServiceErrors.Unproved(one.Name, $"{job.ErrorCode} {job.ErrorMessage}"),
                            "A restore of that snapshot may fail, or lack something."
                        )
                )
                {
                    GroupId = one.Deployment.GroupId,
                    DeploymentId = one.Deployment.Id,
                    SubjectName = one.Name,
                };
            });
    }

    public static IEnumerable<Finding> Retried(Facts facts)
    {
        var names = facts.Sets.ToDictionary(static one => one.Record.Id);
        foreach (var job in facts.Jobs.Where(static one => one.State is JobState.Queued or JobState.Running))
        {
            var set = job.ReplicaSetId is { } id ? names.GetValueOrDefault(id) : null;
            var deployment = set?.Deployment ?? (job.ReplicaSetId is { } cluster ? facts.Deployment(cluster) : null);
            yield return new Finding(
                AlertConditions.JobRetried,
                job.Id,
                job.Attempts,
                () =>
                    new AlertWords(
                        AlertServiceErrors.Again(
                            job.Kind,
                            set?.Name ?? deployment?.Name ?? "the appliance",
                            job.Attempts,
                            job.ErrorCode is null ? "" : $"{job.ErrorCode} {job.ErrorMessage}"
                        ),
                        ""
                    )
            )
            {
                GroupId = deployment?.GroupId,
                DeploymentId = deployment?.Id,
                SubjectName = set?.Name ?? deployment?.Name ?? job.Kind,
            };
        }
    }

    /// <summary>Whether each of its sets has a head that could give its part.</summary>
    private static bool IsReady(Facts facts, ClusterFacts cluster)
    {
        var sets = facts.Sets.Where(one => one.Deployment.Cluster?.DeploymentId == cluster.Deployment.Id).ToList();
        return sets.Count > 0 && sets.TrueForAll(static one => one.Head is { Consistent: true });
    }

    private static double Age(Facts facts, DateTimeOffset last, SnapshotPolicy policy) =>
        (facts.Now - last) / policy.Interval;

    private static AlertWords Said(string name, DateTimeOffset? last, SnapshotPolicy policy) =>
        new(
            AlertServiceErrors.LateSnapshot(
                name,
                last is { } at ? $"at {Words.At(at)}" : "never",
                Words.Span(policy.Interval)
            ),
            "Restores of a moment have to go a longer way; if nothing is done, moments can no longer be restored once the window has moved past the last snapshot."
        );
}
