using Backup.WebUI.Contracts;

namespace Backup.WebUI.Desks;

/// <summary>What is protected, and how it is read.</summary>
public interface IDeploymentDesk
{
    /// <exception cref="Foundation.Errors.BackupException">2100 and on: what is wrong with the URI; 1005 a pattern is none.</exception>
    Task<DeploymentEntryView> AddAsync(string groupId, DeploymentRequest request, CancellationToken cancellation);

    /// <summary>No longer protected; all that is stored stays.</summary>
    Task<DeploymentEntryView> RemoveAsync(string deployment, CancellationToken cancellation);

    /// <summary>The same deployment is to be found there from now on.</summary>
    /// <exception cref="Foundation.Errors.BackupException">2100 and on: what is wrong with the URI; 6348 another one has it.</exception>
    Task<DeploymentEntryView> SetUriAsync(string deployment, string uri, CancellationToken cancellation);

    Task<SourceView> ReadSourceAsync(string subject, CancellationToken cancellation);

    Task<SourceView> ChangeSourceAsync(string subject, SourceChange change, CancellationToken cancellation);

    Task<NamespacesView> ReadNamespacesAsync(string subject, CancellationToken cancellation);

    Task<NamespacesView> ChangeNamespacesAsync(string subject, NamespacesChange change, CancellationToken cancellation);

    /// <summary>Starts the initial sync of a replica set over; snapshots stay.</summary>
    Task<ReplicaSetView> ResyncAsync(string replicaSet, CancellationToken cancellation);

    /// <summary>Asks for a fresh copy of some collections of a replica set beside everything else.</summary>
    Task<ReplicaSetView> CopyAsync(string replicaSet, CopyRequest request, CancellationToken cancellation);

    /// <summary>Gives up every such copy that is under way.</summary>
    Task<ReplicaSetView> CancelCopiesAsync(string replicaSet, CancellationToken cancellation);
}
