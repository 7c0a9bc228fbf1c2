using Backup.WebUI.Contracts;

namespace Backup.WebUI.Desks;

/// <summary>How everything is.</summary>
public interface IStatusDesk
{
    /// <summary>Of all groups.</summary>
    Task<StatusView> StatusAsync(CancellationToken cancellation);

    /// <summary>A job that <see cref="Metadata.IJobs"/> has.</summary>
    Task<JobView> JobAsync(string job, CancellationToken cancellation);

    /// <summary>Ends it where it has not ended.</summary>
    Task<JobView> CancelAsync(string job, CancellationToken cancellation);
}
