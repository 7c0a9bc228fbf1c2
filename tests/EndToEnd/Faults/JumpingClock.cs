namespace Backup.Tests.EndToEnd.Faults;

/// <summary>The machine's clock, of which the hands can be moved; what waits goes on as before.</summary>
internal sealed class JumpingClock : TimeProvider
{
    private long _offset;

    public override DateTimeOffset GetUtcNow() => base.GetUtcNow() + new TimeSpan(Interlocked.Read(ref _offset));

    /// <param name="by">Back where it is negative.</param>
    internal void Jump(TimeSpan by) => Interlocked.Add(ref _offset, by.Ticks);
}
