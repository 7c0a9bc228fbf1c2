namespace Backup.Agent.Flow;

/// <summary>Bounds the bytes read from a source in a second; shared by all that read. Thread-safe.</summary>
/// <param name="bytesPerSecond">0: no bound.</param>
internal sealed class RateLimit(long bytesPerSecond, TimeProvider time)
{
    private readonly Lock _lock = new();
    private long _freeAt = time.GetTimestamp();

    /// <summary>Accounts for bytes that were read; waits as long as they are ahead of the rate.</summary>
    public Task AfterAsync(long bytes, CancellationToken cancellation)
    {
        if (bytesPerSecond <= 0)
        {
            return Task.CompletedTask;
        }

        TimeSpan wait;
        lock (_lock)
        {
            var now = time.GetTimestamp();
            _freeAt = Math.Max(now, _freeAt) + (long)((double)bytes / bytesPerSecond * time.TimestampFrequency);
            wait = time.GetElapsedTime(now, _freeAt);
        }

        return Task.Delay(wait, time, cancellation);
    }
}
