using Backup.Cli.Control;
using Backup.Daemon.PointInTime;
using Backup.Daemon.Schedule;
using Backup.Metadata;
using Backup.WebUI.Contracts;

namespace Backup.Cli.Appliance;

/// <summary>How the keeping of snapshots is shown.</summary>
internal static class SnapshotViews
{
    internal static IReadOnlyList<KeptView> Of(Keeping keeping) =>
        [.. keeping.Causes.Select(static cause => new KeptView(NameOf(cause.Reason), cause.Until))];

    /// <summary>Of every snapshot of a replica set, those too that are parts of its cluster's, by their ids.</summary>
    internal static async Task<IReadOnlyDictionary<string, Keeping>> KeepingsAsync(
        IMetadataStore metadata,
        Retention retention,
        ReplicaSetRecord set,
        IReadOnlyList<SnapshotRecord> snapshots,
        CancellationToken cancellation
    )
    {
        var subject = await PolicySubject.OfSetAsync(metadata, set, cancellation);
        var policy = await metadata.Deployments.PolicyAsync(subject.Id, cancellation);
        var keepings = (await retention.OfSetAsync(set, policy, cancellation)).ToDictionary(
            static one => one.Snapshot.Id,
            static one => one.Keeping,
            StringComparer.Ordinal
        );
        if (subject.Cluster is { } cluster)
        {
            var cuts = (await retention.OfClusterAsync(cluster, policy, cancellation)).ToDictionary(
                static one => one.Cut.Id,
                static one => one.Keeping,
                StringComparer.Ordinal
            );
            foreach (var part in snapshots.Where(static one => one.CutId is not null))
            {
                keepings[part.Id] = cuts.GetValueOrDefault(part.CutId!) ?? new Keeping(part.Id, []);
            }
        }

        return keepings;
    }

    /// <summary>As <see cref="KeepingsAsync"/>, by the stored policy.</summary>
    internal static IReadOnlyDictionary<string, Keeping> Keepings(
        Glance glance,
        Retention retention,
        ReplicaSetRecord set
    )
    {
        var deployment = glance.Deployments.FirstOrDefault(one => one.Id == set.DeploymentId);
        var cluster = deployment?.Cluster is { } member
            ? glance.Deployments.FirstOrDefault(one => one.Id == member.DeploymentId)
            : null;
        var keepings = retention
            .OfSet(glance, set, glance.PolicyOf(cluster?.Id ?? set.Id))
            .ToDictionary(static one => one.Snapshot.Id, static one => one.Keeping, StringComparer.Ordinal);
        if (cluster is not null)
        {
            var cuts = retention
                .OfCluster(glance, cluster)
                .ToDictionary(static one => one.Cut.Id, static one => one.Keeping, StringComparer.Ordinal);
            foreach (var part in glance.Snapshots[set.Id].Where(static one => one.CutId is not null))
            {
                keepings[part.Id] = cuts.GetValueOrDefault(part.CutId!) ?? new Keeping(part.Id, []);
            }
        }

        return keepings;
    }

    /// <summary>Moments that could not be restored any more.</summary>
    internal static async Task<IReadOnlyList<LostMomentsView>> LostAsync(
        Retention retention,
        RestoreServices services,
        PolicySubject subject,
        Func<SnapshotRecord, bool> stays,
        TimeSpan window,
        CancellationToken cancellation
    )
    {
        var forecast = new MomentForecast(services);
        var lost = subject.Cluster is { } cluster
            ? await forecast.OfClusterAsync(
                cluster.Id,
                await retention.SetsAsync(cluster.Id, cancellation),
                stays,
                window,
                cancellation
            )
            : await forecast.OfSetAsync(subject.Set!, stays, window, cancellation);
        return [.. lost.Select(static one => new LostMomentsView(Moments.First(one.From), Moments.First(one.To)))];
    }

    private static string NameOf(KeepReason reason) =>
        reason switch
        {
            KeepReason.Base => "base",
            KeepReason.Daily => "daily",
            KeepReason.Weekly => "weekly",
            KeepReason.Monthly => "monthly",
            KeepReason.OwnEnd => "own-end",
            KeepReason.PointInTime => "point-in-time",
            KeepReason.Pinned => "pinned",
            KeepReason.Read => "read",
            KeepReason.Alert => "alert",
            KeepReason.Last => "last",
            KeepReason.Unprotected => "unprotected",
            KeepReason.UnknownZone => "unknown-zone",
            _ => throw new ArgumentOutOfRangeException(nameof(reason)),
        };
}
