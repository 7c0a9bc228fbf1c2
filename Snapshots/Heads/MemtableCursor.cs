using System.Buffers;
using Backup.Snapshots.Keys;
using Backup.Snapshots.Runs;

namespace Backup.Snapshots.Heads;

/// <summary>Walks a memtable's records in key order.</summary>
/// <param name="table">The memtable; nothing is applied to it meanwhile.</param>
/// <param name="range">Which keys.</param>
internal sealed class MemtableCursor(Memtable table, KeyRange range = default) : RecordCursor
{
    private readonly int[] _order = table.Sorted();
    private readonly ArrayBufferWriter<byte> _record = new();
    private int _at = -1;
    private bool _started;

    internal override ReadOnlySpan<byte> Key => table.KeyOf(_order[_at]);

    internal override ReadOnlyMemory<byte> RecordMemory => _record.WrittenMemory;

    internal override ValueTask<bool> MoveNextAsync(CancellationToken cancellation)
    {
        if (!_started)
        {
            _started = true;
            _at = First() - 1;
        }

        if (_at >= _order.Length || ++_at == _order.Length || range.IsBehind(Key))
        {
            _at = _order.Length;
            return new(false);
        }

        _record.ResetWrittenCount();
        table.WriteRecord(_order[_at], _record);
        return new(true);
    }

    public override ValueTask DisposeAsync() => default;

    /// <summary>The place of the first key that is in the range or behind it.</summary>
    private int First()
    {
        var (low, high) = (0, range.From is null ? 0 : _order.Length);
        while (low < high)
        {
            var middle = (low + high) / 2;
            if (range.IsBefore(table.KeyOf(_order[middle])))
            {
                low = middle + 1;
            }
            else
            {
                high = middle;
            }
        }

        return low;
    }
}
