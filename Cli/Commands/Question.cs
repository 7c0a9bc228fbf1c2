using Backup.Cli.Appliance;
using Backup.Cli.Output;

namespace Backup.Cli.Commands;

/// <summary>A command that asks the appliance one thing, whether one runs or not, and prints the answer.</summary>
internal static class Question
{
    /// <param name="choice">Which appliance.</param>
    /// <param name="json">The answer is printed as JSON.</param>
    /// <param name="ask">Asks.</param>
    /// <param name="print">Prints the answer for people.</param>
    /// <param name="cancellation">Gives up.</param>
    internal static async Task<int> AskAsync<T>(
        ApplianceChoice choice,
        bool json,
        Func<ApplianceConnection, Task<T>> ask,
        Action<T> print,
        CancellationToken cancellation
    )
    {
        await using var appliance = await ApplianceConnection.OpenAsync(choice, needsRunning: false, cancellation);
        var answer = await ask(appliance);
        if (json)
        {
            Printer.Json(answer);
        }
        else
        {
            print(answer);
        }

        return ExitCodes.Ok;
    }
}
