using Backup.Foundation;
using Backup.WebUI.Contracts;

namespace Backup.Cli.Control;

/// <summary>Edges of ranges and gaps, as both ways to name a moment take them.</summary>
internal static class Moments
{
    /// <summary>"Before" a second: the first second that leaves nothing of the entry out is the next one.</summary>
    internal static MomentView First(Optime optime) => View(optime, optime.WallClock.AddSeconds(1));

    internal static MomentView Last(Optime optime) => View(optime, optime.WallClock);

    private static MomentView View(Optime optime, DateTimeOffset second) =>
        new(new OptimeView(optime.T, optime.I), second);
}
