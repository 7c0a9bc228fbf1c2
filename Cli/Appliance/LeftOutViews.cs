using Backup.Daemon.Restores;
using Backup.Foundation;
using Backup.WebUI.Contracts;

namespace Backup.Cli.Appliance;

/// <summary>What a restore does not hold, as results tell it: null where there is nothing to tell.</summary>
internal static class LeftOutViews
{
    internal static IReadOnlyList<ExcludedView>? Of(IReadOnlyList<ExcludedCollection> excluded) =>
        excluded.Count == 0 ? null : [.. excluded.Select(static one => new ExcludedView(one.Namespace, one.Reason))];

    internal static IReadOnlyList<OptimeView>? Of(IReadOnlyList<Optime> undecided) =>
        undecided.Count == 0 ? null : [.. undecided.Select(static one => new OptimeView(one.T, one.I))];
}
