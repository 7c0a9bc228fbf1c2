using Backup.Blockstore.Grooming;
using Backup.Blockstore.Shared;
using Backup.Daemon.Heads;
using Backup.Daemon.Jobs;
using Backup.Daemon.PointInTime;
using Backup.Foundation.Errors;
using Backup.Metadata;

namespace Backup.Daemon.Cuts;

/// <summary>
/// Watches a cut from when it is asked for until it is complete: agents and heads do the work. Each stage has its time; who does not come along is
/// named. Where a head is no longer able to give its part, it is made from an older base.
/// </summary>
/// <param name="services">Stores, options, clock.</param>
/// <param name="keeperOf">Who keeps the head of a replica set, where that is this daemon.</param>
internal sealed class CutWatch(HeadServices services, Func<string, HeadKeeper?> keeperOf)
{
    private static readonly TimeSpan Look = TimeSpan.FromMilliseconds(500);
    private static readonly TimeSpan LongSilence = TimeSpan.FromSeconds(30);

    private readonly IMetadataStore _metadata = services.Metadata;

    /// <exception cref="BackupException">The cut failed, or has to; it is for the caller to fail it. Transient ones leave it.</exception>
    internal async Task CompleteAsync(
        Deployment cluster,
        string cutId,
        JobProgress progress,
        CancellationToken cancellation
    )
    {
        var stage = new Stage(services.Time);
        while (true)
        {
            var seen = _metadata.ChangeCount;
            var cut =
                await _metadata.Clusters.FindCutAsync(cutId, cancellation)
                ?? throw DaemonErrors.Abandoned(cluster.Name);
            if (cut.State == CutState.Complete)
            {
                await CutAlerts.CompletedAsync(_metadata, cluster, cut, cancellation);
                return;
            }

            if (cut.State == CutState.Failed)
            {
                throw Thrown(cut);
            }

            var waits =
                cut.State == CutState.Settled
                    ? await SettledAsync(cluster, cut, stage, progress, cancellation)
                    : await BeforeAsync(cluster, cut, stage, progress, cancellation);
            if (waits)
            {
                await _metadata.WaitForChangeAsync(seen, Look, cancellation);
            }
        }
    }

    internal static BackupException StoppedBy(ClusterSet set) =>
        DaemonErrors.Stopped(set.Name, set.Set!.StopCode, set.Set.StopMessage, set.Set.StopHint);

    private static BackupException Thrown(CutRecord cut) =>
        new(
            cut.Code is ['B', 'K', .. var number] && int.TryParse(number, out var known)
                ? known
                : DaemonErrors.CutAbandoned,
            cut.Message ?? "",
            cut.Hint ?? ""
        );

    /// <returns>True: to be looked at again after a while.</returns>
    private async Task<bool> BeforeAsync(
        Deployment cluster,
        CutRecord cut,
        Stage stage,
        JobProgress progress,
        CancellationToken cancellation
    )
    {
        var (phase, share, patience) = cut.State switch
        {
            CutState.Wanted => ("waiting for the cluster's agent", 0.05, services.Options.CutBeginPatience),
            CutState.Stopping => ("stopping the balancer", 0.1, services.Options.CutBalancerPatience),
            _ => ($"marking {cut.Sets.Count} sets", 0.2, services.Options.CutMarkPatience),
        };
        progress.Report(phase, share);
        if (stage.Since($"{cut.State}") <= patience)
        {
            return true;
        }

        var doing = cut.State switch
        {
            CutState.Wanted => "no agent has begun with it",
            CutState.Stopping => "its balancer has not been seen at rest",
            _ => "its tokens have not been written to all of its sets",
        };
        throw DaemonErrors.Silent(
            cluster.Name,
            $"{doing} within {patience.TotalSeconds:0} s{await SilenceAsync(cluster, cancellation)}"
        );
    }

