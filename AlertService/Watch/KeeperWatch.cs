using Backup.Metadata;

namespace Backup.AlertService.Watch;

/// <summary>A daemon, and for how long its signs of life have stood still.</summary>
internal sealed record DaemonSight(DaemonRecord Record, TimeSpan Silent);

/// <summary>What is seen of daemons and of the heads that they keep.</summary>
/// <param name="Daemons">Those that did not stop by themselves.</param>
/// <param name="Unkept">For how long nobody has kept the head of a replica set, by its id; of one whose keeper is alive about zero.</param>
internal sealed record KeeperSights(IReadOnlyList<DaemonSight> Daemons, IReadOnlyDictionary<string, TimeSpan> Unkept)
{
    internal static readonly KeeperSights None = new([], new Dictionary<string, TimeSpan>());
}

/// <summary>
/// Tells which daemons are silent and which heads nobody keeps, by signs of life that stand still on a clock of this process that nobody sets: what a daemon's
/// own clock says does not matter. What is seen for the first time is taken to be alive.
/// </summary>
internal sealed class KeeperWatch(TimeProvider time)
{
    private readonly Dictionary<string, Sign> _signs = new(StringComparer.Ordinal);
    private readonly Dictionary<string, long> _kept = new(StringComparer.Ordinal);

    /// <param name="daemons">As they are stored now.</param>
    /// <param name="leases">Of heads, as they are stored now.</param>
    /// <param name="replicaSets">Ids of those whose heads somebody is to keep.</param>
    public KeeperSights Look(
        IReadOnlyList<DaemonRecord> daemons,
        IReadOnlyList<HeadLease> leases,
        IReadOnlyCollection<string> replicaSets
    )
    {
        var now = time.GetTimestamp();
        Forget(_signs, [.. daemons.Select(static one => one.Report.Id)]);
        Forget(_kept, replicaSets);
        foreach (var daemon in daemons)
        {
            var (session, renewals) = (daemon.Report.Session, daemon.Renewals);
            if (_signs.GetValueOrDefault(daemon.Report.Id) is not { } sign || sign.IsOlder(session, renewals))
            {
                _signs[daemon.Report.Id] = new Sign(session, renewals, now);
            }
        }

        var running = daemons
            .Where(static one => one.StoppedAt is null)
            .ToDictionary(static one => one.Report.Id, StringComparer.Ordinal);
        var keepers = leases
            .Where(lease => lease.DaemonId is { } id && running.GetValueOrDefault(id)?.Report.Session == lease.Session)
            .ToDictionary(static lease => lease.ReplicaSetId, static lease => lease.DaemonId!, StringComparer.Ordinal);
        foreach (var set in replicaSets)
        {
            var alive = keepers.TryGetValue(set, out var keeper) ? _signs[keeper].At : long.MinValue;
            _kept[set] = Math.Max(alive, _kept.GetValueOrDefault(set, now));
        }

        return new KeeperSights(
            [.. running.Values.Select(one => new DaemonSight(one, time.GetElapsedTime(_signs[one.Report.Id].At, now)))],
            _kept.ToDictionary(
                static one => one.Key,
                one => time.GetElapsedTime(one.Value, now),
                StringComparer.Ordinal
            )
        );
    }

    private static void Forget<T>(Dictionary<string, T> known, IReadOnlyCollection<string> left)
    {
        foreach (var gone in known.Keys.Except(left, StringComparer.Ordinal).ToList())
        {
            known.Remove(gone);
        }
    }

    /// <param name="Session">Which run of the daemon.</param>
    /// <param name="Renewals">How many it had given then.</param>
    /// <param name="At">When it was seen first, on this process's clock.</param>
    private sealed record Sign(string Session, long Renewals, long At)
    {
        public bool IsOlder(string session, long renewals) => Session != session || Renewals != renewals;
    }
}
