using System.Diagnostics;
using System.Security.Cryptography;
using Backup.Tests.Support;
using Shouldly;
using Xunit;

namespace Backup.Tests.EndToEnd;

/// <summary>An appliance keeps its agent up to date: what it offers is taken, what does not come up is taken back, and the backup goes on.</summary>
public sealed class AgentUpdateTests
{
    private static readonly TimeSpan Soon = TimeSpan.FromSeconds(60);

    [Fact]
    public async Task AnOfferedBuildIsTakenByItselfAndOneThatDoesNotComeUpIsTakenBack()
    {
        using var folder = new TemporaryFolder();
        var app = folder.File("app");
        await LinkAsync(SourceTree.At(".build", "app"), app);
        await using var appliance = new ApplianceProcess(null) { App = app };
        appliance.Variables["BACKUP_AGENT_UPDATES"] = "automatic";
        appliance.Up();
        await TailingAsync(appliance);
        var program = Path.Combine(app, "backup-agent");
        var before = Hash(program);
        var first = appliance.AgentIds().ShouldHaveSingleItem();

        // Its log, on request: what it did, and no key.
        var agents = (await appliance.RunAsync("agents", "list")).Succeeded().Json;
        var id = agents[0].GetProperty("id").GetString()!;
        var log = (await appliance.RunAsync("agents", "logs", id, "--since", "1h")).Succeeded();
        log.Output.ShouldContain("lease granted");
        log.Output.ShouldNotContain(Secret(appliance, "apiKey"));
        (await appliance.RunAsync("agents", "logs", "nobody")).ExitCode.ShouldBe(10);

        // The same program with a byte more is another one, and runs as well.
        var next = folder.File("next");
        await File.WriteAllBytesAsync(next, [.. await File.ReadAllBytesAsync(program), 0]);
        var offered = (await appliance.RunAsync("agents", "offer", next, "--version", "99.0.0")).Succeeded().Json;
        offered[0].GetProperty("sha256").GetString().ShouldBe(Hash(next));
        await UntilAsync(
            appliance,
            () => Hash(program) == Hash(next) && !File.Exists(StateOf(appliance)) && AgentOtherThan(appliance, first)
        );
        Hash(program + ".previous").ShouldBe(before);
        await TailingAsync(appliance);

        // This one does not even start.
        var second = appliance.AgentIds().ShouldHaveSingleItem();
        var broken = folder.File("broken");
        await File.WriteAllBytesAsync(broken, (await File.ReadAllBytesAsync(program))[..64]);
        (await appliance.RunAsync("agents", "offer", broken, "--version", "99.1.0")).Succeeded();
        await UntilAsync(
            appliance,
            () =>
                File.Exists(StateOf(appliance))
                && Hash(program) == Hash(next)
                && AgentOtherThan(appliance, second)
                && File.ReadAllText(StateOf(appliance)).Contains("\"isRefused\":true", StringComparison.Ordinal)
        );
        await TailingAsync(appliance);
        (await appliance.RunAsync("agents", "offer", "--withdraw", "linux-x64")).Succeeded();
        var snapshot = (await appliance.RunAsync("snapshot", "sandbox", "--wait")).Succeeded().Json;
        (await appliance.RunAsync("verify", snapshot.GetProperty("id").GetString()!)).Succeeded();
    }

    private static string StateOf(ApplianceProcess appliance) => Path.Combine(appliance.Data, "agent", "update.json");

    private static bool AgentOtherThan(ApplianceProcess appliance, int process) =>
        appliance.AgentIds() is [var id] && id != process;

    private static string Secret(ApplianceProcess appliance, string name)
    {
        using var identity = System.Text.Json.JsonDocument.Parse(
            File.ReadAllText(Path.Combine(appliance.Data, "agent", "agent.json"))
        );
        return identity.RootElement.GetProperty(name).GetString()!;
    }

    private static Task TailingAsync(ApplianceProcess appliance) =>
        UntilAsync(
            appliance,
            async () =>
                await appliance.RunAsync("status") is { ExitCode: 0 } status
                && status.Json.GetProperty("deployments").EnumerateArray().ToList() is [var one]
                && one.GetProperty("replicaSets").EnumerateArray().ToList() is [var set]
                && set.GetProperty("state").GetString() == "tailing"
                && one.GetProperty("agents")
                    .EnumerateArray()
                    .Any(agent =>
                        agent.GetProperty("role").GetString() == "active"
                        && agent.GetProperty("phase").GetString() == "tailing"
                    )
        );

    private static Task UntilAsync(ApplianceProcess appliance, Func<bool> wanted) =>
        UntilAsync(appliance, () => Task.FromResult(wanted()));

    private static async Task UntilAsync(ApplianceProcess appliance, Func<Task<bool>> wanted)
    {
        for (var watch = Stopwatch.StartNew(); !await wanted(); await Task.Delay(200))
        {
            if (watch.Elapsed > Soon)
            {
                throw new TimeoutException($"{appliance.Output}\n{Log(appliance)}");
            }
        }
    }

    private static string Log(ApplianceProcess appliance) =>
        string.Join(
            '\n',
            Directory.EnumerateFiles(Path.Combine(appliance.Data, "log")).SelectMany(File.ReadAllLines).TakeLast(60)
        );

    private static string Hash(string path)
    {
        using var file = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
        return Convert.ToHexStringLower(SHA256.HashData(file));
    }

    /// <summary>Links instead of copies: an update puts another file into a place, it never writes into one.</summary>
    private static async Task LinkAsync(string from, string to)
    {
        using var copy = Process.Start("cp", ["-al", from, to]);
        await copy.WaitForExitAsync();
        copy.ExitCode.ShouldBe(0);
    }
}
