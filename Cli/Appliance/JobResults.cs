using System.Text.Json;
using Backup.Cli.Control;
using Backup.Daemon.Jobs;
using Backup.Daemon.Schedule;
using Backup.Metadata;

namespace Backup.Cli.Appliance;

/// <summary>
/// What jobs led to. One that took a snapshot keeps its id; who asks for the job wants the snapshot. Where that is gone by now, the id is all that
/// is left of it.
/// </summary>
/// <param name="glance">In which the snapshots are.</param>
/// <param name="retention">Says what becomes of them.</param>
internal sealed class JobResults(Glance glance, Retention retention)
{
    private readonly Dictionary<string, SnapshotRecord> _snapshots = glance
        .Snapshots.SelectMany(static one => one)
        .ToDictionary(static one => one.Id, StringComparer.Ordinal);

    private readonly Dictionary<string, ReplicaSetRecord> _sets = glance.ReplicaSets.ToDictionary(
        static one => one.Id,
        StringComparer.Ordinal
    );

    private readonly Dictionary<string, IReadOnlyDictionary<string, Keeping>> _keepings = new(StringComparer.Ordinal);

    /// <summary>Null where it has not led to anything.</summary>
    internal JsonElement? Of(JobRecord job)
    {
        if (job.Result is null)
        {
            return null;
        }

        object? found =
            job.State != JobState.Succeeded ? null
            : job.Kind == JobKinds.Snapshot ? Snapshot(job.Result)
            // The cut has the job's id.
            : job.Kind is JobKinds.ClusterSnapshot or JobKinds.ClusterCheckpoint ? Cut(job)
            : null;
        return found is null
            ? JsonSerializer.Deserialize<JsonElement>(job.Result)
            : JsonSerializer.SerializeToElement(found, found.GetType(), ControlJson.Options);
    }

    private object? Snapshot(string result)
    {
        var id = JsonSerializer.Deserialize<SnapshotResult>(result, JobKinds.Json)!.SnapshotId;
        if (_snapshots.GetValueOrDefault(id) is not { } snapshot)
        {
            return null;
        }

        var set = _sets[snapshot.ReplicaSetId];
        return ApplianceOperations.View(snapshot, set, KeepingsOf(set).GetValueOrDefault(id));
    }

    private object? Cut(JobRecord job) =>
        glance.Deployments.FirstOrDefault(one => one.Id == job.ReplicaSetId) is { } cluster
        && glance.Cuts[cluster.Id].FirstOrDefault(one => one.Id == job.Id) is { } cut
            ? ClusterOperations.View(
                cluster,
                cut,
                ClusterOperations.PartsOf(glance, cut),
                KeepingsOf(cluster).GetValueOrDefault(cut.Id)
            )
            : null;

    private IReadOnlyDictionary<string, Keeping> KeepingsOf(ReplicaSetRecord set) =>
        Once(set.Id, () => SnapshotViews.Keepings(glance, retention, set));

    private IReadOnlyDictionary<string, Keeping> KeepingsOf(Deployment cluster) =>
        Once(
            cluster.Id,
            () => retention.OfCluster(glance, cluster).ToDictionary(static one => one.Cut.Id, static one => one.Keeping)
        );

    private IReadOnlyDictionary<string, Keeping> Once(string id, Func<IReadOnlyDictionary<string, Keeping>> find) =>
        _keepings.TryGetValue(id, out var found) ? found : _keepings[id] = find();
}
