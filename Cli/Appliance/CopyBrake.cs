using System.Globalization;
using Backup.BackupHttpServer;
using Backup.Foundation.Errors;

namespace Backup.Cli.Appliance;

/// <summary>
/// Lets copies of collections wait while what is behind the server for agents cannot keep up: the disk has little room left, or the block
/// store is being opened again. The oplog goes on until the disk is really full. Thread-safe; asked with each slice, it looks twice a second.
/// </summary>
/// <param name="folders">Their disks are looked at; none: what is stored is stored elsewhere.</param>
/// <param name="isStoreOpen">Whether the block store takes writes.</param>
/// <param name="time">The clock.</param>
internal sealed class CopyBrake(IReadOnlyList<string> folders, Func<bool> isStoreOpen, TimeProvider time)
{
    /// <summary>Copies leave this much: a gibibyte, or a twentieth of a small disk.</summary>
    private const long MostReserve = 1L << 30;

    private const int ReserveShare = 20;
    private static readonly TimeSpan Look = TimeSpan.FromMilliseconds(500);

    private readonly Lock _lock = new();
    private string? _reason;
    private long? _lookedAt;

    /// <summary>Why copies wait, as the error that agents get; null while they need not.</summary>
    internal BackupException? Trouble => Reason() is { } reason ? BackupHttpServerErrors.CopiesHeld(reason) : null;

    /// <summary>Why copies wait; null while they need not.</summary>
    internal string? Reason()
    {
        lock (_lock)
        {
            if (_lookedAt is not { } at || time.GetElapsedTime(at) > Look)
            {
                _lookedAt = time.GetTimestamp();
                _reason = isStoreOpen() ? DiskReason() : "the block store is being opened again after a failed write";
            }

            return _reason;
        }
    }

    private string? DiskReason() => folders.Select(DiskReason).FirstOrDefault(static reason => reason is not null);

    private static string? DiskReason(string folder)
    {
        var disk = new DriveInfo(folder);
        var (free, whole) = (disk.AvailableFreeSpace, disk.TotalSize);
        return free < Math.Min(MostReserve, whole / ReserveShare)
            ? string.Create(
                CultureInfo.InvariantCulture,
                $"the disk that holds '{folder}' has {free >> 20} MiB left of {whole >> 20} MiB"
            )
            : null;
    }
}
