using System.Globalization;
using System.Text.Json;
using Backup.BackupHttpServer;
using Backup.Blockstore;
using Backup.Cli.Control;
using Backup.Cli.Stores;
using Backup.Cli.Web;
using Backup.Daemon.Jobs;
using Backup.Daemon.Schedule;
using Backup.Daemon.Stores;
using Backup.Foundation;
using Backup.Foundation.Errors;
using Backup.Metadata;
using Backup.Metadata.Alerting;
using Backup.WebUI.Contracts;
using Backup.WebUI.Resources;

namespace Backup.Cli.Appliance;

/// <summary>What the commands can ask: every answer is read from the metadata, every work is queued as a job.</summary>
/// <param name="metadata">The catalogue of everything.</param>
/// <param name="objects">Slices.</param>
/// <param name="backEnd">Blocks, and the heads of this process.</param>
/// <param name="agents">Who works on what.</param>
/// <param name="sources">How it is read.</param>
/// <param name="time">The clock.</param>
internal sealed class ApplianceOperations(
    IMetadataStore metadata,
    IObjectStore objects,
    BackEnd backEnd,
    AgentOperations agents,
    SourceOperations sources,
    TimeProvider time
)
{
    private readonly Retention _retention = new(metadata, time);

    /// <summary>From when on silence counts as lag: a heartbeat comes every few seconds.</summary>
    private static readonly TimeSpan LongSilence = TimeSpan.FromSeconds(30);

    private readonly SyncViews _syncs = new(metadata, time);
    private readonly List<Func<BackupException?>> _parts = [];

    /// <summary>Adds a part of the appliance that can say what is wrong with it. Before anybody asks.</summary>
    internal void Watch(Func<BackupException?> trouble) => _parts.Add(trouble);

    /// <summary>What is wrong with the appliance itself now.</summary>
    internal IEnumerable<BackupException> Troubles => _parts.Select(trouble => trouble()).OfType<BackupException>();

    internal async Task<StatusView> StatusAsync(CancellationToken cancellation) =>
        await StatusAsync(await metadata.GlanceAsync(cancellation), cancellation) with
        {
            Misplaced = await MisplacedGroups.ListAsync(
                metadata,
                [.. backEnd.Places.Select(static one => one.Tagged)],
                cancellation
            ),
        };

    internal async Task<StatusView> StatusAsync(Glance glance, CancellationToken cancellation)
    {
        var works = await agents.WorksAsync(cancellation);
        var workers = works.ByDeployment;
        var live = await LiveHeads.ReadAsync(backEnd, metadata, cancellation);
        var views = new List<(string DeploymentId, ReplicaSetView View)>();
        foreach (var set in glance.ReplicaSets)
        {
            var (head, count) = (glance.Heads.GetValueOrDefault(set.Id), glance.Snapshots[set.Id].Count());
            views.Add(
                (set.DeploymentId, await ViewAsync(set, head, live, count, glance.Partials(set.SyncId), cancellation))
            );
        }

        var byDeployment = views.ToLookup(static one => one.DeploymentId, static one => one.View);
        List<ReplicaSetView> SetsOf(string deploymentId) => [.. byDeployment[deploymentId]];

        var deployments = new List<DeploymentView>();
        foreach (var deployment in glance.Deployments)
        {
            var addresses = DeploymentAddresses.Of(metadata, deployment);
            deployments.Add(
                new DeploymentView(
                    deployment.Id,
                    deployment.Name,
                    deployment.Type,
                    SetsOf(deployment.Id),
                    addresses.Trouble ?? workers[deployment.Id].FirstOrDefault(agent => agent.Error is not null)?.Error
                )
                {
                    RemovedAt = deployment.RemovedAt,
                    Hosts = addresses.Hosts,
                    Namespaces = DeploymentOperations.NamespacesOf(deployment),
                    Agents = deployment.IsProtected ? [.. workers[deployment.Id]] : [],
                    Source = deployment.IsProtected ? sources.View(glance, deployment, works) : null,
                    Cluster = ClusterOperations.Status(glance, deployment, SetsOf),
                    PartOf = ClusterOperations.Membership(glance, deployment),
                }
            );
        }

        return new StatusView(
            deployments,
            [.. works.Views.Where(agent => !agent.Revoked)],
            [.. Troubles.Concat(await WaitingAsync(cancellation)).Select(ControlServer.Describe)]
        )
        {
            Alerts = await AlertsAsync(cancellation),
        };
    }

    /// <summary>Nothing is wrong, but somebody has to do something, some day.</summary>
    private async Task<IEnumerable<BackupException>> WaitingAsync(CancellationToken cancellation) =>
        await metadata.UpgradeWaitsAsync(cancellation) ? [MetadataErrors.UpgradeNotFinished()] : [];

    /// <summary>Those that are open and that somebody should look at, newest first.</summary>
    private async Task<IReadOnlyList<AlertView>> AlertsAsync(CancellationToken cancellation) =>
        [
            .. (await metadata.Alerts.ListAsync(cancellation: cancellation))
                .Where(static one => one.Severity > AlertSeverity.Info)
                .Select(static one => AlertEntries.Of(one, AlertDesk.Title(one.Condition))),
        ];

    internal async Task<IReadOnlyList<SnapshotView>> SnapshotsAsync(string replicaSet, CancellationToken cancellation)
    {
        var found = await ReplicaSetNames.FindAsync(metadata, replicaSet, cancellation);
        var snapshots = await metadata.Snapshots.ListAsync(found.Id, cancellation);
        var keepings = await SnapshotViews.KeepingsAsync(metadata, _retention, found, snapshots, cancellation);
        return [.. snapshots.Select(snapshot => View(snapshot, found, keepings.GetValueOrDefault(snapshot.Id)))];
    }

    /// <summary>Of a replica set, or of a sharded cluster as a whole.</summary>
    /// <param name="replicaSet">As users name it.</param>
    /// <param name="keep">How many seconds it is kept, whatever the policy says; null: the policy decides.</param>
    /// <param name="cancellation">Nothing is queued then.</param>
    /// <exception cref="BackupException">9570 where it is to be kept for longer than seven years, or not at all.</exception>
    internal async Task<JobView> RequestSnapshotAsync(string replicaSet, long? keep, CancellationToken cancellation)
    {
        if (keep <= 0 || keep > SnapshotPolicy.LongestRetention.TotalSeconds)
        {
            throw CliErrors.SnapshotEnd(
                "How long the snapshot is kept is out of its range.",
                $"Choose up to 7 years ({SnapshotPolicy.LongestRetention.TotalDays:0} days), or leave it to the policy.",
                "keepSeconds"
            );
        }

        var arguments = new SnapshotArguments("on demand", keep);
        if (await ClusterNames.FindAsync(metadata, replicaSet, cancellation) is { } cluster)
        {
            return cluster.IsProtected
                ? await QueueAsync(JobKinds.ClusterSnapshot, cluster.Id, arguments, cancellation)
                : throw CliErrors.Argument(
                    $"The cluster '{cluster.Name}' is no longer protected.",
                    "Protect it again: backup deployments add FILE, with its URI in the file. Its snapshots can be restored."
                );
        }

        var found = await ReplicaSetNames.FindAsync(metadata, replicaSet, cancellation);
        return await QueueAsync(JobKinds.Snapshot, found.Id, arguments, cancellation);
    }

    /// <summary>Starts the initial sync over; snapshots stay.</summary>
    internal async Task<ReplicaSetView> ResyncAsync(string replicaSet, CancellationToken cancellation)
    {
        var found = await ReplicaSetNames.FindAsync(metadata, replicaSet, cancellation);
        await Resync.RequestAsync(metadata, objects, found.Id, cancellation);
        return await ViewAsync((await metadata.Deployments.FindReplicaSetAsync(found.Id, cancellation))!, cancellation);
    }

    /// <summary>Asks for a fresh copy of some collections beside everything else.</summary>
    /// <exception cref="BackupException">1005 no such pattern, 8049 the initial sync is not done.</exception>
    internal async Task<ReplicaSetView> CopyAsync(
        string replicaSet,
        CopyRequest request,
        CancellationToken cancellation
    )
    {
        var found = await ReplicaSetNames.FindAsync(metadata, replicaSet, cancellation);
        await Resync.RequestAsync(metadata, found.Id, request.Namespaces, time, cancellation);
        return await ViewAsync(found, cancellation);
    }

    /// <summary>Gives up every copy that no head has taken over.</summary>
    internal async Task<ReplicaSetView> CancelCopiesAsync(string replicaSet, CancellationToken cancellation)
    {
        var found = await ReplicaSetNames.FindAsync(metadata, replicaSet, cancellation);
        if (found.SyncId is { } syncId)
        {
            foreach (var one in (await metadata.PartialSyncs.ListAsync(syncId, cancellation)).Where(one => one.IsOpen))
            {
                await metadata.PartialSyncs.AbandonAsync(one.Id, failure: null, cancellation);
            }
        }

        return await ViewAsync(found, cancellation);
    }

    internal async Task<JobView> RequestVerificationAsync(string snapshot, CancellationToken cancellation)
    {
        if (await metadata.Clusters.FindCutAsync(snapshot, cancellation) is { IsSnapshot: true } whole)
        {
            return await QueueAsync(JobKinds.Verify, whole.ClusterId, new VerifyArguments(whole.Id), cancellation);
        }

        var found = await FindSnapshotAsync(snapshot, cancellation);
        return await QueueAsync(JobKinds.Verify, found.ReplicaSetId, new VerifyArguments(found.Id), cancellation);
    }

    /// <summary>Queues one, or gives the one that is queued or under way and does no less.</summary>
    internal async Task<JobView> RequestGroomAsync(bool dryRun, CancellationToken cancellation)
    {
        var last = (
            await metadata.Jobs.FindAsync(
                new JobQuery([JobSubjects.Store], 1) { Kinds = [JobKinds.Groom] },
                cancellation
            )
        ).FirstOrDefault();
        return
            last is { Kind: JobKinds.Groom, State: JobState.Queued or JobState.Running }
            && (dryRun || !JsonSerializer.Deserialize<GroomArguments>(last.Arguments, JobKinds.Json)!.DryRun)
            ? await ViewAsync(last, cancellation)
            : await QueueAsync(
                JobKinds.Groom,
                JobSubjects.Store,
                new GroomArguments(GroomArguments.OnDemand, dryRun),
                cancellation
            );
    }

    internal Task<JobView> RequestCheckAsync(double readShare, CancellationToken cancellation) =>
        QueueAsync(JobKinds.Check, JobSubjects.Store, new CheckArguments(readShare), cancellation);

    /// <summary>Queues a move of the group into the store that it is assigned to, or gives the one that is queued.</summary>
    /// <remarks>One that is under way may be on its way to another store: it ends by itself.</remarks>
    internal async Task<JobView> RequestMoveAsync(string group, CancellationToken cancellation) =>
        await FindMoveAsync(group, cancellation) is { State: JobState.Queued } queued
            ? await ViewAsync(queued, cancellation)
            : await QueueAsync(JobKinds.MoveGroup, JobSubjects.Store, new MoveGroupArguments(group), cancellation);

    /// <summary>Queues a move of a group that no job was queued for since it was assigned: a cancelled one stays cancelled.</summary>
    internal async Task EnsureMoveAsync(GroupStore place, CancellationToken cancellation)
    {
        if (await FindMoveAsync(place.GroupId, cancellation) is not { } last || last.CreatedAt < place.Since)
        {
            await RequestMoveAsync(place.GroupId, cancellation);
        }
    }

    /// <summary>The last one of that group; null where there is none.</summary>
    internal async Task<JobView?> LastMoveAsync(string group, CancellationToken cancellation) =>
        await FindMoveAsync(group, cancellation) is { } last ? await ViewAsync(last, cancellation) : null;

    private async Task<JobRecord?> FindMoveAsync(string group, CancellationToken cancellation) =>
        (
            await metadata.Jobs.FindAsync(
                new JobQuery([JobSubjects.Store], 100) { Kinds = [JobKinds.MoveGroup] },
                cancellation
            )
        ).FirstOrDefault(job =>
            JsonSerializer.Deserialize<MoveGroupArguments>(job.Arguments, JobKinds.Json)!.GroupId == group
        );

    internal async Task<JobView> JobAsync(string job, CancellationToken cancellation)
    {
        var found = await metadata.Jobs.FindAsync(job, cancellation) ?? throw CliErrors.NoSuchJob(job);
        return await ViewAsync(found, cancellation);
    }

    /// <summary>In the same order.</summary>
    internal async Task<IReadOnlyList<JobView>> JobsAsync(IReadOnlyList<JobRecord> jobs, CancellationToken cancellation)
    {
        var results = new JobResults(await metadata.GlanceAsync(cancellation), _retention);
        return [.. jobs.Select(job => View(job, results.Of(job)))];
    }

    /// <summary>Asks for it once more where it failed or was cancelled; the new one.</summary>
    /// <exception cref="BackupException">9592 it is not over, or ended well.</exception>
    internal async Task<JobView> RetryAsync(string job, CancellationToken cancellation)
    {
        var found = (await metadata.Jobs.FindAsync(job, cancellation))!;
        if (found.State is not (JobState.Failed or JobState.Cancelled))
        {
            throw CliErrors.CannotRetry(StateOf(found));
        }

        var again = JobKinds.New(found.Kind, found.ReplicaSetId, found.Arguments, time.GetUtcNow()) with
        {
            AskedBy = AuditActor.Current.Name,
            Title = found.Title,
            RetryOf = found.Id,
        };
        await metadata.Jobs.AddAsync(again, cancellation);
        return await ViewAsync(again, cancellation);
    }

    internal async Task<JobView> CancelAsync(string job, CancellationToken cancellation)
    {
        if (await metadata.Jobs.CancelAsync(job, cancellation))
        {
            var line = new JobLogLine(time.GetUtcNow(), $"Cancelled by {AuditActor.Current.Name}");
            await metadata.Jobs.LogAsync(job, [line], cancellation);
        }

        return await JobAsync(job, cancellation);
    }

    private async Task<SnapshotRecord> FindSnapshotAsync(string id, CancellationToken cancellation) =>
        await metadata.Snapshots.FindAsync(id, cancellation) ?? throw CliErrors.NoSuchSnapshot(id);

    private async Task<ReplicaSetView> ViewAsync(ReplicaSetRecord set, CancellationToken cancellation) =>
        await ViewAsync(
            set,
            await metadata.Heads.FindAsync(set.Id, cancellation),
            await LiveHeads.ReadAsync(backEnd, metadata, cancellation),
            (await metadata.Snapshots.ListAsync(set.Id, cancellation)).Count,
            set.SyncId is null ? [] : await metadata.PartialSyncs.ListAsync(set.SyncId, cancellation),
            cancellation
        );

    private async Task<ReplicaSetView> ViewAsync(
        ReplicaSetRecord set,
        HeadRecord? head,
        LiveHeads live,
        int snapshots,
        IReadOnlyList<SyncRecord> partials,
        CancellationToken cancellation
    )
    {
        var optime = live.OptimeOf(set.Id) ?? head?.Optime ?? Optime.Zero;
        var lag = optime.IsZero ? 0 : Math.Max(0, (double)set.SourceOptime.T - optime.T) + SilenceOf(set);
        return new ReplicaSetView(
            set.Id,
            set.Name,
            StateName(set.State),
            new OptimeView(optime.T, optime.I),
            lag,
            snapshots,
            set.SourceSeenAt,
            set.State is ReplicaSetState.Waiting or ReplicaSetState.InitialSync
                ? await _syncs.OfAsync(set.SyncId, cancellation)
                : null,
            set.StopCode is { } code
                ? new ErrorView(code, set.StopMessage ?? "", set.StopHint ?? "")
                : live.TroubleOf(set.Id)
        )
        {
            Copies = await _syncs.CopiesAsync(partials, cancellation),
        };
    }

    /// <summary>What the source may have written since the agent was last heard: it is unknown, so all of that time counts.</summary>
    private double SilenceOf(ReplicaSetRecord set) =>
        set.SourceSeenAt is { } seen && time.GetUtcNow() - seen is var silence && silence > LongSilence
            ? Math.Floor(silence.TotalSeconds)
            : 0;

    private async Task<JobView> QueueAsync<T>(
        string kind,
        string? replicaSetId,
        T arguments,
        CancellationToken cancellation
    )
    {
        var job = JobKinds.New(
            kind,
            replicaSetId,
            JsonSerializer.Serialize(arguments, JobKinds.Json),
            time.GetUtcNow()
        ) with
        {
            AskedBy = AuditActor.Current.Name,
        };
        await metadata.Jobs.AddAsync(job, cancellation);
        return await ViewAsync(job, cancellation);
    }

    private async Task<JobView> ViewAsync(JobRecord job, CancellationToken cancellation) =>
        View(
            job,
            job.Result is null ? null : new JobResults(await metadata.GlanceAsync(cancellation), _retention).Of(job)
        );

    private JobView View(JobRecord job, JsonElement? result) =>
        new(
            job.Id,
            job.Kind,
            StateOf(job),
            job.Phase,
            job.Progress,
            result,
            job.ErrorCode is null ? null : new ErrorView(job.ErrorCode, job.ErrorMessage ?? "", job.ErrorHint ?? "")
        )
        {
            AskedBy = job.AskedBy.Length > 0 ? job.AskedBy : null,
            Bytes = job.Bytes > 0 ? job.Bytes : null,
            ExpectedBytes = job.ExpectedBytes > 0 ? job.ExpectedBytes : null,
            BytesPerSecond = JobPace.RateOf(job),
            RemainingSeconds = JobPace.RemainingOf(job, time.GetUtcNow()),
            RetryOf = job.RetryOf,
        };

    private static string StateOf(JobRecord job) => job.State.ToString().ToLower(CultureInfo.InvariantCulture);

    /// <param name="snapshot">Of that set.</param>
    /// <param name="set">As it is stored.</param>
    /// <param name="keeping">Null where it was removed meanwhile.</param>
    internal static SnapshotView View(SnapshotRecord snapshot, ReplicaSetRecord set, Keeping? keeping) =>
        new(
            snapshot.Id,
            set.Name,
            new OptimeView(snapshot.Optime.T, snapshot.Optime.I),
            snapshot.Documents,
            snapshot.RawBytes,
            snapshot.NewBytes,
            snapshot.StoredBytes,
            snapshot.DurationSeconds,
            snapshot.CreatedAt,
            keeping?.Until,
            snapshot.Trigger
        )
        {
            Filters = NamespaceOperations.Of(snapshot),
            PartOf = snapshot.CutId,
            PinnedAt = snapshot.PinnedAt,
            Kept = keeping is null ? [] : SnapshotViews.Of(keeping),
        };

    internal static string StateName(ReplicaSetState state) =>
        state switch
        {
            ReplicaSetState.Waiting => "waiting",
            ReplicaSetState.InitialSync => "initial-sync",
            ReplicaSetState.CatchingUp => "catching-up",
            ReplicaSetState.Tailing => "tailing",
            ReplicaSetState.Stopped => "stopped",
            _ => throw new ArgumentOutOfRangeException(nameof(state)),
        };
}
