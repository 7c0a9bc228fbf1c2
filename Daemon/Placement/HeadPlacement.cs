using System.Collections.Concurrent;
using Backup.Blockstore.Shared;
using Backup.Daemon.Heads;
using Backup.Foundation.Errors;
using Backup.Metadata;
using Microsoft.Extensions.Logging;

namespace Backup.Daemon.Placement;

/// <summary>
/// Keeps the heads that are this daemon's to keep: says that the daemon is there, takes heads that nobody keeps (at the start, after a daemon was
/// killed, for a new replica set), gives away those that are wished elsewhere. What keeps the data right are the leases: a daemon that was paused and
/// wakes up writes nothing of a head that another one took meanwhile.
/// </summary>
internal sealed partial class HeadPlacement : IAsyncDisposable
{
    private static readonly TimeSpan Look = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan Breath = TimeSpan.FromMilliseconds(100);

    /// <summary>More for each head that it keeps: a round looks at all of them.</summary>
    private static readonly TimeSpan BreathOfHead = TimeSpan.FromMicroseconds(200);

    /// <summary>A head that its next keeper has not taken by then is taken by any other.</summary>
    private static readonly TimeSpan FreeTooLong = TimeSpan.FromSeconds(6);

    private static readonly TimeSpan BetweenMoves = TimeSpan.FromSeconds(30);

    private readonly HeadServices _services;
    private readonly DaemonOptions _options;
    private readonly DaemonReport _self;
    private readonly DaemonWatch _watch;
    private readonly ConcurrentDictionary<string, KeptHead> _kept = new(StringComparer.Ordinal);
    private readonly Dictionary<string, long> _freeSince = new(StringComparer.Ordinal);
    private readonly CancellationTokenSource _stop = new();
    private readonly Task _loop;
    private long? _beaten;
    private long? _moved;
    private volatile bool _isFirst;
    private bool _standsAside;

    internal HeadPlacement(HeadServices services)
    {
        (_services, _options) = (services, services.Options);
        _watch = new DaemonWatch(_options.DaemonSilence, services.Time);
        _self = new DaemonReport(
            _options.Name,
            Guid.NewGuid().ToString("N"),
            Environment.MachineName,
            _options.Version,
            _options.Weight,
            0,
            services.Time.GetUtcNow()
        );
        _loop = Task.Run(() => LoopAsync(_stop.Token));
    }

    /// <summary>Ids of the replica sets whose heads it keeps now.</summary>
    internal IReadOnlyCollection<string> Heads => [.. _kept.Keys];

    /// <summary>Whether what concerns no head is for this daemon to begin; of several, one at a time, but for moments.</summary>
    internal bool IsFirst => _isFirst;

    /// <summary>Another daemon has this one's name: this one has stopped. Null while all is well.</summary>
    internal BackupException? Displaced { get; private set; }

    internal HeadKeeper? KeeperOf(string replicaSetId) => _kept.GetValueOrDefault(replicaSetId)?.Keeper;

    internal bool Keeps(string replicaSetId) => _kept.ContainsKey(replicaSetId);

    /// <summary>Gives everything back: another daemon, or the next run of this one, takes it at once.</summary>
    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _loop.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        await DropAsync(_kept.Keys);
        try
        {
            await _services.Metadata.Daemons.LeaveAsync(_self.Id, _self.Session, CancellationToken.None);
        }
        catch (BackupException failure)
        {
            // Then it counts as killed.
            LogNotLeft(_services.Logger, failure);
        }

