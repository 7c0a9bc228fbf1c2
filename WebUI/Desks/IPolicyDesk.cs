using Backup.WebUI.Contracts;

namespace Backup.WebUI.Desks;

/// <summary>When snapshots are taken, and what is kept.</summary>
public interface IPolicyDesk
{
    Task<PolicyView> ReadAsync(string subject, CancellationToken cancellation);

    /// <summary>What the change leaves out stays as it is.</summary>
    /// <exception cref="Foundation.Errors.BackupException">6012 where a value is out of its range: nothing is changed then.</exception>
    Task<PolicyView> ChangeAsync(string subject, PolicyChange change, CancellationToken cancellation);

    /// <summary>What the change would do; nothing is changed.</summary>
    Task<PolicyPreviewView> PreviewAsync(string subject, PolicyChange change, CancellationToken cancellation);
}
