using System.CommandLine;

namespace Backup.Agent.Commands;

/// <summary>The verbs of <c>backup-agent</c>; their exit codes are <see cref="AgentExitCodes"/>.</summary>
internal static class AgentCommands
{
    public static string Version => typeof(AgentCommands).Assembly.GetName().Version?.ToString(3) ?? "0.0.0";

    public static async Task<int> InvokeAsync(string[] arguments)
    {
        var parsed = Root().Parse(arguments);
        if (parsed.Errors.Count > 0)
        {
            _ = await parsed.InvokeAsync();
            return AgentExitCodes.Usage;
        }

        return await parsed.InvokeAsync(
            new InvocationConfiguration { ProcessTerminationTimeout = TimeSpan.FromSeconds(15) }
        );
    }

    internal static RootCommand Root()
    {
        var root = new RootCommand("Backs MongoDB replica sets up to a backup server.")
        {
            EnrollCommand.Create(),
            RunCommand.Create(),
            StatusCommand.Create(),
            CheckCommand.Create(),
            UpdateCommand.Create(),
            ManCommand.Create(),
        };
        root.Add(AgentOptions.Data);
        root.Add(AgentOptions.JsonLog);
        return root;
    }
}
