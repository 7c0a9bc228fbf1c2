using Backup.Cli.Appliance;
using Backup.Cli.Control;
using Backup.Foundation.Contracts;
using Backup.Metadata;
using Backup.WebUI.Contracts;
using Backup.WebUI.Desks;

namespace Backup.Cli.Web;

/// <summary>The desks of the web interface, kept by the same operations that the commands ask.</summary>
internal static class Desks
{
    /// <param name="parts">Those that the commands ask.</param>
    /// <param name="restores">Those that go on by themselves.</param>
    /// <param name="storage">What is stored.</param>
    /// <param name="alerts">Who is told of what.</param>
    /// <param name="appliance">The appliance itself.</param>
    /// <param name="reports">What it vouches for.</param>
    /// <param name="daemons">Who keeps heads.</param>
    /// <param name="exports">Of its metadata.</param>
    internal static ApiDesks Of(
        ApplianceParts parts,
        RestoreTasks restores,
        StorageDesk storage,
        AlertDesk alerts,
        ApplianceDesk appliance,
        ReportDesk reports,
        DaemonDesk daemons,
        MetadataExports exports
    ) =>
        new(
            new StatusDesk(parts.Operations, parts.Holdings),
            new DeploymentDesk(parts.Deployments, parts.Sources, parts.Namespaces, parts.Operations),
            new SnapshotDesk(parts.Operations, parts.Clusters, parts.ClusterRestores, parts.Keeping),
            parts.Policies,
            parts.Links,
            new SshDesk(parts.Ssh),
            restores,
            new AgentDesk(parts.Agents, parts.Monitoring),
            storage,
            parts.Subjects,
            parts.Credentials,
            alerts,
            new DocumentDesk(parts.Documents, parts.ClusterRestores, parts.Audit),
            parts.Serving,
            parts.People,
            parts.Agents,
            appliance,
            parts.Keys,
            reports,
            daemons,
            exports
        );

    private sealed class StatusDesk(ApplianceOperations operations, HoldingsOperations holdings) : IStatusDesk
    {
        public Task<BoardView> BoardAsync(IReadOnlyCollection<string> subjects, CancellationToken cancellation) =>
            holdings.BoardAsync(subjects, cancellation);

        public Task<IReadOnlyList<JobView>> JobsAsync(IReadOnlyList<JobRecord> jobs, CancellationToken cancellation) =>
            operations.JobsAsync(jobs, cancellation);

        public Task<StatusView> StatusAsync(CancellationToken cancellation) => operations.StatusAsync(cancellation);

        public Task<JobView> JobAsync(string job, CancellationToken cancellation) =>
            operations.JobAsync(job, cancellation);

        public Task<JobView> RetryAsync(string job, CancellationToken cancellation) =>
            operations.RetryAsync(job, cancellation);

        public Task<JobView> CancelAsync(string job, CancellationToken cancellation) =>
            operations.CancelAsync(job, cancellation);
    }

    private sealed class DeploymentDesk(
        DeploymentOperations deployments,
        SourceOperations sources,
        NamespaceOperations namespaces,
        ApplianceOperations operations
    ) : IDeploymentDesk
    {
        public Task<DeploymentEntryView> AddAsync(
            string groupId,
            DeploymentRequest request,
            CancellationToken cancellation
        ) => deployments.AddAsync(groupId, request, cancellation);

        public Task<DeploymentEntryView> RemoveAsync(string deployment, CancellationToken cancellation) =>
            deployments.RemoveAsync(deployment, cancellation);

        public Task<DeploymentEntryView> SetUriAsync(string deployment, string uri, CancellationToken cancellation) =>
            deployments.SetUriAsync(deployment, uri, cancellation);

        public Task<SourceView> ReadSourceAsync(string subject, CancellationToken cancellation) =>
            sources.ReadAsync(subject, cancellation);

        public Task<SourceView> ChangeSourceAsync(
            string subject,
            SourceChange change,
            CancellationToken cancellation
        ) => sources.ChangeAsync(subject, change, cancellation);

        public Task<NamespacesView> ReadNamespacesAsync(string subject, CancellationToken cancellation) =>
            namespaces.ReadAsync(subject, cancellation);

        public Task<NamespacesView> ChangeNamespacesAsync(
            string subject,
            NamespacesChange change,
            CancellationToken cancellation
        ) => namespaces.ChangeAsync(subject, change, cancellation);

        public Task<ReplicaSetView> ResyncAsync(string replicaSet, CancellationToken cancellation) =>
            operations.ResyncAsync(replicaSet, cancellation);

        public Task<ReplicaSetView> CopyAsync(string replicaSet, CopyRequest request, CancellationToken cancellation) =>
            operations.CopyAsync(replicaSet, request, cancellation);

        public Task<ReplicaSetView> CancelCopiesAsync(string replicaSet, CancellationToken cancellation) =>
            operations.CancelCopiesAsync(replicaSet, cancellation);
    }

