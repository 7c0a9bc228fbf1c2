using System.CommandLine;
using System.Text.Json;
using Backup.Agent.Check;
using Backup.Agent.Configuration;
using Backup.Foundation.Contracts;

namespace Backup.Agent.Commands;

/// <summary><c>backup-agent check</c>: whether the server and every member of every deployment are as a backup needs them.</summary>
internal static class CheckCommand
{
    /// <summary>Clocks that are further apart confuse whoever compares logs; the backup itself compares none.</summary>
    private const double NotableSkew = 5;

    internal static Command Create()
    {
        var json = AgentOptions.Json();
        var command = new Command("check", "Look at the server and at every member, and say what can be backed up.")
        {
            json,
        };
        command.SetAction(
            (parsed, cancellation) =>
                AgentOptions.GuardAsync(
                    parsed,
                    async _ =>
                    {
                        using var credentials = AgentCredentials.Open(AgentOptions.Folder(parsed));
                        var report = await CheckAsync(credentials, cancellation);
                        if (parsed.GetValue(json))
                        {
                            Console.Out.WriteLine(JsonSerializer.Serialize(report, CheckJson.Default.CheckReport));
                        }
                        else
                        {
                            Print(report);
                        }

                        return report.Ok ? AgentExitCodes.Ok : AgentExitCodes.Failed;
                    }
                )
        );
        return command;
    }

    private static async Task<CheckReport> CheckAsync(AgentCredentials credentials, CancellationToken cancellation)
    {
        var (server, configuration) = await ServerCheck.RunAsync(credentials, TimeProvider.System, cancellation);
        var check = new DeploymentCheck(server.ClockAheadSeconds, TimeProvider.System);
        var deployments = new List<DeploymentCheckReport>();
        foreach (var deployment in configuration?.Deployments ?? [])
        {
            deployments.Add(await check.RunAsync(deployment, cancellation));
        }

        return new CheckReport(server.Ok && deployments.TrueForAll(one => one.Ok), server, deployments);
    }

    private static void Print(CheckReport report)
    {
        var server = report.Server;
        Console.Out.WriteLine(
            server.Ok
                ? $"server {server.Address}: ok, protocol {server.Protocol}, its certificate ends in {server.CertificateDaysLeft} days"
                    + (server.AgentCertificateDaysLeft is { } days ? $", this agent's in {days}" : "")
                    + Skew(server.ClockAheadSeconds, "this host's")
                : $"server {server.Address}: cannot be used"
        );
        Print("  ", server.Error);
        if (server.Ok && report.Deployments.Count == 0)
        {
            Console.Out.WriteLine("nothing is protected: 'backup deployments add' on the server");
        }

        foreach (var deployment in report.Deployments)
        {
            if (deployment.Cluster is { } cluster)
            {
                Print(deployment, cluster);
                continue;
            }

            Console.Out.WriteLine(
                deployment.Ok
                    ? $"{deployment.Name}: ok, {deployment.ReplicaSet} would be read from {deployment.Chosen}: {deployment.Why} (rule {deployment.Rule})"
                    : $"{deployment.Name}: cannot be backed up (rule {deployment.Rule})"
            );
            Print("  ", deployment.Error);
            foreach (var member in deployment.Members)
            {
                Print(member);
            }
        }
    }

    private static void Print(DeploymentCheckReport deployment, ClusterCheckReport cluster)
    {
        var login = cluster.User is { } user ? $"logged in as {user}" : "not logged in";
        Console.Out.WriteLine(
            $"{deployment.Name}: {(deployment.Ok ? "ok" : "cannot be backed up")}, a sharded cluster of MongoDB {cluster.MongoVersion}, {login}, its balancer is {(cluster.BalancerOn ? "on" : "off")}"
        );
        Console.Out.WriteLine($"  routers: {string.Join(", ", cluster.Routers)}");
        foreach (var set in cluster.Sets)
        {
            Console.Out.WriteLine($"  {set}");
        }

        foreach (var missing in cluster.MissingPrivileges)
        {
            Console.Out.WriteLine($"    missing: {missing}");
        }
    }

    private static void Print(MemberCheckReport member)
    {
        var facts = new List<string?>
        {
            member.State,
            member.MongoVersion is { } version ? $"MongoDB {version}, FCV {member.FeatureCompatibilityVersion}" : null,
            member.Reachable ? (member.Tls ? "TLS" : "no TLS") : "not reachable",
            member.User is { } user ? $"logged in as {user}"
            : member.Reachable ? "not logged in"
            : null,
            member.OplogWindowHours is { } hours ? $"oplog of {hours:0.##} h" : null,
            member.LagSeconds is > 0 and var lag ? $"{lag} s behind" : null,
            member.Unfit is { } unfit ? $"not read from: {unfit}" : null,
        };
        Console.Out.WriteLine(
            $"  {member.Host}: {string.Join(", ", facts.OfType<string>())}"
                + Skew(member.ClockAheadSeconds, "this host's")
                + Skew(member.ClockAheadOfServerSeconds, "the server's")
        );
        foreach (var missing in member.MissingPrivileges)
        {
            Console.Out.WriteLine($"    missing: {missing}");
        }

        Print("    ", member.Error);
    }

    private static string Skew(double? ahead, string whose) =>
        ahead is { } seconds && Math.Abs(seconds) > NotableSkew
            ? $", its clock is {Math.Abs(seconds):0.#} s {(seconds > 0 ? "before" : "behind")} {whose}"
            : "";

    private static void Print(string indent, Fault? fault)
    {
        if (fault is not null)
        {
            Console.Out.WriteLine($"{indent}{fault.Code} {fault.Message}");
            Console.Out.WriteLine($"{indent}  {fault.Hint}");
        }
    }
}
