using System.Diagnostics;
using System.Globalization;
using System.Text.RegularExpressions;
using Backup.Sandbox;
using Backup.Tests.EndToEnd.Writes;
using Backup.Tests.Support;
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

    /// <summary>Documents of 200 KB on average, half of which does not compress: enough for several seconds of copying.</summary>
    private const long LargeDocuments = 1_200;

    /// <summary>Percent of the copy within which kills are spread; later it may be over before the signal comes.</summary>
    private const int MostCopied = 80;

    [Fact]
    public async Task KilledInTheInitialSyncAndInTheTailNothingIsLostOrDoubled()
    {
        await using var source = await TestSource.SandboxAsync(
            new SandboxOptions
            {
                ReplicaSetName = "rs0",
                Synthetic = [SyntheticCollection.Random("shop", "large", LargeDocuments, [100_000, 300_000, 200_000])],
            }
        );
        await KillAsync(source, new Random(Seed()));
    }

    [RealMongoFact]
    public async Task KilledWhileARealServerIsCopiedAndTailedNothingIsLostOrDoubled()
    {
        await using var source = await TestSource.RealAsync();
        var random = new Random(Seed());
        for (var part = 0; part < 4; part++)
        {
            await source.InsertAsync("shop", $"large{part}", SourceContent.Many(300, random, 100_000, 300_000));
        }

        await KillAsync(source, random);
    }

    private async Task KillAsync(TestSource source, Random random)
    {
        var kills = Setting("BACKUP_TEST_KILLS", 6);
        await source.InsertAsync("shop", "small", SourceContent.Many(20_000, random, 200, 1_000));
        await using var appliance = new ApplianceProcess(source.Uri);
        appliance.Variables["BACKUP_AGENT_SPLIT_MB"] = $"{random.Next(8, 64)}";
        var inSync = 0;
        await using (LiveWrites.Start(source, random.Next()))
        {
            appliance.Up();
            for (var kill = 0; kill < kills / 2; kill++)
            {
                // One after the other through the copy: each begins again where the one before was killed.
                var least = MostCopied * kill / (kills / 2);
                await CopiedAsync(appliance, random.Next(least, MostCopied * (kill + 1) / (kills / 2)));
                inSync += Copied(appliance) is { } percent && percent < 100 ? 1 : 0;
                await KillSomethingAsync(appliance, random);
            }

            output.WriteLine($"{inSync} kills in the initial sync.");
            inSync.ShouldBeGreaterThan(0, "else the test does not test what it says");
            await appliance.WaitForStateAsync("tailing", Patience);
            for (var kill = kills / 2; kill < kills; kill++)
            {
                await Task.Delay(random.NextDouble() * TimeSpan.FromSeconds(3));
                await KillSomethingAsync(appliance, random);
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

    private async Task KillSomethingAsync(ApplianceProcess appliance, Random random)
    {
        var (agent, whole) = random.Next(3) switch
        {
            0 => (true, false),
            1 => (false, true),
            _ => (true, true),
        };
        output.WriteLine(
            $"kill -9 {(agent ? "agent " : "")}{(whole ? "appliance " : "")}when it had said: {LastLine(appliance)}"
        );
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

    private static string LastLine(ApplianceProcess appliance) => appliance.Output.TrimEnd().Split('\n')[^1];

    /// <summary>How many percent are copied by what was told last, twice a second; null where it copies no more or not yet.</summary>
    private static int? Copied(ApplianceProcess appliance)
    {
        var percent = Regex.Match(LastLine(appliance), @" initial-sync (\d+) %", RegexOptions.NonBacktracking);
        return percent.Success ? int.Parse(percent.Groups[1].Value, CultureInfo.InvariantCulture) : null;
    }

    /// <summary>Waits until so much is copied, or until it is over.</summary>
    private static async Task CopiedAsync(ApplianceProcess appliance, int percent)
    {
        await appliance.WaitForOutputAsync(" initial-sync ", Patience);
        for (var watch = Stopwatch.StartNew(); Copied(appliance) < percent; await Task.Delay(20))
        {
            watch.Elapsed.ShouldBeLessThan(Patience, appliance.Output);
        }
    }

    /// <summary>Of this run; told, so that it can be repeated.</summary>
    private int Seed()
    {
        var seed = Setting("BACKUP_TEST_SEED", Environment.TickCount & 0xffff);
        output.WriteLine($"BACKUP_TEST_SEED={seed}");
        return seed;
    }

    private static int Setting(string name, int otherwise) =>
        int.TryParse(Environment.GetEnvironmentVariable(name), CultureInfo.InvariantCulture, out var value)
            ? value
            : otherwise;
}
