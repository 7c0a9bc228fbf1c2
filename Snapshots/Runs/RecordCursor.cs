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

    /// <summary>Whether it is known, without a look at them, that the current record and those that <see cref="TakePuts"/> would take lie below a key.</summary>
    internal virtual bool IsBatchBelow(ReadOnlySpan<byte> key) => false;

    /// <summary>
    /// Takes the current record and those behind it that stand with it, as long as they are puts: what they held cannot be read from this any more, and the next
    /// move goes on behind them.
    /// </summary>
    /// <returns>Their documents one behind another, valid until the next move, and how many; none where that cannot be done.</returns>
    internal virtual (ReadOnlyMemory<byte> Documents, int Count) TakePuts() => default;

    public abstract ValueTask DisposeAsync();
}
