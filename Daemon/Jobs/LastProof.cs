using System.Text.Json;
using Backup.Metadata;

namespace Backup.Daemon.Jobs;

/// <summary>The snapshot of a group that was read back whole last. Kept in the catalogue's settings, for whoever asks often.</summary>
/// <param name="At">When that was done.</param>
/// <param name="Subject">The replica set, or the cluster.</param>
/// <param name="SnapshotId">Which one.</param>
/// <param name="JobId">Of the verification.</param>
public sealed record LastProof(DateTimeOffset At, string Subject, string SnapshotId, string JobId)
{
    /// <summary>Null where none was yet.</summary>
    public static async Task<LastProof?> FindAsync(
        ISettings settings,
        string groupId,
        CancellationToken cancellation = default
    ) =>
        await settings.FindAsync(NameOf(groupId), cancellation) is { } json
            ? JsonSerializer.Deserialize<LastProof>(json, JobKinds.Json)
            : null;

    internal Task SetAsync(ISettings settings, string groupId, CancellationToken cancellation) =>
        settings.SetAsync(NameOf(groupId), JsonSerializer.Serialize(this, JobKinds.Json), cancellation);

    private static string NameOf(string groupId) => $"proof.{groupId}";
}