        _stop.Dispose();
    }

    private async Task LoopAsync(CancellationToken cancellation)
    {
        while (!cancellation.IsCancellationRequested)
        {
            try
            {
                if (await StandsAsideAsync(cancellation))
                {
                    await Task.Delay(Look, _services.Time, cancellation);
                    continue;
                }

                await BeatAsync(cancellation);
                var seen = _services.Metadata.ChangeCount;
                if (await RoundAsync(cancellation))
                {
                    continue;
                }

                await _services.Metadata.WaitForChangeAsync(seen, Look, cancellation);
                // Writes come in heaps.
                await Task.Delay(Breath + (_kept.Count * BreathOfHead), _services.Time, cancellation);
            }
            catch (OperationCanceledException) when (cancellation.IsCancellationRequested)
            {
                return;
            }
            catch (BackupException displaced) when (displaced.Number == DaemonErrors.NameTaken)
            {
                Displaced = displaced;
                LogDisplaced(_services.Logger, displaced.Message, displaced.Hint);
                await DropAsync(_kept.Keys);
                return;
            }
            catch (Exception failure)
            {
                LogFailed(_services.Logger, failure);
                await Task.Delay(Look, _services.Time, cancellation)
                    .ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }
        }
    }

    /// <summary>
    /// While the block store takes nothing from this process, the heads are better kept by any other one: it says that it stops, until the store is opened again.
    /// </summary>
    private async Task<bool> StandsAsideAsync(CancellationToken cancellation)
    {
        if (!SharedStores.HasStopped(_services.Blocks))
        {
            _standsAside = false;
            return false;
        }

        if (!_standsAside)
        {
            LogStandsAside(_services.Logger);
            _isFirst = false;
            await DropAsync(_kept.Keys);
            await _services.Metadata.Daemons.LeaveAsync(_self.Id, _self.Session, cancellation);
            (_standsAside, _beaten) = (true, null);
        }

        return true;
    }

    private async Task BeatAsync(CancellationToken cancellation)
    {
        if (_beaten is { } last && _services.Time.GetElapsedTime(last) < _options.DaemonBeat)
        {
            return;
        }

        if (_beaten is not null)
        {
            var stored = await _services.Metadata.Daemons.ListAsync(cancellation);
            if (
                stored.FirstOrDefault(one => one.Report.Id == _self.Id) is { } same
                && same.Report.Session != _self.Session
            )
            {
                throw DaemonErrors.SameName(_self.Id, same.Report.Host);
            }
        }

        var news = _kept
            .Values.Select(static head => (Head: head, Report: head.News()))
            .Where(static one => one.Report is not null)
            .ToList();
        await _services.Metadata.Daemons.SeenAsync(
            _self with
            {
                FreeBytes = new DriveInfo(_options.SpillFolder).AvailableFreeSpace,
            },
            [.. news.Select(static one => one.Report!)],
            cancellation
        );
        news.ForEach(static one => one.Head.Told(one.Report!));
        _beaten = _services.Time.GetTimestamp();
    }

    /// <returns>Whether something was changed: then there may be more to do.</returns>
    private async Task<bool> RoundAsync(CancellationToken cancellation)
    {
        var metadata = _services.Metadata;
        var live = _watch.Live(await metadata.Daemons.ListAsync(cancellation));
        if (_options.Alone)
        {
            // Whoever else is stored was here before: nobody else can work on these stores now.
            live.RemoveAll(one => one.Report.Id != _self.Id);
        }

        _isFirst = live.Select(static one => one.Report.Id).Min(StringComparer.Ordinal) == _self.Id;
        var leases = await metadata.HeadLeases.ListAsync(cancellation);
        await DropLostAsync(leases);
        var sets = await metadata.Deployments.ReplicaSetsAsync(cancellation);
        var view = new PlacementView(
            _self.Id,
            live,
            leases,
            [.. sets.Select(static set => set.Id)],
            LongFree(sets, leases)
        );
        var changed = false;
        foreach (var set in PlacementPlan.Take(view).Where(set => !_kept.ContainsKey(set)))
        {
            // Before anything is held for the head: what it puts is put under these, or after them.
            var sessions = SharedStores.SessionsOf(_services.Blocks);
            var lease = await metadata.HeadLeases.GrantAsync(
                set,
                _self.Id,
                _self.Session,
                leases.FirstOrDefault(one => one.ReplicaSetId == set),
                sessions,
                cancellation
            );
            if (lease is not null)
            {
                LogTaken(_services.Logger, set, lease.Fence);
                changed |= await KeepAsync(lease, sessions, cancellation);
            }
        }

        return await GiveBackAsync(view, cancellation) || changed;
    }

    /// <returns>Whether it is kept; else it was given back.</returns>
    private async Task<bool> KeepAsync(HeadLease lease, IReadOnlyList<Guid> sessions, CancellationToken cancellation)
    {
        try
        {
            // Only under the lease: where its group is moved from here on, the lease ends.
            var services = await _services.OfAsync(lease.ReplicaSetId, cancellation);
            _kept[lease.ReplicaSetId] = new KeptHead(services, lease, sessions);
            return true;
        }
        catch (BackupException failure)
        {
            LogNotKept(_services.Logger, lease.ReplicaSetId, failure.Message, failure.Hint);
            await _services.Metadata.HeadLeases.ReleaseAsync(lease, cancellation);
            return false;
        }
    }

    private async Task<bool> GiveBackAsync(PlacementView view, CancellationToken cancellation)
    {
        var given = PlacementPlan.GiveBack(view).Where(lease => _kept.ContainsKey(lease.ReplicaSetId)).ToList();
        if (
            given.Count == 0
            || (given[0].Wish is null && _moved is { } last && _services.Time.GetElapsedTime(last) < BetweenMoves)
        )
        {
            return false;
        }

        var drains = view.Live.Any(one => one.Report.Id == _self.Id && one.Drains);
        _moved = given[0].Wish is null && !drains ? _services.Time.GetTimestamp() : _moved;
        foreach (var lease in given)
        {
            LogGivenBack(_services.Logger, lease.ReplicaSetId, lease.Wish ?? "any other");
            await DropAsync([lease.ReplicaSetId]);
            await _services.Metadata.HeadLeases.ReleaseAsync(lease, cancellation);
        }

        return true;
    }

    private Task DropLostAsync(IReadOnlyList<HeadLease> leases)
    {
        var held = leases
            .Where(lease => lease.DaemonId == _self.Id && lease.Session == _self.Session)
            .ToDictionary(static lease => lease.ReplicaSetId, static lease => lease.Fence, StringComparer.Ordinal);
        var lost = _kept
            .Values.Where(head =>
                !held.TryGetValue(head.Lease.ReplicaSetId, out var fence) || fence != head.Lease.Fence
            )
            .Select(static head => head.Lease.ReplicaSetId)
            .ToList();
        lost.ForEach(set => LogLost(_services.Logger, set));
        return DropAsync(lost);
    }

    private HashSet<string> LongFree(IReadOnlyList<ReplicaSetRecord> sets, IReadOnlyList<HeadLease> leases)
    {
        var kept = leases
            .Where(static lease => lease.DaemonId is not null)
            .Select(static lease => lease.ReplicaSetId)
            .ToHashSet(StringComparer.Ordinal);
        var free = sets.Select(static set => set.Id)
            .Where(set => !kept.Contains(set))
            .ToHashSet(StringComparer.Ordinal);
        foreach (var over in _freeSince.Keys.Where(set => !free.Contains(set)).ToList())
        {
            _freeSince.Remove(over);
        }

        foreach (var set in free)
        {
            _freeSince.TryAdd(set, _services.Time.GetTimestamp());
        }

        free.RemoveWhere(set => _services.Time.GetElapsedTime(_freeSince[set]) < FreeTooLong);
        return free;
    }

    private async Task DropAsync(IEnumerable<string> replicaSets)
    {
        var dropped = new List<Task>();
        foreach (var set in replicaSets)
        {
            if (_kept.TryRemove(set, out var head))
            {
                dropped.Add(head.DisposeAsync().AsTask());
            }
        }

        await Task.WhenAll(dropped);
    }

    [LoggerMessage(
        50,
        LogLevel.Information,
        "This daemon keeps the head of {ReplicaSet} from now on, under lease {Fence}"
    )]
    private static partial void LogTaken(ILogger logger, string replicaSet, long fence);

    [LoggerMessage(51, LogLevel.Information, "The head of {ReplicaSet} is given away, to {Daemon}")]
    private static partial void LogGivenBack(ILogger logger, string replicaSet, string daemon);

    [LoggerMessage(52, LogLevel.Warning, "Another daemon took the head of {ReplicaSet}")]
    private static partial void LogLost(ILogger logger, string replicaSet);

    [LoggerMessage(53, LogLevel.Error, "Who keeps which head could not be looked at")]
    private static partial void LogFailed(ILogger logger, Exception failure);

    [LoggerMessage(
        54,
        LogLevel.Warning,
        "That this daemon stops could not be stored: the others wait until it counts as silent"
    )]
    private static partial void LogNotLeft(ILogger logger, Exception failure);

    [LoggerMessage(57, LogLevel.Error, "The head of {ReplicaSet} cannot be kept here: {Message} {Hint}")]
    private static partial void LogNotKept(ILogger logger, string replicaSet, string message, string hint);

    [LoggerMessage(
        56,
        LogLevel.Error,
        "The block store takes nothing more from this process until it is opened again: this daemon gives its heads to any other, and keeps none"
    )]
    private static partial void LogStandsAside(ILogger logger);

    [LoggerMessage(55, LogLevel.Critical, "{Message} {Hint}")]
    private static partial void LogDisplaced(ILogger logger, string message, string hint);
}
