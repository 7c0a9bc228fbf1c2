using System.Globalization;
using Backup.AlertService.Conditions;
using Backup.Foundation.Errors;
using Backup.Metadata;
using Backup.Metadata.Alerting;

namespace Backup.AlertService.Watch;

/// <summary>What is stored of replica sets, and their heads.</summary>
internal static class SetProbes
{
    /// <summary>Of sets that have an oplog stored: an initial sync that has just begun is no lag.</summary>
    public static IEnumerable<Finding> Behind(Facts facts) =>
        facts
            .Sets.Where(static one => one.Stored is not null)
            .Select(set =>
            {
                var behind = set.Behind(facts);
                return Of(
                    set,
                    AlertConditions.OplogBehind,
                    behind.TotalSeconds,
                    () =>
                        new AlertWords(
                            AlertServiceErrors.Late(set.Name, Words.Span(behind)),
                            $"Nothing newer than {Words.At(set.Stored!.Value.WallClock)} can be restored of it. Once the source's oplog has moved past that, a new initial sync is needed."
                        )
                );
            });

    /// <summary>A hole is told as long as it is in the point-in-time window: critical while it is open.</summary>
    public static IEnumerable<Finding> Holes(Facts facts)
    {
        foreach (var set in facts.Sets)
        {
            var begin = facts.Now - set.Policy.PointInTimeWindow;
            var holes = set
                .Holes.Where(one => one.Kind != HoleKind.HeadStopped && (one.IsOpen || one.To.WallClock > begin))
                .ToList();
            var worst = holes.Find(static one => one.IsOpen && one.Namespace is null) ?? holes.LastOrDefault();
            yield return Of(
                set,
                AlertConditions.OplogHole,
                holes.Count,
                () =>
                    new AlertWords(
                        AlertServiceErrors.Gap(set.Name, Words.At(worst!.From.WallClock), worst.Cause),
                        "Snapshots are not touched by it."
                    )
            ) with
            {
                AtLeast = worst is { IsOpen: true, Namespace: null } ? AlertSeverity.Critical : AlertSeverity.Warning,
            };
        }
    }

    public static IEnumerable<Finding> Stopped(Facts facts) =>
        facts.Sets.Select(set =>
            Of(
                set,
                AlertConditions.HeadStopped,
                set.Record.State == ReplicaSetState.Stopped ? 1 : 0,
                () =>
                    new AlertWords(
                        new BackupException(
                            NumberOf(set.Record.StopCode),
                            $"{set.Name}: {set.Record.StopMessage}",
                            set.Record.StopHint ?? ""
                        ),
                        "No newer snapshot is taken of it until it goes on; those that are there can be restored."
                    )
            )
        );

    public static IEnumerable<Finding> SlowHeads(Facts facts) =>
        facts
            .Sets.Where(static one => one is { Head.Consistent: true, Stored: not null })
            .Select(set =>
            {
                var behind = TimeSpan.FromSeconds(Math.Max(0, set.Stored!.Value.T - (double)set.Head!.Optime.T));
                return Of(
                    set,
                    AlertConditions.HeadBehind,
                    behind.TotalSeconds,
                    () =>
                        new AlertWords(
                            AlertServiceErrors.SlowHead(set.Name, Words.Span(behind)),
                            "Snapshots are taken late; moments are restored all the same."
                        )
                );
            });

    internal static Finding Of(SetFacts set, string condition, double value, Func<AlertWords> say) =>
        new(condition, set.Record.Id, value, say)
        {
            GroupId = set.Deployment.GroupId,
            DeploymentId = set.Deployment.Id,
            SubjectName = set.Name,
        };

    private static int NumberOf(string? code) =>
        code is ['B', 'K', .. var digits]
        && int.TryParse(digits, NumberStyles.None, CultureInfo.InvariantCulture, out var number)
            ? number
            : AlertServiceErrors.HeadBehind;
}
