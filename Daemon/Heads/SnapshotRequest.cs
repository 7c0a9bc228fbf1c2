using Backup.Metadata;

namespace Backup.Daemon.Heads;

/// <summary>A snapshot that a job asks of a head's keeper.</summary>
/// <param name="Trigger">Shown to people.</param>
/// <param name="RequestedAt">Everything that the source had committed by then is to be in it; null: what the head holds will do.</param>
/// <param name="KeepFor">How long it is kept, whatever the policy says; null: the policy decides.</param>
internal sealed record SnapshotRequest(string Trigger, DateTimeOffset? RequestedAt, TimeSpan? KeepFor = null)
{
    private readonly TaskCompletionSource<SnapshotRecord> _done = new(
        TaskCreationOptions.RunContinuationsAsynchronously
    );

    internal Task<SnapshotRecord> Done => _done.Task;

    internal void Complete(SnapshotRecord snapshot) => _done.TrySetResult(snapshot);

    internal void Fail(Exception failure) => _done.TrySetException(failure);

    internal void Cancel() => _done.TrySetCanceled();
}
