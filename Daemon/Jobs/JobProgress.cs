using Backup.Metadata;

namespace Backup.Daemon.Jobs;

/// <summary>How a running job tells how far it is, and what it did. Thread-safe; whoever runs the job takes it from here and stores it.</summary>
/// <param name="time">The clock.</param>
public sealed class JobProgress(TimeProvider time)
{
    /// <summary>Over which a rate is told.</summary>
    private static readonly TimeSpan RateWindow = TimeSpan.FromSeconds(10);

    private static readonly TimeSpan BetweenSamples = TimeSpan.FromMilliseconds(250);

    private readonly Lock _lock = new();
    private readonly Queue<(long At, long Bytes)> _samples = new();
    private List<JobLogLine> _lines = [];
    private JobReport _now = new("started", 0);
    private long _sampledAt;

    /// <summary>How far it is.</summary>
    public JobReport Now
    {
        get
        {
            lock (_lock)
            {
                return _now with { BytesPerSecond = Rate() };
            }
        }
    }

    /// <summary>Where it is not counted in bytes.</summary>
    /// <param name="phase">For people.</param>
    /// <param name="share">0 to 1.</param>
    public void Report(string phase, double share)
    {
        lock (_lock)
        {
            Enter(phase);
            _now = new JobReport(phase, Math.Clamp(share, 0, 1));
        }
    }

    /// <param name="phase">For people.</param>
    /// <param name="bytes">Worked off so far.</param>
    /// <param name="expectedBytes">An estimate of all of them; 0 where none is known.</param>
    /// <param name="share">0 to 1; null: by the bytes.</param>
    public void Report(string phase, long bytes, long expectedBytes, double? share = null)
    {
        lock (_lock)
        {
            Enter(phase);
            var part = share ?? (expectedBytes > 0 ? (double)bytes / expectedBytes : 0);
            _now = new JobReport(phase, Math.Clamp(part, 0, 1), bytes, expectedBytes);
            Sample(bytes);
        }
    }

    /// <summary>A line of its log; no secret.</summary>
    public void Log(string text, bool isTrouble = false)
    {
        lock (_lock)
        {
            Add(text, isTrouble);
        }
    }

    /// <summary>The lines that were told since this was asked last.</summary>
    public IReadOnlyList<JobLogLine> TakeLines()
    {
        lock (_lock)
        {
            if (_lines.Count == 0)
            {
                return [];
            }

            var taken = _lines;
            _lines = [];
            return taken;
        }
    }

    private void Enter(string phase)
    {
        if (phase != _now.Phase && phase.Length > 0)
        {
            Add(phase, isTrouble: false);
        }
    }

    private void Add(string text, bool isTrouble)
    {
        // Whoever stores them may be held up: the newest are kept.
        if (_lines.Count == JobLog.MostLines)
        {
            _lines.RemoveAt(0);
        }

        _lines.Add(new JobLogLine(time.GetUtcNow(), text, isTrouble));
    }

    private void Sample(long bytes)
    {
        var now = time.GetTimestamp();
        if (_samples.Count > 0 && bytes < _samples.Peek().Bytes)
        {
            // Another phase counts from the start again.
            _samples.Clear();
        }
        else if (_samples.Count > 0 && time.GetElapsedTime(_sampledAt, now) < BetweenSamples)
        {
            return;
        }

        _samples.Enqueue((now, bytes));
        _sampledAt = now;
        Forget(now);
    }

    private void Forget(long now)
    {
        while (_samples.Count > 1 && time.GetElapsedTime(_samples.Peek().At, now) > RateWindow)
        {
            _samples.Dequeue();
        }
    }

    /// <summary>Bytes a second from the oldest sample of the window until now: what stands still becomes slow.</summary>
    private double Rate()
    {
        var now = time.GetTimestamp();
        Forget(now);
        if (_samples.Count == 0)
        {
            return 0;
        }

        var (at, bytes) = _samples.Peek();
        var seconds = time.GetElapsedTime(at, now).TotalSeconds;
        return seconds > 0 ? Math.Max(0, (_now.Bytes - bytes) / seconds) : 0;
    }
}
