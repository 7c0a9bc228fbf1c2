using Backup.Foundation.Contracts;
using Backup.MongoWire.Client;

namespace Backup.Agent.Flow;

/// <summary>What the agent costs a source, over the last minute. Look at it every second or so. Thread-safe.</summary>
/// <param name="traffic">Of all connections to that source.</param>
/// <param name="rate">That bounds what is read there.</param>
/// <param name="time">The clock.</param>
internal sealed class LoadMeter(WireTraffic traffic, RateLimit rate, TimeProvider time)
{
    private static readonly TimeSpan Window = TimeSpan.FromMinutes(1);

    private readonly Lock _lock = new();
    private readonly Queue<Sample> _samples = new();

    /// <summary>Null at the first look: nothing to compare with.</summary>
    public LoadReport? Look()
    {
        lock (_lock)
        {
            var now = new Sample(time.GetTimestamp(), traffic.BytesRead, traffic.Commands, rate.Waited);
            _samples.Enqueue(now);
            while (time.GetElapsedTime(_samples.Peek().At, now.At) > Window)
            {
                _samples.Dequeue();
            }

            var first = _samples.Peek();
            var seconds = time.GetElapsedTime(first.At, now.At).TotalSeconds;
            return seconds <= 0
                ? null
                : new LoadReport(
                    (long)((now.Bytes - first.Bytes) / seconds),
                    Math.Round((now.Commands - first.Commands) / seconds, 1),
                    traffic.Cursors,
                    Math.Round(Math.Clamp((now.Waited - first.Waited).TotalSeconds / seconds, 0, 1), 3),
                    (int)Math.Round(seconds)
                );
        }
    }

    private readonly record struct Sample(long At, long Bytes, long Commands, TimeSpan Waited);
}
