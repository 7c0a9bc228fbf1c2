using System.CommandLine;
using System.Text.Json;
using Backup.Cli.Control;
using Backup.Foundation.Errors;
using Backup.WebUI.Contracts;

namespace Backup.Cli.Commands;

/// <summary>Runs a command's body and turns whatever ends it into output and an exit code.</summary>
internal static class CommandRunner
{
    /// <param name="json">Whether errors are printed as JSON.</param>
    /// <param name="body">The work; its answer is the exit code.</param>
    /// <param name="errorsOnStandardError">Where standard output carries data, JSON errors go to standard error too.</param>
    /// <param name="cancellation">Cancelled by Ctrl-C and SIGTERM.</param>
    internal static async Task<int> RunAsync(
        bool json,
        Func<CancellationToken, Task<int>> body,
        CancellationToken cancellation,
        bool errorsOnStandardError = false
    )
    {
        try
        {
            return await body(cancellation);
        }
        catch (OperationCanceledException) when (cancellation.IsCancellationRequested)
        {
            return ExitCodes.Interrupted;
        }
        catch (BackupException failure)
        {
            Print(ControlServer.Describe(failure), json, errorsOnStandardError);
            return ExitCodes.For(failure.Number);
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException or HttpRequestException)
        {
            Print(ControlServer.Describe(failure), json, errorsOnStandardError);
            return ExitCodes.Failed;
        }
    }

    /// <summary>What the parser did not understand, in the same form as every other error.</summary>
    internal static int Refuse(ParseResult parsed)
    {
        var error = CliErrors.Argument(
            string.Join(" ", parsed.Errors.Select(e => e.Message)),
            $"See: backup {string.Join(' ', Path(parsed).Reverse())} --help"
        );
        Print(ControlServer.Describe(error), parsed.Tokens.Any(t => t.Value == "--json"), onStandardError: false);
        return ExitCodes.Usage;
    }

    private static IEnumerable<string> Path(ParseResult parsed)
    {
        for (SymbolResultPath? at = new(parsed.CommandResult); at is not null; at = at.Parent)
        {
            if (at.Result.Parent is not null)
            {
                yield return at.Result.IdentifierToken.Value;
            }
        }
    }

    private static void Print(ErrorView error, bool json, bool onStandardError)
    {
        if (json)
        {
            var text = JsonSerializer.Serialize(new ErrorEnvelope(error), ControlJson.Options);
            (onStandardError ? Console.Error : Console.Out).WriteLine(text);
        }
        else
        {
            Console.Error.WriteLine($"error {error.Code}: {error.Message}");
            Console.Error.WriteLine($"  {error.Hint}");
        }
    }

    private sealed record SymbolResultPath(System.CommandLine.Parsing.CommandResult Result)
    {
        internal SymbolResultPath? Parent =>
            Result.Parent is System.CommandLine.Parsing.CommandResult parent ? new(parent) : null;
    }
}
