using System.Buffers;
using Backup.Snapshots.Runs;

namespace Backup.Snapshots.Heads;

/// <summary>Walks a memtable's records in key order.</summary>
internal sealed class MemtableCursor(Memtable table) : RecordCursor
{
    private readonly int[] _order = table.Sorted();
    private readonly ArrayBufferWriter<byte> _record = new();
    private int _at = -1;

    internal override ReadOnlySpan<byte> Key => table.KeyOf(_order[_at]);

    internal override ReadOnlyMemory<byte> RecordMemory => _record.WrittenMemory;

    internal override ValueTask<bool> MoveNextAsync(CancellationToken cancellation)
    {
        if (++_at >= _order.Length)
        {
            return new(false);
        }

        _record.ResetWrittenCount();
        table.WriteRecord(_order[_at], _record);
        return new(true);
    }

    public override ValueTask DisposeAsync() => default;
}
