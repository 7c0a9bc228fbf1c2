using System.Globalization;
using Backup.AlertService.Conditions;
using Backup.Metadata;
using Backup.Metadata.Alerting;

namespace Backup.AlertService.Watch;

/// <summary>Deletes, drops and overwrites beyond what is usual. What was lost does not come back by itself: it is so until somebody resolves it, or its time is over.</summary>
internal static class RadarProbes
{
    public static IEnumerable<Finding> Bursts(Facts facts) =>
        facts
            .Bursts.Where(one => facts.Deployment(one.DeploymentId) is not null)
            .Select(burst =>
            {
                var deployment = facts.Deployment(burst.DeploymentId)!;
                return new Finding(MassChange.Condition, burst.Id, burst.Factor, () => Say(facts, deployment, burst))
                {
                    GroupId = deployment.GroupId,
                    DeploymentId = deployment.Id,
                    SubjectName = $"{deployment.Name} {burst.Namespace}",
                };
            });

    private static AlertWords Say(Facts facts, Deployment deployment, BurstRecord burst)
    {
        var clean = burst.Before - TimeSpan.FromSeconds(1);
        return new AlertWords(
            AlertServiceErrors.ManyChanged(
                $"{deployment.Name}: about {Number(burst.Documents)} documents of {burst.Namespace} were {Verb(burst.Kinds)}",
                $"from {Words.At(burst.First.WallClock)} to {Words.At(burst.LastAt)}",
                $"That is up to {Number(burst.Most)} in {Of(burst.Span)}, where up to {Number(burst.Usual)} are usual.",
                burst.HeldSets > 0
                    ? RestoreText.Of(facts, deployment, burst)
                    : "Look at 'backup ranges': no moment before it can be restored. Snapshots before it may be there: backup snapshots."
            ),
            burst.HeldSets > 0
                ? $"The last clean second is {Words.At(clean)}. What it is restored from is kept until {Words.At(burst.KeptUntil)}, or until this alert is resolved."
                : "No moment before it is kept."
        );
    }

    private static string Verb(BurstKinds kinds) =>
        kinds switch
        {
            BurstKinds.Updates => "changed",
            BurstKinds.Deletes => "deleted",
            BurstKinds.Drops => "dropped",
            _ when kinds.HasFlag(BurstKinds.Updates) => "deleted or changed",
            _ => "deleted or dropped",
        };

    private static string Of(TimeSpan span) => span < TimeSpan.FromHours(1) ? "a minute" : "an hour";

    private static string Number(long count) => count.ToString("N0", CultureInfo.InvariantCulture);
}
