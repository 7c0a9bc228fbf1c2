using Backup.Daemon.Clusters;
using Backup.WebUI.Contracts;

namespace Backup.Cli.Control;

/// <param name="Ok">True.</param>
/// <param name="Time">The moment.</param>
/// <param name="Sets">An archive each.</param>
/// <param name="LeftOut">What is not in it.</param>
public sealed record ClusterFilesView(
    bool Ok,
    OptimeView Time,
    IReadOnlyList<DescribedSet> Sets,
    IReadOnlyList<LeftOut> LeftOut
);
