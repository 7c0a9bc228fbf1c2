using System.Diagnostics;
using System.Text.Json;
using Backup.Sandbox;
using Backup.Tests.EndToEnd.Writes;
using Backup.Tests.Support;
using Shouldly;
using Xunit;
using Xunit.Abstractions;

namespace Backup.Tests.EndToEnd;

/// <summary>
/// Two agents, each a process, for one replica set under live writes: the one that works is stopped in its tracks and later goes on, the other is
/// killed. Each time the one that stands by takes over, and in the end the backup is the source, document for document.
/// </summary>
public sealed class SeveralAgentsTests(ITestOutputHelper output)
{
    /// <summary>From the last sign of life of the one that works, to the other one working.</summary>
    private static readonly TimeSpan MostSilence = TimeSpan.FromSeconds(30);

    /// <summary>At a real server where there is one, at the sandbox else, or where BACKUP_TEST_SANDBOX is set: each takes most of a minute.</summary>
    [Fact]
    public async Task WhoeverFallsSilentIsReplacedAndWhoComesBackStandsBy()
    {
        if (RealMongo.Binary is not null && Environment.GetEnvironmentVariable("BACKUP_TEST_SANDBOX") is null)
        {
            await using var real = await TestSource.RealAsync();
            await real.InsertAsync("shop", "large", SourceContent.Many(400, new Random(3), 100_000, 300_000));
            await TakeOverAsync(real);
            return;
        }

        await using var sandbox = await TestSource.SandboxAsync(
            new SandboxOptions
            {
                ReplicaSetName = "rs0",
                Synthetic = [SyntheticCollection.Random("shop", "large", 400, [100_000, 300_000])],
            }
        );
        await TakeOverAsync(sandbox);
    }

    private async Task TakeOverAsync(TestSource source)
    {
        await using var appliance = new ApplianceProcess(source.Uri);
        appliance.Up();
        await appliance.WaitForOutputAsync(" initial-sync ");
        await using var second = await ExternalAgent.EnrolAsync(appliance);
        second.Start();
        var first = (await AgentsAsync(appliance, agents => agents.Count == 2)).Single(one => Role(one) == "active");
        Id(first).ShouldNotBe(second.Id);
        (
            await AgentsAsync(appliance, agents => agents.Exists(one => Id(one) == second.Id && Role(one) == "standby"))
        ).Count.ShouldBe(2);

        await using (LiveWrites.Start(source, seed: 7))
        {
            // The appliance's own agent hangs; nobody knows but by its silence.
            var pid = appliance.AgentProcessIds().ShouldHaveSingleItem();
            await ExternalAgent.SignalAsync(pid, "-STOP");
            await WorksAsync(appliance, second.Id, "the first one hangs");
            await Task.Delay(TimeSpan.FromSeconds(2));

            // It goes on with what it had in hand, is refused, and stands by.
            await ExternalAgent.SignalAsync(pid, "-CONT");
            await AgentsAsync(
                appliance,
                agents => agents.Exists(one => Id(one) == Id(first) && Role(one) == "standby")
            );
            (await AgentsAsync(appliance, agents => agents.Exists(one => Role(one) == "active")))
                .Single(one => Role(one) == "active")
                .GetProperty("id")
                .GetString()
                .ShouldBe(second.Id);

            await second.KillAsync();
            await WorksAsync(appliance, Id(first), "the second one was killed");

            // Started again it takes nothing from the one that works.
            second.Start();
            await AgentsAsync(
                appliance,
                agents => agents.Exists(one => Id(one) == second.Id && Role(one) == "standby")
            );
        }

        await appliance.WaitForStateAsync("tailing");
        await RestoreCheck.SnapshotEqualsSourceAsync(appliance, source);
        var ranges = (await appliance.RunAsync("ranges", "rs0")).Succeeded().Json;
        ranges.GetProperty("gaps").GetArrayLength().ShouldBe(0);
        (await second.StopAsync()).ShouldBe(0, second.Log);
    }

    /// <summary>Waits until that agent ships what is written now.</summary>
    private async Task WorksAsync(ApplianceProcess appliance, string agent, string why)
    {
        var watch = Stopwatch.StartNew();
        await AgentsAsync(
            appliance,
            agents =>
                agents.Exists(one =>
                    Id(one) == agent
                    && Role(one) == "active"
                    && one.GetProperty("phase").GetString() is "tailing" or "copying shop.large"
                )
        );
        output.WriteLine($"{why}: the other works after {watch.Elapsed.TotalSeconds:0.0} s");
        watch.Elapsed.ShouldBeLessThan(MostSilence);
    }

    private static async Task<List<JsonElement>> AgentsAsync(
        ApplianceProcess appliance,
        Func<List<JsonElement>, bool> wanted
    )
    {
        for (var watch = Stopwatch.StartNew(); ; await Task.Delay(200))
        {
            var status = await appliance.RunAsync("status");
            if (status.ExitCode == 0)
            {
                var agents = status.Json.GetProperty("deployments")[0].GetProperty("agents").EnumerateArray().ToList();
                if (wanted(agents))
                {
                    return agents;
                }
            }

            watch.Elapsed.ShouldBeLessThan(TimeSpan.FromMinutes(2), $"{status.Output}\n{appliance.Output}");
        }
    }

    private static string Id(JsonElement agent) => agent.GetProperty("id").GetString()!;

    private static string Role(JsonElement agent) => agent.GetProperty("role").GetString()!;
}
