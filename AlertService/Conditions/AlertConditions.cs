using Backup.Metadata.Alerting;

namespace Backup.AlertService.Conditions;

/// <summary>Every condition, with its defaults.</summary>
public static class AlertConditions
{
    public const string AgentDown = "agent-down";
    public const string AgentOutdated = "agent-outdated";
    public const string SourceTrouble = "source-trouble";
    public const string OplogBehind = "oplog-behind";
    public const string OplogWindow = "oplog-window";
    public const string OplogHole = "oplog-hole";
    public const string ResyncRequired = "resync-required";
    public const string HeadStopped = "head-stopped";
    public const string HeadBehind = "head-behind";
    public const string HeadWithoutKeeper = "head-without-keeper";
    public const string SnapshotLate = "snapshot-late";
    public const string VerificationFailed = "verification-failed";
    public const string JobRetried = "job-retried";
    public const string DaemonDown = "daemon-down";
    public const string StoreSpace = "store-space";
    public const string StoreForecast = "store-forecast";
    public const string GroomFailed = "groom-failed";
    public const string StoreReclaimable = "store-reclaimable";
    public const string ApplianceTrouble = "appliance-trouble";
    public const string CertificateExpiring = "certificate-expiring";
    public const string HostDown = "host-down";
    public const string NoPrimary = "no-primary";
    public const string ReplicationLag = "replication-lag";
    public const string Election = "election";
    public const string SlowOperations = "slow-operations";
    public const string NoTwoFactor = AlertRecord.OfAccounts;
    public const string ChannelFailing = "channel-failing";
    public const string ClusterSnapshotFailed = "cluster-snapshot-failed";
    public const string ClusterCheckpointFailed = "cluster-checkpoint-failed";
    public const string BalancerNotStopped = "balancer-not-stopped";
    public const string BalancerLeftOff = "balancer-left-off";
    public const string RestoreFailed = "restore-failed";
    public const string RestoreFinished = "restore-finished";

    private const double Minute = 60;
    private const double Hour = 60 * Minute;
    private const double Day = 24 * Hour;

    private static readonly (double, double) Times = (Minute, 30 * Day);

