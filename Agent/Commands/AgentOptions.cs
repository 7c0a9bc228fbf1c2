using System.CommandLine;
using Backup.Agent.Work;
using Backup.Foundation.Errors;

namespace Backup.Agent.Commands;

/// <summary>What the verbs of <c>backup-agent</c> have in common.</summary>
internal static class AgentOptions
{
    private const string DataVariable = "BACKUP_AGENT_DATA";
    private const string DefaultData = "/var/lib/backup-agent";

    public static readonly Option<string> Data = new("--data")
    {
        Description = $"Folder of this agent's identity (also {DataVariable}).",
        DefaultValueFactory = _ => Environment.GetEnvironmentVariable(DataVariable) ?? DefaultData,
        Recursive = true,
    };

    public static readonly Option<bool> JsonLog = new("--json-log")
    {
        Description = "Log lines on standard error as JSON.",
        Recursive = true,
    };

    public static Option<bool> Json() => new("--json") { Description = "Print JSON for scripts." };

    /// <summary>The folder, absolute.</summary>
    public static string Folder(ParseResult parsed) => Path.GetFullPath(parsed.GetValue(Data)!);

    /// <summary>Runs a verb; numbered errors go to standard error.</summary>
    /// <returns>Its exit code.</returns>
    public static async Task<int> GuardAsync(ParseResult parsed, Func<AgentLog, Task<int>> action)
    {
        var log = new AgentLog(Console.Error, parsed.GetValue(JsonLog), TimeProvider.System);
        try
        {
            return await action(log);
        }
        catch (OperationCanceledException)
        {
            return AgentExitCodes.Ok;
        }
        catch (BackupException failure)
        {
            log.Error(failure);
            return AgentExitCodes.Failed;
        }
    }

    public static System.Uri? ParseAddress(System.CommandLine.Parsing.ArgumentResult argument)
    {
        if (System.Uri.TryCreate(argument.Tokens[0].Value, UriKind.Absolute, out var address))
        {
            return address;
        }

        argument.AddError($"'{argument.Tokens[0].Value}' is no address: https://HOST:PORT is.");
        return null;
    }

    /// <exception cref="BackupException">7015.</exception>
    public static System.Uri RequireHttps(System.Uri server) =>
        server.IsAbsoluteUri && server.Scheme == System.Uri.UriSchemeHttps
            ? server
            : throw AgentErrors.Unsupported(
                $"'{server}' is no https address.",
                "Give it as https://host:port, for example https://backup.example.com:8081."
            );
}
