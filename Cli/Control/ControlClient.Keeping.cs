using Backup.WebUI.Contracts;

namespace Backup.Cli.Control;

/// <content>Policies, and the keeping of single snapshots.</content>
internal sealed partial class ControlClient
{
    internal Task<PolicyView> PolicyAsync(string replicaSet, CancellationToken cancellation) =>
        GetAsync<PolicyView>(ControlRoutes.Fill(ControlRoutes.Policy, replicaSet), cancellation);

    internal Task<PolicyView> ChangePolicyAsync(
        string replicaSet,
        PolicyChange change,
        CancellationToken cancellation
    ) =>
        PostAsync<PolicyChange, PolicyView>(ControlRoutes.Fill(ControlRoutes.Policy, replicaSet), change, cancellation);

    internal Task<PolicyPreviewView> PreviewPolicyAsync(
        string replicaSet,
        PolicyChange change,
        CancellationToken cancellation
    ) =>
        PostAsync<PolicyChange, PolicyPreviewView>(
            ControlRoutes.Fill(ControlRoutes.PolicyPreview, replicaSet),
            change,
            cancellation
        );

    internal Task<SnapshotKeepingView> ChangeSnapshotAsync(
        string snapshot,
        SnapshotChange change,
        CancellationToken cancellation
    ) =>
        PostAsync<SnapshotChange, SnapshotKeepingView>(
            ControlRoutes.Fill(ControlRoutes.Keeping, snapshot),
            change,
            cancellation
        );

    internal Task<DeletionView> PreviewDeletionAsync(string snapshot, CancellationToken cancellation) =>
        GetAsync<DeletionView>(ControlRoutes.Fill(ControlRoutes.DeleteSnapshot, snapshot), cancellation);

    internal Task<DeletionView> DeleteSnapshotAsync(string snapshot, bool evenLast, CancellationToken cancellation) =>
        PostAsync<DeletionView>(
            $"{ControlRoutes.Fill(ControlRoutes.DeleteSnapshot, snapshot)}?{ControlRoutes.EvenLastParameter}={(evenLast ? "true" : "false")}",
            cancellation
        );
}
