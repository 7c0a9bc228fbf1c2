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

    /// <summary>The same deployment is to be found there from now on: agents begin anew with it within seconds, and all that is stored stays.</summary>
    /// <param name="deployment">Its name or id.</param>
    /// <param name="uri">As users give it.</param>
    /// <param name="cancellation">Nothing was changed then.</param>
    /// <exception cref="Foundation.Errors.BackupException">
    /// 9522 none, 9501 it is a part of a cluster; 2100 and on: what is wrong with the URI; 6348 another one has it.
    /// </exception>
    internal async Task<DeploymentEntryView> SetUriAsync(string deployment, string uri, CancellationToken cancellation)
    {
        _ = ConnectionString.Parse(uri);
        var found = await FindAsync(deployment, cancellation);
        if (found.Cluster is { } membership)
        {
            var cluster = await metadata.Deployments.FindAsync(membership.DeploymentId, cancellation);
            throw CliErrors.Argument(
                $"'{found.Name}' is a part of the cluster '{cluster?.Name}'.",
                "Give the URI of the cluster: its agent finds its parts through it."
            );
        }

        return View(await metadata.Deployments.SetUriAsync(found.Id, uri, cancellation));
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

    private DeploymentEntryView View(Deployment deployment) =>
        new(
            deployment.Id,
            deployment.Name,
            deployment.Type,
            DeploymentAddresses.Of(metadata, deployment).Hosts,
            deployment.RemovedAt
        )
        {
            Namespaces = NamespacesOf(deployment),
        };

    /// <summary>Null for everything.</summary>
    internal static FilterView? NamespacesOf(Deployment deployment) =>
        deployment.Namespaces.IsEverything
            ? null
            : new FilterView(deployment.Namespaces.Include, deployment.Namespaces.Exclude);
}
