using Backup.Foundation;
using Backup.Metadata;
using Backup.MongoWire.Uri;
using Backup.WebUI.Contracts;

namespace Backup.Cli.Appliance;

/// <summary>What the commands ask about deployments: agents take a change up by themselves within seconds.</summary>
internal sealed class DeploymentOperations(IMetadataStore metadata, TimeProvider time)
{
    /// <exception cref="Foundation.Errors.BackupException">2100 and on: what is wrong with the URI; 1005 a pattern is none.</exception>
    internal async Task<DeploymentEntryView> AddAsync(
        string groupId,
        DeploymentRequest request,
        CancellationToken cancellation
    )
    {
        var filter = NamespaceFilter.Of(request.Include ?? [], request.Exclude ?? []);
        return View(
            await DeploymentNaming.EnsureAsync(
                metadata,
                groupId,
                request.Uri,
                time.GetUtcNow(),
                cancellation,
                filter,
                request.Name
            )
        );
    }

    /// <summary>No longer protected; all that is stored stays.</summary>
    /// <param name="deployment">Its name or id.</param>
    /// <exception cref="Foundation.Errors.BackupException">9522 none, 9501 it is a part of a cluster.</exception>
    internal async Task<DeploymentEntryView> RemoveAsync(string deployment, CancellationToken cancellation)
    {
        var found = await FindAsync(deployment, cancellation);
        if (found.Cluster is { } membership)
        {
            var cluster = await metadata.Deployments.FindAsync(membership.DeploymentId, cancellation);
            throw CliErrors.Argument(
                $"'{found.Name}' is a part of the cluster '{cluster?.Name}'.",
                "A cluster is protected as a whole: remove the cluster. A shard that leaves it is no longer protected by itself."
            );
        }

        await metadata.Deployments.RemoveAsync(found.Id, cancellation);
        return View(await FindAsync(found.Id, cancellation));
    }

    private async Task<Deployment> FindAsync(string name, CancellationToken cancellation)
    {
        var all = await metadata.Deployments.ListAsync(cancellation);
        return all.FirstOrDefault(one => one.Id == name || one.Name == name)
            ?? throw CliErrors.NoSuchDeployment(name, all.Select(one => one.Name));
    }

    private static DeploymentEntryView View(Deployment deployment) =>
        new(deployment.Id, deployment.Name, deployment.Type, HostsOf(deployment), deployment.RemovedAt)
        {
            Namespaces = NamespacesOf(deployment),
        };

    /// <summary>As its URI names them.</summary>
    internal static IReadOnlyList<string> HostsOf(Deployment deployment) =>
        [.. ConnectionString.Parse(deployment.Uri).Hosts.Select(static host => host.ToString())];

    /// <summary>Null for everything.</summary>
    internal static FilterView? NamespacesOf(Deployment deployment) =>
        deployment.Namespaces.IsEverything
            ? null
            : new FilterView(deployment.Namespaces.Include, deployment.Namespaces.Exclude);
}
