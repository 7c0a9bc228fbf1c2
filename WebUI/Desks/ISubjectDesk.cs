using Backup.WebUI.Contracts;

namespace Backup.WebUI.Desks;

/// <summary>What the names stand for that people type.</summary>
public interface ISubjectDesk
{
    /// <param name="name">Of a cluster, a replica set or a deployment, as people name it.</param>
    /// <param name="kind">What it may be.</param>
    /// <param name="groups">Ids of those that are looked in; what is another's is not there.</param>
    /// <param name="cancellation">Gives up.</param>
    /// <exception cref="Foundation.Errors.BackupException">9506, 9522 nothing is called so, 9507 several are.</exception>
    Task<FoundSubjectView> FindAsync(
        string name,
        SubjectKind kind,
        IReadOnlySet<string> groups,
        CancellationToken cancellation
    );

    /// <summary>Of which cluster or replica set a snapshot is.</summary>
    /// <exception cref="Foundation.Errors.BackupException">9508 none of those groups has it.</exception>
    Task<FoundSubjectView> OfSnapshotAsync(
        string snapshot,
        IReadOnlySet<string> groups,
        CancellationToken cancellation
    );
}
