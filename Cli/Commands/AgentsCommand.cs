using System.CommandLine;
using Backup.Cli.Appliance;
using Backup.Cli.Output;
using Backup.Foundation.Contracts;
using Backup.WebUI.Contracts;

namespace Backup.Cli.Commands;

/// <summary><c>backup agents</c>: who may connect and what each works on; tokens for new ones; the end of one that is not trusted any more.</summary>
internal static class AgentsCommand
{
    private const int DefaultLines = 200;

    internal static Command Create() =>
        new("agents", "Agents: list, enrol by a token, revoke, ask for their logs, offer updates")
        {
            SharedOptions.Command("list", "List the agents, and what each works on or stands by for", ListAsync),
            Token(),
            Revoke(),
            Logs(),
            AgentUpdatesCommand.Create(),
        };

    private static Command Token()
    {
        var minutes = new Option<double>("--minutes")
        {
            Description = "How long it can be used, at most a week (10080)",
            DefaultValueFactory = _ => 60,
            HelpName = "N",
        };
        var (choice, json) = (new ChoiceOptions(), SharedOptions.Json());
        var command = new Command("token", "Make a token that enrols one agent, once") { minutes, json };
        choice.AddTo(command);
        command.SetAction(
            (parsed, cancellation) =>
                CommandRunner.RunAsync(
                    parsed.GetValue(json),
                    token => TokenAsync(choice.Of(parsed), parsed.GetValue(minutes), parsed.GetValue(json), token),
                    cancellation
                )
        );
        return command;
    }

    private static Command Revoke() =>
        SharedOptions.Command(
            "revoke",
            "End an agent's right to connect; what it sent stays, and another agent may take over at once",
            new Argument<string>("AGENT") { Description = "The agent: its id, or the name of its host" },
            RevokeAsync
        );

    private static Command Logs()
    {
        var lines = new Option<int>("--lines")
        {
            Description = "The newest so many, 1 to 2000",
            DefaultValueFactory = _ => DefaultLines,
            HelpName = "N",
        };
        var since = new Option<string?>("--since")
        {
            Description = "All that is kept of so long, for example 10m",
            HelpName = "LENGTH",
        };
        return SharedOptions.Command(
            "logs",
            "Ask a running agent for the last lines of its log",
            new Argument<string>("AGENT") { Description = "The agent: its id, or the name of its host" },
            [lines, since],
            (parsed, choice, agent, json, cancellation) =>
            {
                var length = parsed.GetValue(since) is { } text
                    ? (long?)DurationText.Parse("--since", text).TotalSeconds
                    : null;
                // What is asked for by its age is not bounded by a number that nobody gave.
                var most =
                    length is not null && parsed.GetResult(lines) is null or { Implicit: true }
                        ? LogLimits.MostLines
                        : parsed.GetValue(lines);
                return LogsAsync(choice, agent, most, length, json, cancellation);
            }
        );
    }

    private static async Task<int> LogsAsync(
        ApplianceChoice choice,
        string agent,
        int lines,
        long? sinceSeconds,
        bool json,
        CancellationToken cancellation
    )
    {
        await using var appliance = await ApplianceConnection.OpenAsync(choice, needsRunning: true, cancellation);
        var log = await appliance.Api.AgentLogsAsync(agent, lines, sinceSeconds, cancellation);
        if (json)
        {
            Printer.Json(log);
            return ExitCodes.Ok;
        }

        foreach (var line in log.Lines)
        {
            Console.Out.WriteLine(line);
        }

        if (log.IsCut)
        {
            await Console.Error.WriteLineAsync("Older lines are left out: no more is kept, or told at once.");
        }

        return ExitCodes.Ok;
    }

    private static async Task<int> ListAsync(ApplianceChoice choice, bool json, CancellationToken cancellation)
    {
        await using var appliance = await ApplianceConnection.OpenAsync(choice, needsRunning: false, cancellation);
        var agents = await appliance.Api.AgentsAsync(cancellation);
        if (json)
        {
            Printer.Json(agents);
            return ExitCodes.Ok;
        }

        if (agents.Count == 0)
        {
            Console.Out.WriteLine("No agent is enrolled yet. Make a token for one: backup agents token");
        }

        agents.ForEach(Print);
        return ExitCodes.Ok;
    }

    private static void Print(AgentView agent)
    {
        var seen = agent.LastSeenAt is { } at ? $"last heard {at:u}" : "never heard";
        Console.Out.WriteLine(
            $"{agent.Id}  {agent.HostName}  version {agent.Version}, {(agent.Revoked ? "revoked" : seen)}"
        );
        foreach (var work in agent.Deployments)
        {
            Console.Out.WriteLine($"  {work.Deployment}: {work.Role}, {work.Phase}");
        }
    }

    /// <summary>The token alone goes to standard output, so that it can be sent to a file; what to do with it to standard error.</summary>
    private static async Task<int> TokenAsync(
        ApplianceChoice choice,
        double minutes,
        bool json,
        CancellationToken cancellation
    )
    {
        await using var appliance = await ApplianceConnection.OpenAsync(choice, needsRunning: true, cancellation);
        var made = await appliance.Api.MakeTokenAsync(minutes, cancellation);
        if (json)
        {
            Printer.Json(made);
            return ExitCodes.Ok;
        }

        Console.Out.WriteLine(made.Token);
        await Console.Error.WriteLineAsync(
            $"""
            It enrols one agent, until {made.ExpiresAt:u}. On the agent's host, with the token in a file that you remove afterwards:
              backup-agent enroll --server {made.Server} --token-file FILE
            A host that has no agent yet, with the token in the variable BACKUP_AGENT_TOKEN:
              {made.Install}
            """
        );
        return ExitCodes.Ok;
    }

    private static async Task<int> RevokeAsync(
        ApplianceChoice choice,
        string agent,
        bool json,
        CancellationToken cancellation
    )
    {
        await using var appliance = await ApplianceConnection.OpenAsync(choice, needsRunning: false, cancellation);
        var revoked = await appliance.Api.RevokeAgentAsync(agent, cancellation);
        if (json)
        {
            Printer.Json(revoked);
        }
        else
        {
            Console.Out.WriteLine($"The agent {revoked.Id} of {revoked.HostName} can no longer connect.");
        }

        return ExitCodes.Ok;
    }
}
