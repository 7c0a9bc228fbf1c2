using Backup.Blockstore.Packs;
using Backup.Blockstore.Sealing;

namespace Backup.Blockstore.Mongo;

/// <summary>How a block that was put gets to the server. In memory only.</summary>
internal enum PendingKind
{
    /// <summary>It is not there.</summary>
    Insert,

    /// <summary>It is there, under an older epoch.</summary>
    Raise,

    /// <summary>What is there is damaged.</summary>
    Replace,

    /// <summary>Too long for one document.</summary>
    InParts,
}

/// <summary>
/// A block that was put and not acknowledged yet. Its bytes are kept until then, also where it seems to be there: a groom may take it before its epoch
/// is moved forward. Read from any thread; changed by whoever writes it.
/// </summary>
internal sealed class PendingBlock
{
    private readonly Lock _gate = new();
    private readonly TaskCompletionSource _settled = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private BlockSealer _sealer;
    private PooledBytes? _raw;
    private PooledBytes? _stored;

    private PendingBlock(BlockId id, long epoch, int rawLength) => (Id, Epoch, RawLength) = (id, epoch, rawLength);

    internal BlockId Id { get; }

    internal long Epoch { get; }

    internal int RawLength { get; }

    /// <summary>Bytes of header and payload; where it seemed to be there, of what is there.</summary>
    internal int StoredLength { get; private set; }

    /// <summary>Bytes that it keeps in memory.</summary>
    internal int Weight { get; private init; }

    internal PendingKind Kind { get; set; }

    /// <summary>The store's count of damages before it was last written, or looked at; by whoever writes it.</summary>
    internal long Damages { get; set; }

    /// <summary>Counted as one that comes in addition.</summary>
    internal bool IsNew { get; private init; }

    /// <summary>Ends, never with an exception, when it is acknowledged or given up.</summary>
    internal Task Settled => _settled.Task;

    /// <summary>Header and payload; by whoever writes it, after <see cref="Encode"/>.</summary>
    internal ReadOnlySpan<byte> Stored => _stored!.Span;

    internal ReadOnlyMemory<byte> StoredMemory => _stored!.Memory;

    /// <param name="stored">Its to dispose from now on.</param>
    internal static PendingBlock Encoded(
        BlockId id,
        long epoch,
        int rawLength,
        PooledBytes stored,
        PendingKind kind,
        bool isNew
    ) =>
        new(id, epoch, rawLength)
        {
            _stored = stored,
            StoredLength = stored.Length,
            Weight = stored.Length,
            Kind = kind,
            IsNew = isNew,
        };

    /// <param name="there">What was found.</param>
    /// <param name="epoch">That it is to carry.</param>
    /// <param name="raw">Copied.</param>
    /// <param name="sealer">That made its id.</param>
    internal static PendingBlock Raised(BlockSight there, long epoch, ReadOnlySpan<byte> raw, BlockSealer sealer) =>
        new(there.Id, epoch, raw.Length)
        {
            _raw = PooledBytes.CopyOf(raw),
            _sealer = sealer,
            StoredLength = there.StoredLength,
            Weight = raw.Length,
            Kind = PendingKind.Raise,
        };

    /// <summary>Makes the stored bytes, where there are none yet.</summary>
    internal void Encode(int level)
    {
        if (_stored is null)
        {
            var stored = BlockCodecs.Encode(_sealer, Id, _raw!.Span, level);
            lock (_gate)
            {
                _stored = stored;
                StoredLength = stored.Length;
            }
        }
    }

    /// <summary>Its content; null once it is settled. The caller disposes it.</summary>
    internal PooledBytes? TryRead(ISealingKeys keys)
    {
        lock (_gate)
        {
            return _raw is { } raw ? PooledBytes.CopyOf(raw.Span)
                : _stored is { } stored ? BlockCodecs.Decode(keys, Id, stored.Span, "not sent yet")
                : null;
        }
    }

    internal void Settle()
    {
        lock (_gate)
        {
            _raw?.Dispose();
            _stored?.Dispose();
            (_raw, _stored) = (null, null);
        }

        _settled.TrySetResult();
    }
}
