using Backup.Metadata;
using Backup.Metadata.Alerting;
using Backup.WebUI.Contracts;

namespace Backup.WebUI.Resources;

/// <summary>
/// What needs somebody, worst first: what is wrong at this moment, and the alerts that are open. An alert waits until what it is about has lasted; a page does not.
/// </summary>
internal static class Attention
{
    public static List<AttentionView> Of(
        IReadOnlyList<ErrorView> appliance,
        IReadOnlyList<DeploymentCardView> cards,
        IReadOnlyList<AlertRecord> alerts,
        IReadOnlyDictionary<string, Deployment> deployments
    )
    {
        var found = new List<AttentionView>();
        found.AddRange(appliance.Select(static one => Said(Overviews.Bad, "The appliance", one, null)));
        foreach (var card in cards.Where(static one => one.Deployment.RemovedAt is null))
        {
            found.AddRange(Now(card.Deployment));
        }

        foreach (var alert in alerts.Where(static one => one.Severity > AlertSeverity.Info))
        {
            Add(found, alert, CardOf(alert.DeploymentId, deployments));
        }

        return [.. found.OrderBy(static one => one.Known).ThenBy(static one => one.Level != Overviews.Bad)];
    }

    private static IEnumerable<AttentionView> Now(DeploymentView view)
    {
        if (view.Error is { } error)
        {
            yield return Said(Overviews.Bad, view.Name, error, view.Id);
        }

        foreach (var set in view.ReplicaSets.Where(static one => one.Error is not null))
        {
            yield return Said(Overviews.Bad, set.Name, set.Error!, view.Id);
        }

        if (view.Source?.Warning is { } warning)
        {
            yield return Said(Overviews.Warning, view.Name, warning, view.Id);
        }

        if (view.Source?.PausedAt is not null)
        {
            yield return new AttentionView(
                Overviews.Warning,
                $"{view.Name}: reading is paused; what is written meanwhile is not protected.",
                "Let it go on before the source's oplog has moved past where it stopped.",
                null,
                view.Id
            );
        }
    }

    /// <summary>What is told already, with the same number, is not told twice.</summary>
    private static void Add(List<AttentionView> found, AlertRecord alert, string? deployment)
    {
        var told = found.FindIndex(one => one.Code == alert.Code && one.Deployment == deployment);
        var one =
            told >= 0
                ? found[told]
                : new AttentionView(
                    alert.Severity == AlertSeverity.Critical ? Overviews.Bad : Overviews.Warning,
                    alert.Consequence.Length > 0 ? $"{alert.Message} {alert.Consequence}" : alert.Message,
                    alert.Hint,
                    alert.Code,
                    deployment
                );
        one = one with { Alert = alert.Id, Since = alert.Since, Known = alert.Acknowledged is not null };
        if (told >= 0)
        {
            found[told] = one;
        }
        else
        {
            found.Add(one);
        }
    }

    /// <summary>The sets of a cluster are shown with it.</summary>
    private static string? CardOf(string? deployment, IReadOnlyDictionary<string, Deployment> deployments) =>
        deployment is not null && deployments.TryGetValue(deployment, out var found)
            ? found.Cluster?.DeploymentId ?? found.Id
            : null;

    private static AttentionView Said(string level, string subject, ErrorView error, string? deployment) =>
        new(level, $"{subject}: {error.Message}", error.Hint, error.Code, deployment);
}
