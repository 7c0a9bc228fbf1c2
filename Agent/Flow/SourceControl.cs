using Backup.Foundation.Contracts;
using Backup.MongoWire.Client;

namespace Backup.Agent.Flow;

/// <summary>
/// How a deployment's source is to be read; an operator changes it while it is read. A new rate holds at once; for anything else the work ends, and
/// begins again under the same lease from what is acknowledged. Thread-safe.
/// </summary>
internal sealed class SourceControl(SourceOrder first, TimeProvider time)
{
    private readonly Lock _lock = new();
    private SourceOrder _now = first;
    private CancellationTokenSource _turn = new();

    public SourceOrder Now
    {
        get
        {
            lock (_lock)
            {
                return _now;
            }
        }
    }

    /// <summary>What is asked of it is counted here.</summary>
    public WireTraffic Traffic { get; } = new();

    public RateLimit Rate { get; } = new(first.BytesPerSecond, time);

    /// <summary>Cancelled when what was begun under <see cref="Now"/> has to begin again. Take it before looking at that.</summary>
    public CancellationToken Turn
    {
        get
        {
            lock (_lock)
            {
                return _turn.Token;
            }
        }
    }

    /// <summary>The rule for the member. One that this agent does not know is taken for <c>host:</c> of nobody: it fits none, and that is told.</summary>
    public MemberRule Rule =>
        MemberRule.TryParse(Now.Member, out var rule) || MemberRule.TryParse($"host:{Now.Member}", out rule)
            ? rule
            : MemberRule.Secondary;

    /// <summary>Takes it over; an older one than the one in force, or the same, changes nothing.</summary>
    /// <returns>What changed, for the log; null where nothing did.</returns>
    public string? Apply(SourceOrder wanted)
    {
        CancellationTokenSource? ended = null;
        SourceOrder before;
        lock (_lock)
        {
            before = _now;
            if (wanted.Revision < before.Revision || wanted == before)
            {
                return null;
            }

            _now = wanted;
            if (wanted with { Revision = before.Revision, BytesPerSecond = before.BytesPerSecond } != before)
            {
                ended = _turn;
                _turn = new CancellationTokenSource();
            }
        }

        Rate.BytesPerSecond = wanted.BytesPerSecond;
        // Not disposed: who took its token may still ask it.
        ended?.Cancel();
        return $"member {wanted.Member}, {wanted.Cursors} cursors, "
            + (wanted.BytesPerSecond == 0 ? "no bound on bytes" : $"{wanted.BytesPerSecond} bytes a second")
            + (wanted.Paused ? ", paused" : "");
    }
}
