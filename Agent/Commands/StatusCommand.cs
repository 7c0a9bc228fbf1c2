using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using Backup.Agent.Configuration;
using Backup.Agent.Status;
using Backup.Foundation.Contracts;

namespace Backup.Agent.Commands;

/// <summary><c>backup-agent status</c>: what the agent that runs on the folder does.</summary>
internal static class StatusCommand
{
    private const double Megabyte = 1_000_000;

    internal static Command Create()
    {
        var json = AgentOptions.Json();
        var command = new Command("status", "Show what the running agent does.") { json };
        command.SetAction(
            (parsed, cancellation) =>
                AgentOptions.GuardAsync(
                    parsed,
                    async _ =>
                    {
                        var folder = AgentOptions.Folder(parsed);
                        var identity = AgentIdentity.Load(folder);
                        var status =
                            await StatusSocket.AskAsync(folder, cancellation)
                            ?? new AgentStatus(Running: false, identity.AgentId, identity.Server);
                        Print(status, parsed.GetValue(json));
                        return status.Running ? AgentExitCodes.Ok : AgentExitCodes.NotRunning;
                    }
                )
        );
        return command;
    }

    private static void Print(AgentStatus status, bool json)
    {
        var output = Console.Out;
        if (json)
        {
            output.WriteLine(JsonSerializer.Serialize(status, StatusJson.Default.AgentStatus));
            return;
        }

        output.WriteLine($"agent {status.AgentId} of {status.Server}");
        if (!status.Running)
        {
            output.WriteLine("  it does not run: start it with 'backup-agent run'");
            return;
        }

        output.WriteLine($"  version {status.Version}, process {status.ProcessId}, since {status.StartedAt:u}");
        output.WriteLine(
            status.ServerAnsweredAt is { } at
                ? $"  the server answered last at {at:u}"
                : "  the server has not answered yet"
        );
        Print("  ", "the server", status.ServerError);
        foreach (var deployment in status.Deployments)
        {
            foreach (var line in Lines(deployment))
            {
                output.WriteLine($"  {line}");
            }

            Print("    ", "now", deployment.Error);
            if (deployment.Error is null && deployment.LastError is { } last)
            {
                Print("    ", $"at {last.At:u}, over since", last.Fault);
            }
        }
    }

    private static IEnumerable<string> Lines(DeploymentStatus one)
    {
        yield return $"{one.Name}: {one.State}"
            + (one.Fence is { } fence ? $"; lease {fence}, renewed {one.LeaseRenewedSecondsAgo:0.0} s ago" : "")
            + (one.Holder is { } holder ? $"; {holder} works on it" : "");
        if (one.Member is not null)
        {
            yield return $"  member {one.Member}: {one.Why} (rule {one.Rule})";
        }

        if (one.Position is { } position)
        {
            yield return $"  acknowledged up to optime {position.T},{position.I}"
                + (one.LagSeconds is { } lag ? $", {lag:0} s behind the source" : "");
        }

        if (one.LastSlice is { } slice)
        {
            yield return $"  last slice: {slice.Kind} {slice.Sequence}, {Megabytes(slice.Bytes)}, acknowledged at {slice.At:u}";
        }

        if (one.Copy is { } copy)
        {
            yield return $"  copy: {Megabytes(copy.Bytes)} of about {Megabytes(copy.ExpectedBytes)}"
                + (copy.EtaSeconds is { } eta ? $", about {TimeSpan.FromSeconds(eta):c} to go" : "");
        }

        if (one.Load is { } load)
        {
            yield return $"  load on the source: {Megabytes(load.BytesPerSecond)} and {load.CommandsPerSecond} commands a second, "
                + $"{load.Cursors} cursors open, held back {load.Throttled:P0} of the time (over {load.Seconds} s)";
        }
    }

    private static void Print(string indent, string when, Fault? fault)
    {
        if (fault is not null)
        {
            Console.Out.WriteLine($"{indent}{when}: {fault.Code} {fault.Message}");
            Console.Out.WriteLine($"{indent}  {fault.Hint}");
        }
    }

    private static string Megabytes(long bytes) =>
        string.Create(CultureInfo.InvariantCulture, $"{bytes / Megabyte:0.##} MB");
}
