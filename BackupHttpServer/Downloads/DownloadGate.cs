using System.Collections.Concurrent;
using System.Net;
using Backup.BackupHttpServer.Limits;

namespace Backup.BackupHttpServer.Downloads;

/// <summary>Lets requests for downloads in, up to <see cref="DownloadLimits"/>; nobody waits here, who is not let in comes again later. Thread-safe.</summary>
internal sealed class DownloadGate(DownloadLimits limits, TimeProvider time)
{
    private const int MostAddresses = 4096;

    private readonly ConcurrentDictionary<IPAddress, Rate> _addresses = new();
    private readonly ConcurrentDictionary<string, LinkUse> _links = new(StringComparer.Ordinal);
    private readonly Rate _crowd = new();
    private int _downloads;

    /// <summary>Asked for each request before anything else of it is looked at.</summary>
    /// <exception cref="Foundation.Errors.BackupException">8068.</exception>
    public void Ask(IPAddress? address)
    {
        if (!RateOf(address ?? IPAddress.None).TryTake(limits.RequestsPerSecondPerAddress, AddressMost, time))
        {
            throw BackupHttpServerErrors.DownloadsBusy("from this address come more requests than are looked at");
        }
    }

    /// <summary>Whether a refusal of the link is worth a record of its own: who asks again and again fills no disk.</summary>
    public bool IsNoteworthy(string link) => UseOf(link).Refusals.TryTake(PerSecond, limits.PartsPerMinute, time);

    /// <summary>Takes a place until it is disposed.</summary>
    /// <param name="link">Its id; a link that is there.</param>
    /// <param name="isCostly">Not from the first byte on, or likely to come to nothing.</param>
    /// <exception cref="Foundation.Errors.BackupException">8068.</exception>
    public IDisposable Enter(string link, bool isCostly)
    {
        var use = UseOf(link);
        if (isCostly && !use.Parts.TryTake(PerSecond, limits.PartsPerMinute, time))
        {
            throw BackupHttpServerErrors.DownloadsBusy(
                "this link is asked for parts more often than they are made: each costs all bytes before it"
            );
        }

        if (Interlocked.Increment(ref _downloads) > limits.Parallel)
        {
            Interlocked.Decrement(ref _downloads);
            throw BackupHttpServerErrors.DownloadsBusy($"{limits.Parallel} downloads are under way");
        }

        if (Interlocked.Increment(ref use.Downloads) > limits.ParallelPerLink)
        {
            Leave(use);
            throw BackupHttpServerErrors.DownloadsBusy(
                $"{limits.ParallelPerLink} downloads through this link are under way"
            );
        }

        return new Place(this, use);
    }

    /// <summary>A download ended, as far as this side knows.</summary>
    public void Ended(string link, IPAddress? client) => UseOf(link).Ended = new(client, time.GetUtcNow());

    /// <summary>Whether a client may ask again for the end of what was sent to it just now.</summary>
    /// <param name="link">Its id.</param>
    /// <param name="client">Its address.</param>
    /// <param name="left">Bytes to the end that are asked for.</param>
    public bool IsTail(string link, IPAddress? client, long left) =>
        UseOf(link).Ended is { } ended
        && Equals(ended.Client, client)
        && left <= limits.TailBytes
        && time.GetUtcNow() - ended.At < limits.Tail;

    private double PerSecond => limits.PartsPerMinute / 60.0;

    private int AddressMost => 2 * limits.RequestsPerSecondPerAddress;

    private LinkUse UseOf(string link) => _links.GetOrAdd(link, static _ => new LinkUse());

    private Rate RateOf(IPAddress address)
    {
        if (_addresses.TryGetValue(address, out var known))
        {
            return known;
        }

        if (_addresses.Count >= MostAddresses)
        {
            foreach (var (other, rate) in _addresses)
            {
                if (rate.IsFull(limits.RequestsPerSecondPerAddress, AddressMost, time))
                {
                    _ = _addresses.TryRemove(other, out _);
                }
            }
        }

        // Of so many at once those that come last share one.
        return _addresses.Count >= MostAddresses ? _crowd : _addresses.GetOrAdd(address, static _ => new Rate());
    }

    private void Leave(LinkUse use)
    {
        Interlocked.Decrement(ref use.Downloads);
        Interlocked.Decrement(ref _downloads);
    }

    private sealed class LinkUse
    {
        internal int Downloads;

        public Rate Parts { get; } = new();

        public Rate Refusals { get; } = new();

        public LastEnd? Ended { get; set; }
    }

    private sealed record LastEnd(IPAddress? Client, DateTimeOffset At);

    private sealed class Place(DownloadGate gate, LinkUse use) : IDisposable
    {
        private int _left;

        public void Dispose()
        {
            if (Interlocked.Exchange(ref _left, 1) == 0)
            {
                gate.Leave(use);
            }
        }
    }
}
