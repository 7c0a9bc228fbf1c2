using System.Security.Cryptography;
using System.Text;
using Backup.Metadata.People;

namespace Backup.WebUI.Access;

/// <summary>
/// Locks out e-mail addresses that nobody has just as it goes with those that somebody has, so that the answer does not tell which are which. In
/// memory, bounded: the oldest are forgotten. Thread-safe.
/// </summary>
internal sealed class Strangers(LockOutRule rule, TimeProvider time)
{
    private const int Most = 10_000;

    private readonly Lock _lock = new();
    private readonly Dictionary<string, Tries> _tries = new(StringComparer.Ordinal);
    private readonly Queue<string> _order = new();

    /// <summary>As <see cref="IUsers.BeginTryAsync"/>.</summary>
    public DateTimeOffset? BeginTry(string email)
    {
        // Not the address itself: people type passwords where it belongs.
        var key = Convert.ToHexString(SHA256.HashData(Encoding.UTF8.GetBytes(UserRecord.Fold(email))));
        lock (_lock)
        {
            var now = time.GetUtcNow();
            if (!_tries.TryGetValue(key, out var tries))
            {
                if (_order.Count >= Most)
                {
                    _tries.Remove(_order.Dequeue());
                }

                _order.Enqueue(key);
            }

            if (tries.LockedUntil is { } until && now < until)
            {
                return until;
            }

            var wait = rule.Wait(tries.Failed + 1);
            _tries[key] = new Tries(tries.Failed + 1, wait > TimeSpan.Zero ? now + wait : null);
            return null;
        }
    }

    private readonly record struct Tries(int Failed, DateTimeOffset? LockedUntil);
}
