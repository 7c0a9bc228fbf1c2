using Backup.AlertService.Conditions;

namespace Backup.AlertService.Watch;

/// <summary>Daemons, and heads that nobody keeps.</summary>
internal static class KeeperProbes
{
    /// <summary>One that said that it stops is no loss: what it kept is another one's, or a head without a keeper.</summary>
    public static IEnumerable<Finding> Daemons(Facts facts) =>
        facts.Keepers.Daemons.Select(daemon => new Finding(
            AlertConditions.DaemonDown,
            daemon.Record.Report.Id,
            daemon.Silent.TotalSeconds,
            () =>
                new AlertWords(
                    AlertServiceErrors.SilentDaemon(
                        daemon.Record.Report.Id,
                        daemon.Record.Report.Host,
                        Words.At(daemon.Record.SeenAt)
                    ),
                    "Its heads go to other daemons; where there is none, oplog is stored all the same, and snapshots and restores wait."
                )
        )
        {
            SubjectName = daemon.Record.Report.Id,
        });

    /// <summary>A head that moves is without a keeper for half a minute at most.</summary>
    public static IEnumerable<Finding> Unkept(Facts facts) =>
        facts
            .Sets.Where(set => facts.Keepers.Unkept.ContainsKey(set.Record.Id))
            .Select(set =>
            {
                var since = facts.Keepers.Unkept[set.Record.Id];
                return SetProbes.Of(
                    set,
                    AlertConditions.HeadWithoutKeeper,
                    since.TotalSeconds,
                    () =>
                        new AlertWords(
                            AlertServiceErrors.Unkept(set.Name, Words.At(facts.Now - since)),
                            "Its oplog is stored all the same. No snapshot is taken of it until a daemon keeps its head, and mass changes are not noticed."
                        )
                );
            });
}