    public static IReadOnlyList<AlertCondition> All { get; } =
    [
        new(AgentDown, "An agent is silent", AlertUnit.Seconds, null, 15 * Minute) { Range = Times },
        new(SourceTrouble, "A source cannot be read", AlertUnit.None, null, null) { For = TimeSpan.FromSeconds(30) },
        new(OplogBehind, "The backup is behind its source", AlertUnit.Seconds, 10 * Minute, 75 * Minute)
        {
            Range = Times,
        },
        new(OplogWindow, "The source's oplog spans too little", AlertUnit.Seconds, 3 * Hour, Hour)
        {
            Range = (Minute, 90 * Day),
            LessIsWorse = true,
            Calm = TimeSpan.FromMinutes(5),
        },
        new(OplogHole, "A part of the window cannot be restored", AlertUnit.None, null, null),
        new(ResyncRequired, "A new initial sync is needed", AlertUnit.None, null, null),
        new(HeadStopped, "A head is stopped", AlertUnit.None, null, null),
        new(HeadBehind, "A head is behind the stored oplog", AlertUnit.Seconds, null, Hour)
        {
            Range = Times,
            For = TimeSpan.FromMinutes(1),
        },
        new(HeadWithoutKeeper, "Nobody keeps a head", AlertUnit.Seconds, Minute, 15 * Minute) { Range = Times },
        new(SnapshotLate, "A snapshot is late", AlertUnit.Intervals, null, 1.5)
        {
            Range = (1, 100),
            For = TimeSpan.FromMinutes(1),
        },
        new(VerificationFailed, "A snapshot is not what it should be", AlertUnit.None, null, null),
        new(JobRetried, "A task is tried again and again", AlertUnit.Times, 3, null) { Range = (1, 1000) },
        new(ClusterSnapshotFailed, "A cluster's snapshot failed", AlertUnit.None, null, null) { IsTold = true },
        new(ClusterCheckpointFailed, "A cluster's checkpoint failed", AlertUnit.None, null, null) { IsTold = true },
        new(BalancerNotStopped, "A balancer cannot be stopped", AlertUnit.None, null, null) { IsTold = true },
        new(BalancerLeftOff, "A balancer was left off", AlertUnit.None, null, null) { For = TimeSpan.FromMinutes(1) },
        new(RestoreFailed, "A restore failed", AlertUnit.None, null, null) { IsTold = true },
        new(RestoreFinished, "A restore is finished", AlertUnit.None, null, null)
        {
            IsTold = true,
            Severity = AlertSeverity.Info,
        },
        new(
            MassChange.Condition,
            "More was deleted, dropped or overwritten than is usual",
            AlertUnit.Times,
            MassChange.Warning,
            MassChange.Critical
        )
        {
            Range = (1.5, 1_000_000),
        },
        new(HostDown, "A member of a source is down", AlertUnit.None, null, null)
        {
            Severity = AlertSeverity.Warning,
            For = TimeSpan.FromMinutes(1),
            Calm = TimeSpan.FromMinutes(3),
        },
        new(NoPrimary, "A source has no primary", AlertUnit.None, null, null) { For = TimeSpan.FromMinutes(1) },
        new(ReplicationLag, "A member of a source is behind", AlertUnit.Seconds, 5 * Minute, Hour)
        {
            Range = (1, 30 * Day),
            Calm = TimeSpan.FromMinutes(3),
        },
        new(Election, "A source elected a primary", AlertUnit.None, null, null) { Severity = AlertSeverity.Info },
        new(SlowOperations, "A member of a source logs many slow operations a minute", AlertUnit.Times, null, null)
        {
            Range = (1, 1000),
            Calm = TimeSpan.FromMinutes(3),
        },
        new(AgentOutdated, "An agent is not of this release", AlertUnit.None, null, null)
        {
            Severity = AlertSeverity.Info,
            For = TimeSpan.FromHours(1),
        },
        new(NoTwoFactor, "Somebody has no second factor", AlertUnit.None, null, null)
        {
            Severity = AlertSeverity.Info,
            IsOfAppliance = true,
        },
        new(DaemonDown, "A daemon is silent", AlertUnit.Seconds, null, 15 * Minute)
        {
            Range = Times,
            IsOfAppliance = true,
        },
        new(StoreSpace, "A disk of the appliance is full", AlertUnit.Percent, 85, 90)
        {
            Range = (1, 99.9),
            IsOfAppliance = true,
            Calm = TimeSpan.FromMinutes(5),
        },
        new(StoreForecast, "A disk of the appliance will be full", AlertUnit.Days, 7, 2)
        {
            Range = (0.1, 365),
            LessIsWorse = true,
            IsOfAppliance = true,
            Calm = TimeSpan.FromHours(2),
        },
        new(GroomFailed, "The block store could not be groomed", AlertUnit.None, null, null)
        {
            Severity = AlertSeverity.Warning,
            IsOfAppliance = true,
        },
        new(StoreReclaimable, "Much of the block store is needed by nobody", AlertUnit.Percent, 30, null)
        {
            Range = (1, 99),
            IsOfAppliance = true,
            // What is in work is held back for a while: two daily grooms have found it so.
            For = TimeSpan.FromHours(26),
        },
        new(CertificateExpiring, "A certificate ends", AlertUnit.Days, 30, 7)
        {
            Range = (0.1, 365),
            LessIsWorse = true,
            IsOfAppliance = true,
        },
        new(ApplianceTrouble, "The appliance has trouble", AlertUnit.None, null, null) { IsOfAppliance = true },
        new(ChannelFailing, "Somebody cannot be told", AlertUnit.None, null, null)
        {
            Severity = AlertSeverity.Warning,
            For = TimeSpan.FromMinutes(2),
        },
    ];

    /// <summary>What a source's servers may say more of: their logs are collected then, where a rule does not say of what.</summary>
    public static IReadOnlyList<string> OfServers { get; } =
    [HostDown, NoPrimary, Election, ReplicationLag, SlowOperations];

    private static readonly Dictionary<string, AlertCondition> ByName = All.ToDictionary(
        static one => one.Name,
        StringComparer.Ordinal
    );

    public static AlertCondition? TryFind(string name) => ByName.GetValueOrDefault(name);

    internal static AlertCondition Find(string name) => ByName[name];
}
