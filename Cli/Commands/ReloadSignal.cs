using System.Runtime.InteropServices;

namespace Backup.Cli.Commands;

/// <summary>SIGHUP as services take it: read the configuration anew. At a terminal it goes on to mean that the terminal was closed.</summary>
internal static class ReloadSignal
{
    /// <param name="reload">Called for each signal, on a thread of the pool.</param>
    /// <returns>Ends it; null where the process runs at a terminal.</returns>
    internal static IDisposable? Listen(Action reload) =>
        Console.IsInputRedirected
            ? PosixSignalRegistration.Create(
                PosixSignal.SIGHUP,
                signal =>
                {
                    signal.Cancel = true;
                    reload();
                }
            )
            : null;
}
