namespace Backup.Blockstore.S3;

/// <summary>
/// Whether a put may rely on a block that stands in a published pack, and which ones work that goes on relies on. From a session's second answer to a
/// groom until it knows what the groom has given up, nothing older than that groom is relied on: such blocks are written anew. Thread-safe.
/// </summary>
internal sealed class PackReuse
{
    private readonly Lock _gate = new();
    private readonly Dictionary<BlockId, long> _claims = [];
    private long _from;
    private long _closings;

    /// <summary>Counts closings: <see cref="Open"/> opens what was closed then, and nothing that was closed since.</summary>
    internal long Closings
    {
        get
        {
            lock (_gate)
            {
                return _closings;
            }
        }
    }

    internal bool IsClosed
    {
        get
        {
            lock (_gate)
            {
                return _from > 0;
            }
        }
    }

    /// <param name="id">A block that stands there.</param>
    /// <param name="pack">Where; whoever asks looks once more after this whether it still does.</param>
    /// <param name="epoch">Under which it is put.</param>
    /// <returns>False where it has to be written anew.</returns>
    internal bool TryClaim(BlockId id, S3Pack pack, long epoch)
    {
        lock (_gate)
        {
            if (pack.Epoch < _from)
            {
                return false;
            }

            // A pack of this epoch or a newer one is removed by no groom while work of this epoch goes on.
            if (pack.Epoch < epoch)
            {
                _claims[id] = epoch;
            }

            return true;
        }
    }

    /// <summary>From now on nothing is relied on that stands in a pack older than this epoch.</summary>
    /// <returns>What has been relied on.</returns>
    internal List<BlockId> Close(long epoch)
    {
        lock (_gate)
        {
            _from = epoch;
            _closings++;
            return [.. _claims.Keys];
        }
    }

    internal void Open(long closings)
    {
        lock (_gate)
        {
            if (_closings == closings)
            {
                _from = 0;
            }
        }
    }

    /// <summary>Forgets what ended work has relied on. Not while a groom is under way.</summary>
    /// <param name="floor">All work that goes on has put under this epoch or a newer one.</param>
    internal void Prune(long floor)
    {
        lock (_gate)
        {
            foreach (var id in _claims.Where(one => one.Value < floor).Select(static one => one.Key).ToList())
            {
                _claims.Remove(id);
            }
        }
    }
}
