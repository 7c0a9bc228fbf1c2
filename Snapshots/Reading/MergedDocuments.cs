using System.Buffers;
using Backup.Snapshots.Keys;

namespace Backup.Snapshots.Reading;

/// <summary>
/// The documents of several cursors, each in the order of <c>_id</c>s, as one in that order: of a collection that stands on several shards. Documents of
/// one <c>_id</c> come one after another, in the order of the cursors.
/// </summary>
/// <param name="parts">Opens each; all are opened at once.</param>
public sealed class MergedDocuments(IReadOnlyList<Func<DocumentCursor>> parts) : DocumentCursor
{
    private readonly List<DocumentCursor> _open = [];
    private readonly PriorityQueue<int, (byte[] Key, int Part)> _lowest = new(
        Comparer<(byte[] Key, int Part)>.Create(
            static (left, right) =>
                left.Key.AsSpan().SequenceCompareTo(right.Key) is var order and not 0
                    ? order
                    : left.Part.CompareTo(right.Part)
        )
    );
    private readonly ArrayBufferWriter<byte> _key = new(64);
    private int _current = -1;
    private bool _hasBegun;

    public override ReadOnlyMemory<byte> Current => _open[_current].Current;

    public override async ValueTask<bool> MoveNextAsync(CancellationToken cancellation = default)
    {
        if (!_hasBegun)
        {
            _hasBegun = true;
            for (var part = 0; part < parts.Count; part++)
            {
                _open.Add(parts[part]());
                await AdvanceAsync(part, cancellation);
            }
        }
        else if (_current >= 0)
        {
            await AdvanceAsync(_current, cancellation);
        }

        if (_lowest.TryDequeue(out _current, out _))
        {
            return true;
        }

        _current = -1;
        return false;
    }

    public override async ValueTask DisposeAsync()
    {
        foreach (var one in _open)
        {
            await one.DisposeAsync();
        }
    }

    private async ValueTask AdvanceAsync(int part, CancellationToken cancellation)
    {
        if (await _open[part].MoveNextAsync(cancellation))
        {
            _key.ResetWrittenCount();
            DocumentKey.Write(_open[part].View, _key);
            _lowest.Enqueue(part, (_key.WrittenSpan.ToArray(), part));
        }
    }
}
