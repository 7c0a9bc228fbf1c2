using Backup.AlertService.Conditions;
using Backup.Metadata.Alerting;

namespace Backup.AlertService.Watch;

/// <summary>Measures some conditions.</summary>
/// <param name="Conditions">Which.</param>
/// <param name="Look">Everything that there is of them, whether it is wrong or not.</param>
internal sealed record Probe(IReadOnlyList<string> Conditions, Func<Facts, IEnumerable<Finding>> Look);

/// <summary>All that is looked at.</summary>
internal static class Probes
{
    public static IReadOnlyList<Probe> All { get; } =
    [
        new([AlertConditions.AgentDown], AgentProbes.Silent),
        new([AlertConditions.AgentOutdated], AgentProbes.Outdated),
        new([AlertConditions.SourceTrouble, AlertConditions.ResyncRequired], AgentProbes.Sources),
        new([AlertConditions.OplogBehind], SetProbes.Behind),
        new([AlertConditions.OplogHole], SetProbes.Holes),
        new([AlertConditions.HeadStopped], SetProbes.Stopped),
        new([AlertConditions.HeadBehind], SetProbes.SlowHeads),
        new([AlertConditions.BalancerLeftOff], ClusterProbes.LeftOff),
        new([AlertConditions.SnapshotLate], SnapshotProbes.Late),
        new([AlertConditions.VerificationFailed], SnapshotProbes.Unproved),
        new([AlertConditions.JobRetried], SnapshotProbes.Retried),
        new([AlertConditions.OplogWindow], HostProbes.Windows),
        new([AlertConditions.HostDown, AlertConditions.NoPrimary, AlertConditions.ReplicationLag], HostProbes.Members),
        new([AlertConditions.Election], HostProbes.Elections),
        new([AlertConditions.SlowOperations], HostProbes.Slow),
        new([MassChange.Condition], RadarProbes.Bursts),
        new([AlertConditions.DaemonDown], KeeperProbes.Daemons),
        new([AlertConditions.HeadWithoutKeeper], KeeperProbes.Unkept),
        new([AlertConditions.StoreSpace], ApplianceProbes.Space),
        new([AlertConditions.GroomFailed, AlertConditions.StoreReclaimable], GroomProbes.Look),
        new([AlertConditions.StoreForecast], ApplianceProbes.Forecasts),
        new([AlertConditions.CertificateExpiring], ApplianceProbes.Certificates),
        new([AlertConditions.ApplianceTrouble], ApplianceProbes.Troubles),
        new([AlertConditions.NoTwoFactor], ApplianceProbes.People),
        new([AlertConditions.ChannelFailing], ApplianceProbes.Channels),
    ];
}
