namespace Backup.Agent.Flow;

/// <summary>Bounds the bytes read from a source in a second; shared by all that read it. It may be changed at any time. Thread-safe.</summary>
/// <remarks>
/// Bytes are accounted for after they were read, and whoever read them waits until the rate has let as many through. What others still wait for
/// when the bound changes goes through at the new rate.
/// </remarks>
internal sealed class RateLimit
{
    /// <summary>How long a new bound may go unnoticed by those that wait.</summary>
    private static readonly TimeSpan Look = TimeSpan.FromMilliseconds(250);

    private readonly Lock _lock = new();
    private readonly TimeProvider _time;
    private long _bytesPerSecond;

    /// <summary>Bytes accounted for since the start.</summary>
    private double _accounted;

    /// <summary>Bytes let through at the moment <see cref="_since"/>; never more than are accounted for.</summary>
    private double _passed;
    private long _since;
    private int _waiting;
    private long _waitingSince;
    private TimeSpan _waited;

    /// <param name="bytesPerSecond">0: no bound.</param>
    /// <param name="time">The clock.</param>
    public RateLimit(long bytesPerSecond, TimeProvider time)
    {
        _time = time;
        _bytesPerSecond = bytesPerSecond;
        _since = time.GetTimestamp();
    }

    /// <summary>0: no bound.</summary>
    public long BytesPerSecond
    {
        get
        {
            lock (_lock)
            {
                return _bytesPerSecond;
            }
        }
        set
        {
            lock (_lock)
            {
                Pass();
                _bytesPerSecond = value;
            }
        }
    }

    /// <summary>For how long, since the start, at least one reader was held back.</summary>
    public TimeSpan Waited
    {
        get
        {
            lock (_lock)
            {
                return _waiting > 0 ? _waited + _time.GetElapsedTime(_waitingSince) : _waited;
            }
        }
    }

    /// <summary>Accounts for bytes that were read; waits as long as they are ahead of the rate.</summary>
    public async Task AfterAsync(long bytes, CancellationToken cancellation)
    {
        double mark;
        lock (_lock)
        {
            Pass();
            _accounted += bytes;
            mark = _accounted;
            if (Left(mark) <= TimeSpan.Zero)
            {
                return;
            }

            if (_waiting++ == 0)
            {
                _waitingSince = _time.GetTimestamp();
            }
        }

        try
        {
            while (LeftNow(mark) is var left && left > TimeSpan.Zero)
            {
                await Task.Delay(left < Look ? left : Look, _time, cancellation);
            }
        }
        finally
        {
            lock (_lock)
            {
                if (--_waiting == 0)
                {
                    _waited += _time.GetElapsedTime(_waitingSince);
                }
            }
        }
    }

    private TimeSpan LeftNow(double mark)
    {
        lock (_lock)
        {
            Pass();
            return Left(mark);
        }
    }

    /// <summary>Until as many bytes have passed; rounded up, so that a timer that fires in time is enough.</summary>
    private TimeSpan Left(double mark) =>
        _bytesPerSecond <= 0 || _passed >= mark
            ? TimeSpan.Zero
            : TimeSpan.FromMilliseconds(Math.Ceiling((mark - _passed) / _bytesPerSecond * 1000));

    /// <summary>What the time since the last look has let through. An idle source saves nothing up.</summary>
    private void Pass()
    {
        var now = _time.GetTimestamp();
        _passed =
            _bytesPerSecond <= 0
                ? _accounted
                : Math.Min(_accounted, _passed + (_time.GetElapsedTime(_since, now).TotalSeconds * _bytesPerSecond));
        _since = now;
    }
}
