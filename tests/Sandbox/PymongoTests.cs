using System.Diagnostics;
using Backup.Sandbox;
using Backup.Tests.Support;
using Shouldly;

namespace Backup.Tests.Sandbox;

/// <summary>Needs Debian's python3-pymongo: an independent client that was not written by the same hand.</summary>
public sealed class PymongoFactAttribute() : ConditionalFactAttribute(Missing())
{
    private static string? Missing()
    {
        const string reason = "SKIPPED: needs python3-pymongo (apt-get install python3-pymongo)";
        if (!File.Exists("/usr/bin/python3"))
        {
            return reason;
        }

        using var probe = Process.Start(
            new ProcessStartInfo("/usr/bin/python3", ["-c", "import pymongo"])
            {
                UseShellExecute = false,
                RedirectStandardError = true,
            }
        )!;
        probe.WaitForExit();
        return probe.ExitCode == 0 ? null : reason;
    }
}

public sealed class PymongoTests
{
    [PymongoFact]
    public Task ARealClientWorksWithTheSandboxAs42() => RunAsync(new SandboxOptions(), "");

    [PymongoFact]
    public Task ARealClientWorksWithTheSandboxAs50() => RunAsync(new SandboxOptions { Profile = WireProfile.V50 }, "");

    [PymongoFact]
    public Task ARealClientLogsInWithScramSha256() => RunAsync(WithUser(), "dba:secret@");

    [PymongoFact]
    public async Task AWrongPasswordIsRefused()
    {
        await using var set = await SandboxReplicaSet.StartAsync(WithUser());
        var (exit, output) = await PythonAsync(Uri(set, "dba:wrong@"));
        exit.ShouldNotBe(0);
        output.ShouldContain("Authentication failed");
    }

    [PymongoFact]
    public async Task ARealClientWorksWithTheSandboxesCluster()
    {
        await using var cluster = await SandboxCluster.StartAsync(new SandboxClusterOptions { Balancer = false });
        var (exit, output) = await PythonAsync(cluster.ConnectionString, "cluster.py");
        exit.ShouldBe(0, output);
        output.ShouldContain("all good");
    }

    private static SandboxOptions WithUser() => new() { Users = [new SandboxUser("dba", "secret", "root")] };

    private static string Uri(SandboxReplicaSet set, string user) =>
        set.ConnectionString.Replace("mongodb://", $"mongodb://{user}", StringComparison.Ordinal);

    private static async Task RunAsync(SandboxOptions options, string user)
    {
        await using var set = await SandboxReplicaSet.StartAsync(options);
        var (exit, output) = await PythonAsync(Uri(set, user));
        exit.ShouldBe(0, output);
        output.ShouldContain("all good");
    }

    private static async Task<(int Exit, string Output)> PythonAsync(string uri, string name = "client.py")
    {
        var script = Path.Combine(AppContext.BaseDirectory, "pymongo", name);
        using var process = Process.Start(
            new ProcessStartInfo("/usr/bin/python3", [script, uri])
            {
                UseShellExecute = false,
                RedirectStandardOutput = true,
                RedirectStandardError = true,
            }
        )!;
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(60));
        var output = process.StandardOutput.ReadToEndAsync(limit.Token);
        var errors = process.StandardError.ReadToEndAsync(limit.Token);
        await process.WaitForExitAsync(limit.Token);
        return (process.ExitCode, await output + await errors);
    }
}
