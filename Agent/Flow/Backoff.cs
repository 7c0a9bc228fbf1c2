namespace Backup.Agent.Flow;

/// <summary>Waits between tries: twice as long each time, up to a bound, with jitter so that many agents do not come back together.</summary>
internal sealed class Backoff(TimeProvider time, TimeSpan first, TimeSpan most)
{
    private TimeSpan _next;

    public void Reset() => _next = TimeSpan.Zero;

    public Task WaitAsync(CancellationToken cancellation)
    {
        _next = _next > first ? _next : first;
        var wait = _next * (0.5 + Random.Shared.NextDouble());
        _next = _next * 2 < most ? _next * 2 : most;
        return Task.Delay(wait, time, cancellation);
    }
}
