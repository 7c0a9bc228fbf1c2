using Backup.Foundation.Errors;

namespace Backup.AlertService.Watch;

/// <summary>What is not in the catalogue: disks, certificates, and what parts of the appliance say of themselves.</summary>
/// <param name="Disks">Those that the appliance writes to.</param>
/// <param name="Certificates">Of the server.</param>
/// <param name="Troubles">What is wrong with the appliance itself now.</param>
/// <param name="Version">Release of the server.</param>
public sealed record ApplianceFacts(
    IReadOnlyList<DiskFacts> Disks,
    IReadOnlyList<CertificateFacts> Certificates,
    IReadOnlyList<BackupException> Troubles,
    string Version
)
{
    /// <summary>How the last groom of the block store ended; null where there was none.</summary>
    public GroomFacts? Groom { get; init; }
}

/// <param name="At">When it ended.</param>
/// <param name="ReclaimableBytes">Stored after it, and needed by nobody as far as is known.</param>
/// <param name="ReclaimablePercent">Of what is stored.</param>
/// <param name="Error">Its number and what is wrong; null where it did not fail.</param>
public sealed record GroomFacts(DateTimeOffset At, long ReclaimableBytes, double ReclaimablePercent, string? Error);

/// <param name="Path">Where it is mounted, or what is on it.</param>
/// <param name="TotalBytes">Of the disk.</param>
/// <param name="FreeBytes">That can still be written.</param>
public sealed record DiskFacts(string Path, long TotalBytes, long FreeBytes);

/// <param name="Name">Whose.</param>
/// <param name="EndsAt">From then on it is worth nothing.</param>
public sealed record CertificateFacts(string Name, DateTimeOffset EndsAt);
