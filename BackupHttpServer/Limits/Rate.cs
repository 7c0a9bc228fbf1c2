namespace Backup.BackupHttpServer.Limits;

/// <summary>A bucket that fills with time; full at first. Thread-safe.</summary>
internal sealed class Rate
{
    private readonly Lock _lock = new();
    private double _tokens = double.MaxValue;
    private long _filledAt;

    /// <param name="perSecond">How fast it fills.</param>
    /// <param name="most">What it holds.</param>
    /// <param name="time">The clock.</param>
    public bool TryTake(double perSecond, double most, TimeProvider time)
    {
        lock (_lock)
        {
            var now = time.GetTimestamp();
            _tokens = Math.Min(_tokens + (time.GetElapsedTime(_filledAt, now).TotalSeconds * perSecond), most);
            _filledAt = now;
            if (_tokens < 1)
            {
                return false;
            }

            _tokens--;
            return true;
        }
    }

    /// <summary>Whether nothing was taken for long enough: one made anew is the same.</summary>
    public bool IsFull(double perSecond, double most, TimeProvider time)
    {
        lock (_lock)
        {
            return _tokens + (time.GetElapsedTime(_filledAt, time.GetTimestamp()).TotalSeconds * perSecond) >= most;
        }
    }
}
