using Backup.Foundation.Memory;

namespace Backup.Snapshots.Heads;

/// <summary>Bytes in an <see cref="Arena"/>.</summary>
internal readonly record struct ArenaSlice(int Chunk, int Offset, int Length);

/// <summary>
/// Chunks that many small byte strings are copied into; given back to the system all at once, so that a memtable that was flushed takes no memory.
/// Not thread-safe.
/// </summary>
internal sealed class Arena : IDisposable
{
    // A head may have ten thousand collections: each starts small.
    private const int FirstChunkLength = 4 * 1024;
    private const int LastChunkLength = 1024 * 1024;

    private readonly List<NativeBuffer> _chunks = [];
    private int _current = -1;
    private int _used;

    /// <summary>Bytes of its chunks, used or not.</summary>
    internal long Bytes { get; private set; }

    internal ArenaSlice Add(ReadOnlySpan<byte> bytes)
    {
        var slice = Reserve(bytes.Length);
        bytes.CopyTo(_chunks[slice.Chunk].GetSpan()[slice.Offset..]);
        return slice;
    }

    internal ReadOnlySpan<byte> Span(ArenaSlice slice) =>
        _chunks[slice.Chunk].GetSpan().Slice(slice.Offset, slice.Length);

    public void Dispose()
    {
        foreach (var chunk in _chunks)
        {
            chunk.Free();
        }

        _chunks.Clear();
        _current = -1;
        Bytes = 0;
    }

    private ArenaSlice Reserve(int length)
    {
        if (length > LastChunkLength / 4)
        {
            // A large one gets a chunk of its own, so that it wastes nothing of the shared one.
            AddChunk(length);
            return new ArenaSlice(_chunks.Count - 1, 0, length);
        }

        if (_current < 0 || _chunks[_current].Length - _used < length)
        {
            AddChunk(Math.Max(length, (int)Math.Clamp(Bytes, FirstChunkLength, LastChunkLength)));
            _current = _chunks.Count - 1;
            _used = 0;
        }

        var slice = new ArenaSlice(_current, _used, length);
        _used += length;
        return slice;
    }

    private void AddChunk(int length)
    {
        _chunks.Add(new NativeBuffer(length));
        Bytes += length;
    }
}