    private sealed class SnapshotDesk(
        ApplianceOperations operations,
        ClusterOperations clusters,
        ClusterRestoreOperations ranges,
        KeepingOperations keeping
    ) : ISnapshotDesk
    {
        public Task<SnapshotKeepingView> ChangeKeepingAsync(
            string snapshot,
            SnapshotChange change,
            CancellationToken cancellation
        ) => keeping.ChangeAsync(snapshot, change, cancellation);

        public Task<DeletionView> PreviewDeletionAsync(string snapshot, CancellationToken cancellation) =>
            keeping.PreviewDeletionAsync(snapshot, cancellation);

        public Task<DeletionView> DeleteAsync(string snapshot, bool evenLast, CancellationToken cancellation) =>
            keeping.DeleteAsync(snapshot, evenLast, cancellation);

        public Task<IReadOnlyList<SnapshotView>> SnapshotsAsync(string replicaSet, CancellationToken cancellation) =>
            operations.SnapshotsAsync(replicaSet, cancellation);

        public Task<IReadOnlyList<ClusterSnapshotView>> ClusterSnapshotsAsync(
            string cluster,
            bool all,
            CancellationToken cancellation
        ) => clusters.SnapshotsAsync(cluster, all, cancellation);

        public Task<JobView> RequestSnapshotAsync(string subject, long? keep, CancellationToken cancellation) =>
            operations.RequestSnapshotAsync(subject, keep, cancellation);

        public Task<JobView> RequestVerificationAsync(string snapshot, CancellationToken cancellation) =>
            operations.RequestVerificationAsync(snapshot, cancellation);

        public Task<RangesView> RangesAsync(string subject, CancellationToken cancellation) =>
            ranges.RangesAsync(subject, cancellation);
    }

    private sealed class SshDesk(SshOperations ssh) : ISshDesk
    {
        public Task<IReadOnlyList<SshKeyView>> KeysAsync(string groupId, CancellationToken cancellation) =>
            ssh.Of(groupId).KeysAsync(cancellation);

        public Task<SshKeyView> CreateKeyAsync(string groupId, SshKeyRequest request, CancellationToken cancellation) =>
            ssh.Of(groupId).CreateKeyAsync(request, cancellation);

        public Task<SshKeyView> RemoveKeyAsync(string groupId, string key, CancellationToken cancellation) =>
            ssh.Of(groupId).RemoveKeyAsync(key, cancellation);

        public Task<IReadOnlyList<SshTargetView>> TargetsAsync(string groupId, CancellationToken cancellation) =>
            ssh.Of(groupId).TargetsAsync(cancellation);

        public Task<SshTargetView> AddTargetAsync(
            string groupId,
            SshTargetRequest request,
            CancellationToken cancellation
        ) => ssh.Of(groupId).AddTargetAsync(request, cancellation);

        public Task<SshTargetView> RemoveTargetAsync(string groupId, string target, CancellationToken cancellation) =>
            ssh.Of(groupId).RemoveTargetAsync(target, cancellation);

        public Task<IReadOnlyList<SshCheckView>> TestAsync(
            string groupId,
            string target,
            CancellationToken cancellation
        ) => ssh.Of(groupId).TestAsync(target, cancellation);

        public Task<IReadOnlyList<SshHostKeyView>> HostKeysAsync(string address, CancellationToken cancellation) =>
            ssh.HostKeysAsync(address, cancellation);
    }

    private sealed class AgentDesk(AgentOperations agents, MonitoringOperations monitoring) : IAgentDesk
    {
        public Task<IReadOnlyList<MonitoringSample>> MonitoringAsync(
            string deployment,
            int minutes,
            int points,
            CancellationToken cancellation
        ) => monitoring.OfDeploymentAsync(deployment, minutes, points, cancellation);

        public Task<IReadOnlyList<HostExcerpt>> LookAsync(
            Deployment deployment,
            HostLookRequest request,
            CancellationToken cancellation
        ) => monitoring.Hosts.LookAsync(deployment, request, cancellation);

        public Task<StepDownView> StepDownAsync(
            Deployment deployment,
            StepDownRequest request,
            CancellationToken cancellation
        ) => monitoring.Hosts.StepDownAsync(deployment, request, cancellation);

        public Task<IReadOnlyList<MonitoringSpan>> HistoryAsync(
            string deployment,
            TimeSpan range,
            int points,
            CancellationToken cancellation
        ) => monitoring.HistoryAsync(deployment, range, points, cancellation);

        public Task<IReadOnlyList<AgentView>> ListAsync(CancellationToken cancellation) =>
            agents.ListAsync(cancellation);

        public Task<TokenView> MakeTokenAsync(string groupId, double minutes, CancellationToken cancellation) =>
            agents.MakeTokenAsync(groupId, minutes, cancellation);

        public Task<AgentView> RevokeAsync(string agent, CancellationToken cancellation) =>
            agents.RevokeAsync(agent, cancellation);

        public Task<AgentLogView> LogsAsync(string agent, int lines, long? since, CancellationToken cancellation) =>
            agents.LogsAsync(agent, lines, since, cancellation);
    }
}
