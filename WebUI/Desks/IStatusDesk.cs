using Backup.Metadata;
using Backup.WebUI.Contracts;

namespace Backup.WebUI.Desks;

/// <summary>How everything is.</summary>
public interface IStatusDesk
{
    /// <summary>Of all groups.</summary>
    Task<StatusView> StatusAsync(CancellationToken cancellation);

    /// <summary>The same, and what is held of these subjects.</summary>
    /// <param name="subjects">Replica sets that are no parts of a cluster, and clusters.</param>
    /// <param name="cancellation">Gives up.</param>
    Task<BoardView> BoardAsync(IReadOnlyCollection<string> subjects, CancellationToken cancellation);

    /// <summary>How jobs are that <see cref="Metadata.IJobs"/> has, in the same order.</summary>
    Task<IReadOnlyList<JobView>> JobsAsync(IReadOnlyList<JobRecord> jobs, CancellationToken cancellation);

    /// <summary>A job that <see cref="Metadata.IJobs"/> has.</summary>
    Task<JobView> JobAsync(string job, CancellationToken cancellation);

    /// <summary>Asks for it once more where it failed or was cancelled.</summary>
    /// <returns>The new one.</returns>
    Task<JobView> RetryAsync(string job, CancellationToken cancellation);

    /// <summary>Ends it where it has not ended.</summary>
    Task<JobView> CancelAsync(string job, CancellationToken cancellation);
}