    /// <summary>Who works on it, and who is not heard of.</summary>
    private async Task<string> SilenceAsync(Deployment cluster, CancellationToken cancellation)
    {
        var lease = await _metadata.Leases.FindAsync(cluster.Id, cancellation);
        var text = lease?.AgentId is { } agent ? $"; agent {agent} works on it" : "; no agent works on it";
        var reports = await _metadata.Deployments.AgentReportsAsync(cancellation);
        var report = reports.FirstOrDefault(one => one.DeploymentId == cluster.Id && one.AgentId == lease?.AgentId);
        if (report is { Code: { } code, Message: var message })
        {
            text += $" and says: {code} {message}";
        }

        var now = services.Time.GetUtcNow();
        var silent = (await ClusterSets.OfAsync(_metadata, cluster.Id, cancellation))
            .Where(one => one.Set?.SourceSeenAt is not { } seen || now - seen > LongSilence)
            .Select(one => one.Name)
            .ToList();
        return silent.Count == 0
            ? text
            : $"{text}; for {LongSilence.TotalSeconds:0} s nothing was heard of {string.Join(", ", silent)}";
    }

    private async Task<bool> SettledAsync(
        Deployment cluster,
        CutRecord cut,
        Stage stage,
        JobProgress progress,
        CancellationToken cancellation
    )
    {
        var missing = cut.Kind == CutKind.Checkpoint ? [] : await MissingAsync(cluster, cut, cancellation);
        if (missing.Count == 0)
        {
            await _metadata.Clusters.CompleteCutAsync(cut.Id, cut.ExpiresAt, cancellation);
            return false;
        }

        var names = string.Join(", ", missing.Select(one => one.Name));
        var heads = missing.Count == 1 ? "1 head" : $"{missing.Count} heads";
        progress.Report(
            $"bringing {heads} to {cut.Time}: waiting for {names}",
            0.3 + (0.7 * (cut.Sets.Count - missing.Count) / cut.Sets.Count)
        );
        if (missing.FirstOrDefault(one => one.Set?.State == ReplicaSetState.Stopped) is { } stopped)
        {
            throw StoppedBy(stopped);
        }

        foreach (var set in missing)
        {
            if (await IsElsewhereAsync(set, cut, cancellation))
            {
                progress.Report($"making the part of {set.Name} from an older snapshot", 0.5);
                await RescueAsync(cluster, set, cut, cancellation);
                return false;
            }
        }

        await RequireProgressAsync(cluster, cut, missing, stage, cancellation);
        return true;
    }

    private async Task<List<ClusterSet>> MissingAsync(Deployment cluster, CutRecord cut, CancellationToken cancellation)
    {
        var parts = await _metadata.Clusters.PartsAsync(cut.Id, cancellation);
        var missing = cut.Sets.Except(parts.Select(part => part.ReplicaSetId)).ToHashSet(StringComparer.Ordinal);
        if (missing.Count == 0)
        {
            return [];
        }

        var sets = await ClusterSets.OfAsync(_metadata, cluster.Id, cancellation);
        var found = sets.Where(one => one.Set is { } set && missing.Contains(set.Id)).ToList();
        return found.Count == missing.Count
            ? found
            : throw DaemonErrors.NotACluster(
                cluster.Name,
                "one of its sets has left it, or is another one, since the cut was asked for"
            );
    }

    /// <summary>Whether the head cannot give the part any more: it was built anew since, or stands behind the cut's time.</summary>
    private async Task<bool> IsElsewhereAsync(ClusterSet member, CutRecord cut, CancellationToken cancellation)
    {
        var set = member.Set!;
        var head = await _metadata.Heads.FindAsync(set.Id, cancellation);
        var sync = set.SyncId is { } id ? await _metadata.Syncs.FindAsync(id, cancellation) : null;
        var isElsewhere =
            head is null
            || sync is null
            || head.SyncId != sync.Id
            || head.Optime > cut.Time
            || sync.End is not { } end
            || end > cut.Time;
        // It may have given its part before it went on.
        return isElsewhere
            && !(await _metadata.Clusters.PartsAsync(cut.Id, cancellation)).Any(part => part.ReplicaSetId == set.Id);
    }

