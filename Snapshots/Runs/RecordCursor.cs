using Backup.Snapshots.Records;

namespace Backup.Snapshots.Runs;

/// <summary>Walks records in key order: a run's, or a memtable's. Spans are valid until the next move.</summary>
internal abstract class RecordCursor : IAsyncDisposable
{
    internal abstract ReadOnlySpan<byte> Key { get; }

    internal abstract ReadOnlyMemory<byte> RecordMemory { get; }

    internal RecordView Record => RecordView.Checked(RecordMemory.Span);

    /// <returns>False at the end.</returns>
    internal abstract ValueTask<bool> MoveNextAsync(CancellationToken cancellation);

    public abstract ValueTask DisposeAsync();
}
