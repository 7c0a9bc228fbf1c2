namespace Backup.BackupHttpServer.Slices;

/// <summary>Bytes of slices that may be in memory at the same time. Thread-safe; who gets nothing tries again later, nobody waits here.</summary>
internal sealed class SliceBudget(long limit)
{
    private long _taken;

    /// <exception cref="Foundation.Errors.BackupException">8008 where that many bytes are not free.</exception>
    public Share Take(long bytes)
    {
        if (Interlocked.Add(ref _taken, bytes) > limit)
        {
            Interlocked.Add(ref _taken, -bytes);
            throw BackupHttpServerErrors.Full();
        }

        return new Share(this, bytes);
    }

    /// <summary>A part of the budget, given back when it is disposed.</summary>
    internal sealed class Share(SliceBudget owner, long bytes) : IDisposable
    {
        private long _bytes = bytes;

        public void Dispose() => Interlocked.Add(ref owner._taken, -Interlocked.Exchange(ref _bytes, 0));
    }
}
