using Backup.Blockstore;
using Backup.Snapshots.Blocks;

namespace Backup.Snapshots.Runs;

/// <summary>A run on its way into a merge: stands before a block not yet read, or on a record.</summary>
internal sealed class MergeSource(IBlockStore store, BlockId root) : IDisposable
{
    private readonly BlockIterator _blocks = new(store, root);
    private BlockCursor? _open;
    private BlockReference? _reference;

    internal bool IsAtEnd => _reference is null;

    /// <summary>Before a block that was not read.</summary>
    internal bool IsClosed => _open is null;

    internal BlockReference Block => _reference!;

    /// <summary>The record's key; before a block, what its first key is at least.</summary>
    internal ReadOnlySpan<byte> Low => _open is null ? _reference!.Lower : _open.Key;

    internal ReadOnlyMemory<byte> RecordMemory => _open!.RecordMemory;

    internal async ValueTask NextBlockAsync(CancellationToken cancellation)
    {
        _open?.Dispose();
        _open = null;
        _reference = await _blocks.NextAsync(cancellation);
    }

    /// <summary>Reads the block and stands on its first record.</summary>
    internal async ValueTask OpenAsync(CancellationToken cancellation)
    {
        _open = new BlockCursor(await store.GetAsync(Block.Id, cancellation), Block.Id);
        await MoveNextAsync(cancellation);
    }

    internal ValueTask MoveNextAsync(CancellationToken cancellation) =>
        _open!.MoveNext() ? default : NextBlockAsync(cancellation);

    public void Dispose() => _open?.Dispose();
}
