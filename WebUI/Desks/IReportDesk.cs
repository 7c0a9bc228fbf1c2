using Backup.WebUI.Contracts;

namespace Backup.WebUI.Desks;

/// <summary>What the appliance vouches for.</summary>
public interface IReportDesk
{
    /// <summary>The signed report of a verification.</summary>
    /// <param name="job">Of the verification.</param>
    /// <param name="cancellation">Gives up.</param>
    /// <exception cref="Foundation.Errors.BackupException">9690 it is no verification, or has not ended.</exception>
    Task<SignedReportView> ReportAsync(string job, CancellationToken cancellation);

    /// <summary>The newest snapshot of a group that was read back whole; null where none was yet.</summary>
    Task<ProofView?> LastProofAsync(string group, CancellationToken cancellation);
}
