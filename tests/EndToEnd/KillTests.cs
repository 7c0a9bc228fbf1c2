using System.Diagnostics;
using System.Globalization;
using Shouldly;
using Xunit;
using Xunit.Abstractions;

namespace Backup.Tests.EndToEnd;

/// <summary>
/// kill -9 of agent, appliance or both at random moments. In the end the backup is the source, document for document. The seed is
/// printed; BACKUP_TEST_SEED repeats it, BACKUP_TEST_KILLS sets the number of kills.
/// </summary>
public sealed class KillTests(ITestOutputHelper output)
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(3);

    [Fact]
    public async Task KilledInTheInitialSyncAndInTheTailNothingIsLostOrDoubled()
    {
        var seed = Setting("BACKUP_TEST_SEED", Environment.TickCount & 0xffff);
        var kills = Setting("BACKUP_TEST_KILLS", 6);
        output.WriteLine($"BACKUP_TEST_SEED={seed}");
        var random = new Random(seed);
        await using var source = await TestSource.SandboxAsync();
        await source.InsertAsync("shop", "small", SourceContent.Many(20_000, random, 200, 1_000));
        await source.InsertAsync("shop", "large", SourceContent.Many(200, random, 50_000, 200_000));
        await using var appliance = new ApplianceProcess(source.Uri);
        await using (LiveWrites.Start(source, seed))
        {
            appliance.Up();
            await appliance.WaitForOutputAsync("rs0/rs0: ");
            for (var kill = 0; kill < kills / 2; kill++)
            {
                await KillSomethingAsync(appliance, random, most: TimeSpan.FromMilliseconds(1_500));
            }

            await appliance.WaitForStateAsync("tailing", Patience);
            for (var kill = kills / 2; kill < kills; kill++)
            {
                await KillSomethingAsync(appliance, random, most: TimeSpan.FromSeconds(3));
            }
        }

        await appliance.WaitForStateAsync("tailing", Patience);
        await RestoreCheck.SnapshotEqualsSourceAsync(appliance, source);
    }

    [Fact]
    public async Task AKilledAppliancesAgentEndsByItself()
    {
        await using var source = await TestSource.SandboxAsync();
        await using var appliance = new ApplianceProcess(source.Uri);
        appliance.Up();
        await appliance.WaitForStateAsync("tailing");
        appliance.Agents().ShouldBe(1);

        await appliance.KillAsync();

        var watch = Stopwatch.StartNew();
        while (appliance.Agents() > 0)
        {
            watch.Elapsed.ShouldBeLessThan(TimeSpan.FromSeconds(30), "no agent outlives its appliance");
            await Task.Delay(50);
        }

        output.WriteLine($"The agent ended after {watch.Elapsed.TotalSeconds:0.0} s.");
    }

    private async Task KillSomethingAsync(ApplianceProcess appliance, Random random, TimeSpan most)
    {
        await Task.Delay(random.NextDouble() * most);
        var (agent, whole) = random.Next(3) switch
        {
            0 => (true, false),
            1 => (false, true),
            _ => (true, true),
        };
        var state = appliance.Output.TrimEnd().Split('\n')[^1];
        output.WriteLine($"kill -9 {(agent ? "agent " : "")}{(whole ? "appliance " : "")}when it had said: {state}");
        if (agent)
        {
            appliance.KillAgents();
        }

        if (whole)
        {
            await appliance.KillAsync();
            appliance.ForgetOutput();
            appliance.Up();
            await appliance.WaitForOutputAsync("rs0/rs0: ");
        }
    }

    private static int Setting(string name, int otherwise) =>
        int.TryParse(Environment.GetEnvironmentVariable(name), CultureInfo.InvariantCulture, out var value)
            ? value
            : otherwise;
}
