using System.Diagnostics;
using Backup.Tests.Support;

namespace Backup.Tests.EndToEnd.Detection;

/// <summary>A copy of the programs whose agent can be killed for good: its program is taken away, so that nobody starts it again.</summary>
internal sealed class LonelyAgent : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    internal LonelyAgent()
    {
        // Links where they can be: the programs are large, and are only read.
        using var copy = Process.Start("cp", ["-alT", SourceTree.At(".build", "app"), App]);
        copy.WaitForExit();
        if (copy.ExitCode != 0)
        {
            using var full = Process.Start("cp", ["-aT", SourceTree.At(".build", "app"), App]);
            full.WaitForExit();
        }
    }

    /// <summary>The programs that an appliance is started from.</summary>
    internal string App => _folder.File("app");

    private string Program => Path.Combine(App, "backup-agent");

    /// <summary>kill -9, for good.</summary>
    internal void Kill(ApplianceProcess appliance)
    {
        File.Move(Program, Program + ".away");
        appliance.KillAgents();
    }

    /// <summary>The appliance starts it again by itself.</summary>
    internal void Revive() => File.Move(Program + ".away", Program);

    public void Dispose() => _folder.Dispose();
}
