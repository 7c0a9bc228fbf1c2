using Backup.Snapshots.Records;
using Backup.Snapshots.Runs;

namespace Backup.Snapshots.Reading;

/// <summary>The documents of several layers, newest first, as one: in key order.</summary>
internal sealed class MergingCursor(IReadOnlyList<RecordCursor> newestFirst, string collection) : DocumentCursor
{
    private readonly RecordCursor[] _layers = [.. newestFirst];
    private readonly bool[] _ended = new bool[newestFirst.Count];
    private readonly int[] _group = new int[newestFirst.Count];
    private readonly ReadOnlyMemory<byte>[] _records = new ReadOnlyMemory<byte>[newestFirst.Count];
    private readonly RecordResolver _resolver = new(collection);
    private ReadOnlyMemory<byte> _record;
    private (ReadOnlyMemory<byte> Documents, int Count) _batch;
    private int _grouped = -1;

    public override ReadOnlyMemory<byte> Current => _record[RecordLayout.Body..];

    public override ReadOnlyMemory<byte> Batch => _batch.Documents;

    public override int BatchCount => _batch.Count;

    /// <summary>Of the current document: its place in natural order, 0 where the collection is not capped.</summary>
    internal ulong Ordinal => RecordView.Checked(_record.Span).Ordinal;

    public override async ValueTask<bool> MoveNextAsync(CancellationToken cancellation = default)
    {
        if (_grouped < 0)
        {
            for (var i = 0; i < _layers.Length; i++)
            {
                await MoveAsync(i, cancellation);
            }

            _grouped = 0;
        }

        do
        {
            for (var i = 0; i < _grouped; i++)
            {
                await MoveAsync(_group[i], cancellation);
            }

            GroupLowest();
            if (_grouped == 0)
            {
                return false;
            }

            _record = _resolver.Resolve(_records.AsSpan(0, _grouped), toOldest: true);
        } while (_record.IsEmpty);

        return true;
    }

    /// <summary>Where one layer goes on alone until the end of its block, the rest of the block; else one document.</summary>
    public override async ValueTask<bool> MoveToBatchAsync(CancellationToken cancellation = default)
    {
        if (!await MoveNextAsync(cancellation))
        {
            return false;
        }

        _batch = IsBatchAlone() ? _layers[_group[0]].TakePuts() : default;
        if (_batch.Count == 0)
        {
            _batch = (Current, 1);
        }

        return true;
    }

    public override async ValueTask DisposeAsync()
    {
        _resolver.Dispose();
        foreach (var layer in _layers)
        {
            await layer.DisposeAsync();
        }
    }

    private async ValueTask MoveAsync(int layer, CancellationToken cancellation) =>
        _ended[layer] = !await _layers[layer].MoveNextAsync(cancellation);

    private bool IsBatchAlone()
    {
        if (_grouped != 1)
        {
            return false;
        }

        var alone = _group[0];
        for (var i = 0; i < _layers.Length; i++)
        {
            if (i != alone && !_ended[i] && !_layers[alone].IsBatchBelow(_layers[i].Key))
            {
                return false;
            }
        }

        return true;
    }

    private void GroupLowest()
    {
        _grouped = 0;
        for (var i = 0; i < _layers.Length; i++)
        {
            if (_ended[i])
            {
                continue;
            }

            var order = _grouped == 0 ? -1 : _layers[i].Key.SequenceCompareTo(_layers[_group[0]].Key);
            if (order > 0)
            {
                continue;
            }

            _grouped = order < 0 ? 0 : _grouped;
            _records[_grouped] = _layers[i].RecordMemory;
            _group[_grouped++] = i;
        }
    }
}
