using Backup.Daemon.PointInTime;
using Backup.Daemon.Targets;

namespace Backup.Cli.Appliance;

/// <summary>The replay of the oplog as what a restore into MongoDB begins with.</summary>
internal sealed class ReplayPhase(IProgress<TargetProgress> progress) : IProgress<ReplayProgress>
{
    public void Report(ReplayProgress value) =>
        progress.Report(new TargetProgress("replay", "", 0, value.Bytes, value.ExpectedBytes));
}