    private async Task RescueAsync(Deployment cluster, ClusterSet member, CutRecord cut, CancellationToken cancellation)
    {
        var set = member.Set!;
        CutLog.Rescue(services.Logger, member.Name, cut.Id);
        try
        {
            // No lease of a head ends with these: so they are looked at again as the part is recorded.
            var premise = new PartPremise(
                cluster.GroupId,
                await _metadata.GroupStores.FindAsync(cluster.GroupId, cancellation),
                SharedStores.SessionsOf(services.Blocks)
            );
            // What is built goes where the group's blocks are, under its keys.
            var own = await services.OfAsync(set.Id, cancellation);
            own.RequireKeys();
            var (plan, held) = await PlanAsync(own, set, cut, cancellation);
            // Until the part is recorded nothing else refers to what is built: the builder's own holds end with its building.
            using var hold = held;
            var builder = new PartBuilder(own, new SnapshotTaker(own, set.Id));
            var part = await builder.BuildAsync(plan, cut, cancellation);
            await _metadata.Clusters.AddBuiltPartAsync(cut.Id, part, premise, cancellation);
        }
        catch (BackupException changed)
            when (changed.Number is MetadataErrors.PlaceChanged or MetadataErrors.StoreSessionRevoked)
        {
            // Built once more, at the next look.
            CutLog.RescuedInVain(services.Logger, member.Name, cut.Id, changed.Message);
        }
        catch (BackupException cause)
        {
            throw DaemonErrors.NoPart(
                member.Name,
                RestorePoint.Describe(cut.Time),
                $"{cause.Code} {cause.Message}",
                cause
            );
        }
    }

    /// <summary>How the part is made, and a hold on its base and on what is written from now on.</summary>
    private static async Task<(RestorePlan Plan, BlockHold Hold)> PlanAsync(
        HeadServices own,
        ReplicaSetRecord set,
        CutRecord cut,
        CancellationToken cancellation
    )
    {
        var planner = new RestorePlanner(own.Metadata, own.Blocks, own.Time);
        // Before the base is looked up, until it is held.
        using var look = own.Blocks.Holds.Look();
        var plan = await planner.PlanAsync(set, RestorePoint.UpTo(cut.Time), cancellation);
        return (plan, own.Blocks.Holds.Begin([plan.Manifest]));
    }

    private async Task RequireProgressAsync(
        Deployment cluster,
        CutRecord cut,
        List<ClusterSet> missing,
        Stage stage,
        CancellationToken cancellation
    )
    {
        var states = new List<string>();
        foreach (var member in missing)
        {
            var set = member.Set!;
            var stored = set.SyncId is { } sync
                ? (await _metadata.OplogSlices.NewestAsync(sync, cancellation))?.Last
                : null;
            states.Add(
                stored is { } last && last >= cut.Time
                    ? $"the head of {member.Name} is at {await LiveAsync(set.Id, cancellation)}"
                    : $"the oplog of {member.Name} is stored up to {stored?.ToString() ?? "no entry"} only"
            );
        }

        var text = string.Join("; ", states);
        // A head with transactions to be decided stands still for that long.
        var patience = services.Options.CutPartPatience + services.Options.CutDecisionPatience;
        if (stage.Since(text) > patience)
        {
            throw DaemonErrors.NoParts(cluster.Name, RestorePoint.Describe(cut.Time), text);
        }
    }

    private async Task<string> LiveAsync(string replicaSetId, CancellationToken cancellation)
    {
        var live =
            keeperOf(replicaSetId)?.Live ?? (await _metadata.HeadLeases.FindAsync(replicaSetId, cancellation))?.Live;
        return live?.ToString() ?? "no entry";
    }

    /// <summary>Since when nothing has changed, by a clock that nobody sets.</summary>
    private sealed class Stage(TimeProvider time)
    {
        private string _state = "";
        private long _since = time.GetTimestamp();

        internal TimeSpan Since(string state)
        {
            if (state != _state)
            {
                (_state, _since) = (state, time.GetTimestamp());
            }

            return time.GetElapsedTime(_since);
        }
    }
}
