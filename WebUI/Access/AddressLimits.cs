using System.Net;
using System.Net.Sockets;

namespace Backup.WebUI.Access;

/// <summary>
/// How often an address may fail at proving something: a bucket of tries that fills up again with time. A network of IPv6 (/64) counts as one address,
/// since whoever has one has all of them. In memory: each instance has its own, and a restart forgets them; what counts is the lock-out of the
/// account. Thread-safe, and bounded.
/// </summary>
/// <param name="settings">How many.</param>
/// <param name="time">The clock.</param>
internal sealed class AddressLimits(AccessSettings settings, TimeProvider time)
{
    /// <summary>Beyond it the fullest buckets are forgotten, which are those that would be full soonest anyway.</summary>
    private const int MostAddresses = 10_000;

    private readonly Lock _lock = new();
    private readonly Dictionary<IPAddress, Bucket> _buckets = [];

    /// <summary>Takes a try. <see cref="GiveBack"/> where it was good.</summary>
    /// <returns>Null where there was one; else how long to wait for the next.</returns>
    public TimeSpan? Take(IPAddress? address)
    {
        var key = KeyOf(address);
        lock (_lock)
        {
            var now = time.GetUtcNow();
            var bucket = Filled(key, now);
            if (bucket.Tries < 1)
            {
                _buckets[key] = bucket;
                return settings.TryEvery * (1 - bucket.Tries);
            }

            Keep(key, bucket with { Tries = bucket.Tries - 1, IsTold = false }, now);
            return null;
        }
    }

    public void GiveBack(IPAddress? address)
    {
        var key = KeyOf(address);
        lock (_lock)
        {
            var bucket = Filled(key, time.GetUtcNow());
            _buckets[key] = bucket with { Tries = Math.Min(settings.TriesAtOnce, bucket.Tries + 1) };
        }
    }

    /// <summary>Whether this is the first time that it is said since the last try that was let in: a flood is written down once.</summary>
    public bool IsNews(IPAddress? address)
    {
        var key = KeyOf(address);
        lock (_lock)
        {
            var bucket = Filled(key, time.GetUtcNow());
            _buckets[key] = bucket with { IsTold = true };
            return !bucket.IsTold;
        }
    }

    private Bucket Filled(IPAddress key, DateTimeOffset now)
    {
        if (!_buckets.TryGetValue(key, out var bucket))
        {
            return new Bucket(settings.TriesAtOnce, now, IsTold: false);
        }

        // A clock that is set back fills nothing and takes nothing away.
        var passed = now > bucket.At ? (now - bucket.At) / settings.TryEvery : 0;
        return bucket with { Tries = Math.Min(settings.TriesAtOnce, bucket.Tries + passed), At = now };
    }

    private void Keep(IPAddress key, Bucket bucket, DateTimeOffset now)
    {
        if (_buckets.Count >= MostAddresses && !_buckets.ContainsKey(key))
        {
            var full = _buckets.Where(one => Filled(one.Key, now).Tries >= settings.TriesAtOnce).ToList();
            var gone =
                full.Count > 0
                    ? full
                    : [.. _buckets.OrderByDescending(one => one.Value.Tries).Take(MostAddresses / 10)];
            gone.ForEach(one => _buckets.Remove(one.Key));
        }

        _buckets[key] = bucket;
    }

    private static IPAddress KeyOf(IPAddress? address)
    {
        if (address is null)
        {
            return IPAddress.None;
        }

        if (address.IsIPv4MappedToIPv6)
        {
            return address.MapToIPv4();
        }

        if (address.AddressFamily != AddressFamily.InterNetworkV6)
        {
            return address;
        }

        var bytes = address.GetAddressBytes();
        bytes.AsSpan(8).Clear();
        return new IPAddress(bytes);
    }

    private readonly record struct Bucket(double Tries, DateTimeOffset At, bool IsTold);
}
