using Backup.Foundation.Contracts;

namespace Backup.Agent.Work;

/// <summary>The last lines of the log, for those that ask; bounded in lines and characters. Thread-safe.</summary>
internal sealed class LogRing
{
    private const string Cut = "…";

    private readonly Lock _lock = new();
    private readonly Queue<(DateTimeOffset At, string Line)> _lines = new();
    private long _length;
    private bool _hasLost;

    public void Add(DateTimeOffset at, string line)
    {
        var kept = line.Length > LogLimits.LineLength ? line[..(LogLimits.LineLength - Cut.Length)] + Cut : line;
        lock (_lock)
        {
            _lines.Enqueue((at, kept));
            _length += kept.Length;
            while (_lines.Count > LogLimits.MostLines || _length > LogLimits.KeptLength)
            {
                _length -= _lines.Dequeue().Line.Length;
                _hasLost = true;
            }
        }
    }

    /// <summary>The newest lines that are asked for, as many as an excerpt may have.</summary>
    public LogExcerpt Excerpt(LogRequest request, DateTimeOffset now)
    {
        (DateTimeOffset At, string Line)[] all;
        bool hasLost;
        lock (_lock)
        {
            all = [.. _lines];
            hasLost = _hasLost;
        }

        var since = request.SinceSeconds is { } seconds ? now - TimeSpan.FromSeconds(Math.Max(0, seconds)) : default;
        var wanted = all.Where(one => one.At >= since).Select(one => one.Line).ToArray();
        var most = Math.Clamp(request.Lines, 1, LogLimits.MostLines);
        var (first, length) = (wanted.Length, 0);
        while (
            first > 0 && wanted.Length - first < most && length + wanted[first - 1].Length <= LogLimits.ExcerptLength
        )
        {
            length += wanted[--first].Length;
        }

        // What nobody asked for is not missed: older than the time, or beyond the number.
        var isCut = wanted.Length - first < most && (first > 0 || (hasLost && wanted.Length == all.Length));
        return new LogExcerpt(request.Id, wanted[first..], isCut);
    }
}
