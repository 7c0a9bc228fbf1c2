using Backup.Metadata;

namespace Backup.Daemon.Placement;

/// <summary>What one daemon sees when it decides.</summary>
/// <param name="Me">Its id.</param>
/// <param name="Live">The daemons that are there, itself included.</param>
/// <param name="Leases">Of all heads that were ever granted or wished for.</param>
/// <param name="ReplicaSets">Ids of all replica sets.</param>
/// <param name="LongFree">Those whose head nobody has kept for a while although somebody should have taken it.</param>
internal sealed record PlacementView(
    string Me,
    IReadOnlyList<DaemonRecord> Live,
    IReadOnlyList<HeadLease> Leases,
    IReadOnlyList<string> ReplicaSets,
    IReadOnlySet<string> LongFree
);

/// <summary>
/// Who keeps which head. Every daemon decides for itself by the same rule: where two see the same they decide the same, and where they do not, the leases
/// let one of them have it. A head nobody keeps goes to the daemon with the fewest heads for its weight; one that is kept stays where it is,
/// unless it is wished elsewhere, its daemon drains, or that has at least two more than its share. A head is never given away where nobody could take it.
/// </summary>
internal static class PlacementPlan
{
    /// <summary>A daemon with less room than that on its disk takes no head while another can.</summary>
    internal const long LeastFreeBytes = 1L << 30;

    /// <returns>The replica sets whose heads this daemon takes now.</returns>
    internal static List<string> Take(PlacementView view)
    {
        var places = new Places(view);
        var taken = new List<string>();
        foreach (var set in view.ReplicaSets.Order(StringComparer.Ordinal).Where(places.IsFree))
        {
            var by = places.Next(set);
            if (by == view.Me || (view.LongFree.Contains(set) && places.MayTake(view.Me)))
            {
                taken.Add(set);
            }
        }

        return taken;
    }

    /// <returns>What this daemon gives back now for others to take: all that is wished elsewhere, and of the rest at most one at a time.</returns>
    internal static List<HeadLease> GiveBack(PlacementView view)
    {
        var places = new Places(view);
        var mine = view
            .Leases.Where(lease => lease.DaemonId == view.Me)
            .OrderBy(static lease => lease.ReplicaSetId, StringComparer.Ordinal)
            .ToList();
        var given = mine.Where(lease => lease.Wish is { } wish && wish != view.Me && places.MayTake(wish)).ToList();
        var rest = mine.Where(static lease => lease.Wish is null).ToList();
        if (given.Count == 0 && rest.Count > 0 && places.HasTooMany(view.Me))
        {
            given.Add(rest[0]);
        }

        return given;
    }

    private sealed class Places
    {
        private readonly Dictionary<string, DaemonRecord> _live;
        private readonly Dictionary<string, int> _heads;
        private readonly Dictionary<string, HeadLease> _leases;
        private readonly HashSet<string> _able;

        internal Places(PlacementView view)
        {
            _live = view.Live.ToDictionary(static one => one.Report.Id, StringComparer.Ordinal);
            _leases = view.Leases.ToDictionary(static one => one.ReplicaSetId, StringComparer.Ordinal);
            _heads = _live.Keys.ToDictionary(
                static id => id,
                id => view.Leases.Count(lease => IsKeptBy(lease, id)),
                StringComparer.Ordinal
            );
            // Better on a daemon that has little room, or is to have none, than nowhere.
            _able = FirstOf(
                view.Live.Where(static one => !one.Drains && one.Report.FreeBytes >= LeastFreeBytes),
                view.Live.Where(static one => !one.Drains),
                view.Live
            );
        }

        internal bool IsFree(string set) =>
            !_leases.TryGetValue(set, out var lease) || !_live.Keys.Any(id => IsKeptBy(lease, id));

        internal bool MayTake(string daemon) => _able.Contains(daemon);

        /// <summary>Who takes it, which is counted; the order of the calls is the same for everybody.</summary>
        internal string? Next(string set)
        {
            var wish = _leases.GetValueOrDefault(set)?.Wish;
            var next =
                wish is not null && MayTake(wish)
                    ? wish
                    : _able.OrderBy(LoadWithOneMore).ThenBy(static id => id, StringComparer.Ordinal).FirstOrDefault();
            if (next is not null)
            {
                _heads[next]++;
            }

            return next;
        }

        /// <summary>It drains and another one can take heads; or it has at least two heads more than its share, and another one fewer than its own.</summary>
        internal bool HasTooMany(string me)
        {
            var others = _able.Where(id => id != me).ToList();
            if (others.Count == 0 || !_live.ContainsKey(me))
            {
                return false;
            }

            return !MayTake(me) || (_heads[me] >= Share(me) + 2 && others.Exists(id => _heads[id] < Share(id)));
        }

        private double Share(string id) => _heads.Values.Sum() * (double)Weight(id) / _able.Sum(Weight);

        private double LoadWithOneMore(string id) => (_heads[id] + 1) / (double)Weight(id);

        private int Weight(string id) => Math.Max(1, _live[id].Report.Weight);

        /// <summary>A daemon that was started again keeps nothing of what it kept before.</summary>
        private bool IsKeptBy(HeadLease lease, string id) =>
            lease.DaemonId == id && _live.TryGetValue(id, out var daemon) && daemon.Report.Session == lease.Session;

        private static HashSet<string> FirstOf(params IEnumerable<DaemonRecord>[] choices) =>
            choices
                .Select(static choice => choice.Select(one => one.Report.Id).ToHashSet(StringComparer.Ordinal))
                .FirstOrDefault(static choice => choice.Count > 0)
            ?? [];
    }
}
