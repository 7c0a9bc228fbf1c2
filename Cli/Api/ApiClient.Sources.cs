using System.Globalization;
using Backup.Foundation.Contracts;
using Backup.WebUI.Contracts;

namespace Backup.Cli.Api;

/// <content>Deployments, and how they are read.</content>
internal sealed partial class ApiClient
{
    internal async Task<List<DeploymentEntryView>> DeploymentsAsync(CancellationToken cancellation) =>
        [
            .. (await StatusAsync(cancellation)).Deployments.Select(static one => new DeploymentEntryView(
                one.Id,
                one.Name,
                one.Type,
                one.Hosts,
                one.RemovedAt
            )
            {
                Namespaces = one.Namespaces,
            }),
        ];

    internal async Task<DeploymentEntryView> AddDeploymentAsync(
        DeploymentRequest request,
        CancellationToken cancellation
    ) =>
        await PostAsync<DeploymentRequest, DeploymentEntryView>(
            $"{await HomeAsync(cancellation)}/deployments",
            request,
            cancellation
        );

    internal async Task<DeploymentEntryView> RemoveDeploymentAsync(string deployment, CancellationToken cancellation) =>
        await DeleteAsync<DeploymentEntryView>(
            await PathOfAsync(deployment, SubjectKind.Deployment, cancellation),
            cancellation
        );

    internal async Task<DeploymentEntryView> SetDeploymentUriAsync(
        string deployment,
        string uri,
        CancellationToken cancellation
    ) =>
        await PutAsync<DeploymentUriRequest, DeploymentEntryView>(
            $"{await PathOfAsync(deployment, SubjectKind.Deployment, cancellation)}/uri",
            new DeploymentUriRequest(uri),
            cancellation
        );

    internal async Task<SourceView> SourceAsync(string name, CancellationToken cancellation) =>
        await GetAsync<SourceView>($"{await PathOfAsync(name, SubjectKind.Source, cancellation)}/source", cancellation);

    internal async Task<SourceView> ChangeSourceAsync(
        string name,
        SourceChange change,
        CancellationToken cancellation
    ) =>
        await PatchAsync<SourceChange, SourceView>(
            $"{await PathOfAsync(name, SubjectKind.Source, cancellation)}/source",
            change,
            cancellation
        );

    internal async Task<NamespacesView> NamespacesAsync(string name, CancellationToken cancellation) =>
        await GetAsync<NamespacesView>(
            $"{await PathOfAsync(name, SubjectKind.Any, cancellation)}/namespaces",
            cancellation
        );

    internal async Task<NamespacesView> ChangeNamespacesAsync(
        string name,
        NamespacesChange change,
        CancellationToken cancellation
    ) =>
        await PatchAsync<NamespacesChange, NamespacesView>(
            $"{await PathOfAsync(name, SubjectKind.Any, cancellation)}/namespaces",
            change,
            cancellation
        );

    internal async Task<ReplicaSetView> ResyncAsync(string replicaSet, CancellationToken cancellation) =>
        await PostAsync<ReplicaSetView>(
            $"{await PathOfAsync(replicaSet, SubjectKind.ReplicaSet, cancellation)}/resync",
            cancellation
        );

    internal async Task<ReplicaSetView> CopyAsync(
        string replicaSet,
        CopyRequest request,
        CancellationToken cancellation
    ) =>
        await PostAsync<CopyRequest, ReplicaSetView>(
            $"{await PathOfAsync(replicaSet, SubjectKind.ReplicaSet, cancellation)}/copies",
            request,
            cancellation
        );

    internal async Task<ReplicaSetView> CancelCopiesAsync(string replicaSet, CancellationToken cancellation) =>
        await DeleteAsync<ReplicaSetView>(
            $"{await PathOfAsync(replicaSet, SubjectKind.ReplicaSet, cancellation)}/copies",
            cancellation
        );

    internal async Task<List<MonitoringSample>> MonitoringAsync(
        string replicaSet,
        int minutes,
        CancellationToken cancellation
    )
    {
        var path = await PathOfAsync(replicaSet, SubjectKind.ReplicaSet, cancellation);
        var past = minutes.ToString(CultureInfo.InvariantCulture);
        return await ListAsync<MonitoringSample>($"{path}/monitoring?minutes={past}", cancellation);
    }
}
