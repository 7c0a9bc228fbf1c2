namespace Backup.Blockstore.Packs;

/// <summary>What the store knows of one pack while it is open. Thread-safe.</summary>
internal sealed class PackState(int number)
{
    private long _stamp;
    private volatile bool _isCondemned;

    internal int Number { get; } = number;

    /// <summary>Bytes, once it is published.</summary>
    internal long Length { get; set; }

    /// <summary>How many holds had begun when a block of it was last put, or was put again. 0: never since the store was opened.</summary>
    internal long Stamp => Volatile.Read(ref _stamp);

    /// <summary>It is about to be removed: a block that is put is written anew, whatever it holds.</summary>
    internal bool IsCondemned => _isCondemned;

    /// <summary>Raises the stamp. A full fence stands behind it.</summary>
    internal void Touch(long stamp)
    {
        var seen = Volatile.Read(ref _stamp);
        while (seen < stamp)
        {
            var was = Interlocked.CompareExchange(ref _stamp, stamp, seen);
            if (was == seen)
            {
                break;
            }

            seen = was;
        }

        Interlocked.MemoryBarrier();
    }

    /// <summary>A full fence stands behind it.</summary>
    internal void Condemn(bool isCondemned = true)
    {
        _isCondemned = isCondemned;
        Interlocked.MemoryBarrier();
    }
}
