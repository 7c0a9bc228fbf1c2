using Backup.Blockstore.Packs;

namespace Backup.Blockstore.S3;

/// <summary>A pack in memory, until it is published. Thread-safe.</summary>
internal sealed class S3OpenPack : IDisposable
{
    private readonly Lock _gate = new();
    private readonly List<PackEntry> _entries = [];
    private readonly Dictionary<BlockId, PackEntry> _byId = [];
    private PooledBytes? _bytes;
    private int _length;
    private long _epoch;
    private bool _isSealed;

    /// <param name="packBytes">It is full at that length; one more block of any length fits.</param>
    internal S3OpenPack(int packBytes)
    {
        // Pages that are not written to are not taken from the machine.
        _bytes = new PooledBytes(packBytes + IBlockStore.MaxRawLength + (1 << 20));
        Append(PackFormat.Header());
    }

    /// <summary>Bytes so far.</summary>
    internal int Length => Volatile.Read(ref _length);

    /// <summary>Blocks and their bytes.</summary>
    internal (int Blocks, long Bytes) Count
    {
        get
        {
            lock (_gate)
            {
                return (_entries.Count, _entries.Sum(static one => (long)one.StoredLength));
            }
        }
    }

    /// <param name="id">Of the block.</param>
    /// <param name="stored">Header and payload.</param>
    /// <param name="rawLength">Of its content.</param>
    /// <param name="epoch">Under which it is put.</param>
    internal void Append(BlockId id, ReadOnlySpan<byte> stored, int rawLength, long epoch)
    {
        lock (_gate)
        {
            var entry = new PackEntry(id, _length, stored.Length, rawLength);
            Append(stored);
            _entries.Add(entry);
            _byId[id] = entry;
            _epoch = Math.Max(_epoch, epoch);
        }
    }

    internal bool Has(BlockId id)
    {
        lock (_gate)
        {
            return _byId.ContainsKey(id);
        }
    }

    /// <summary>The block is put once more, and the pack carries that epoch: its stored length. Null where it is not in this pack, or it is too late for that.</summary>
    internal int? TryTouch(BlockId id, long epoch)
    {
        lock (_gate)
        {
            if (_isSealed || !_byId.TryGetValue(id, out var entry))
            {
                return null;
            }

            _epoch = Math.Max(_epoch, epoch);
            return entry.StoredLength;
        }
    }

    /// <summary>Nothing is appended, and its epoch does not change, from now on.</summary>
    internal void Seal()
    {
        lock (_gate)
        {
            _isSealed = true;
        }
    }

    /// <summary>A block's stored bytes; null where it is not in this pack, or the pack is published.</summary>
    internal PooledBytes? Read(BlockId id)
    {
        lock (_gate)
        {
            return _bytes is { } bytes && _byId.TryGetValue(id, out var entry)
                ? PooledBytes.CopyOf(bytes.Span.Slice((int)entry.Offset, entry.StoredLength))
                : null;
        }
    }

    /// <summary>Publishes it, once it is sealed: the pack, then its list.</summary>
    /// <returns>Null where somebody has kept it from being published.</returns>
    internal async Task<(S3Pack Pack, List<PackEntry> Entries)?> PublishAsync(
        IBlobs blobs,
        CancellationToken cancellation
    )
    {
        var footer = PackFormat.Footer(_entries);
        using var whole = footer.Length > _bytes!.Length - _length ? new PooledBytes(_length + footer.Length) : null;
        if (whole is not null)
        {
            _bytes.Span[.._length].CopyTo(whole.Span);
        }

        var content = (whole ?? _bytes).Memory[..(_length + footer.Length)];
        footer.CopyTo(content[_length..]);
        var pack = S3Pack.New(_epoch);
        if (
            !await blobs.TryCreateAsync(pack.Key, content, isLocked: true, cancellation)
            || !await blobs.TryCreateAsync(pack.ListKey, footer, isLocked: true, cancellation)
        )
        {
            return null;
        }

        if (!await blobs.HasAsync(pack.Key, cancellation))
        {
            // It was published long ago, by a request that had no reply, and a groom has removed it since: this was its list once more.
            await blobs.DeleteAsync([pack.ListKey], cancellation);
            return null;
        }

        return (pack, _entries);
    }

    public void Dispose()
    {
        lock (_gate)
        {
            _bytes?.Dispose();
            _bytes = null;
        }
    }

    private void Append(ReadOnlySpan<byte> bytes)
    {
        bytes.CopyTo(_bytes!.Span[_length..]);
        Volatile.Write(ref _length, _length + bytes.Length);
    }
}
