using Backup.WebUI.Contracts;

namespace Backup.Cli.Commands;

/// <summary>What a restore does not hold, a line each.</summary>
internal static class LeftOutLines
{
    internal static void Print(
        TextWriter to,
        IReadOnlyList<ExcludedView>? excluded,
        IReadOnlyList<OptimeView>? undecided
    )
    {
        foreach (var one in excluded ?? [])
        {
            to.WriteLine($"  without the documents of {one.Namespace}: {one.Reason}");
        }

        foreach (var open in undecided ?? [])
        {
            to.WriteLine(
                $"  without the transaction prepared at optime {open.T},{open.I}: whether it was committed by then is not known; restore again when it is, or any later moment with --optime"
            );
        }
    }
}
