using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using Backup.Sandbox;
using Backup.Tests.EndToEnd.Writes;
using Backup.Tests.Support;
using Shouldly;
using Xunit;
using Xunit.Abstractions;
using static Backup.Tests.EndToEnd.Scale.StoreLooks;

namespace Backup.Tests.EndToEnd.Scale;

/// <summary>An appliance with two block stores: its group is brought from one into the other while it is written to, and the appliance is killed meanwhile.</summary>
public sealed class SeveralStoresTests(ITestOutputHelper output)
{
    /// <summary>Half of each document does not compress: enough that a move takes longer than it takes to see it.</summary>
    private const int Documents = 4_000;

    [Fact]
    public async Task AGroupMovesToOtherPacksWhileEverythingGoesOnAndIsKilledInTheMidstOfIt()
    {
        using var other = new TemporaryFolder();
        await MoveAsync($"packs:{other.Path}");
        // The room that it had in the first ones is back: MoveAsync. What is left is what is in use.
        PacksIn(Path.Combine(other.Path, "blocks")).ShouldBeGreaterThan(0);
    }

    [RealMongoFact]
    public async Task AGroupMovesToARealServerWhileEverythingGoesOnAndIsKilledInTheMidstOfIt()
    {
        await using var mongo = await RealMongo.StartAsync();
        await MoveAsync(mongo.ConnectionString.Replace("/?", "/backup_blocks?", StringComparison.Ordinal));
    }

    [Fact]
    public async Task StoresThatAreOneOrHaveAnotherNameAreRefused()
    {
        using var other = new TemporaryFolder();
        await using var source = await TestSource.SandboxAsync();
        await using var appliance = new ApplianceProcess(source.Uri);
        await RefusedAsync(appliance, $"first=packs second=packs:{appliance.Data}", "BK9700");
        await RefusedAsync(appliance, $"first=packs first=packs:{other.Path}", "BK9750");
        // By another address, too.
        var link = Path.Combine(appliance.Data, "link");
        File.CreateSymbolicLink(link, appliance.Data);
        await RefusedAsync(appliance, $"first=packs second=packs:{link}", "BK9700");
        appliance.Variables["BACKUP_DEFAULT_STORE"] = "third";
        await RefusedAsync(appliance, $"first=packs second=packs:{other.Path}", "BK9702");

        appliance.Variables["BACKUP_DEFAULT_STORE"] = "second";
        appliance.Variables["BACKUP_STORES"] = $"first=packs second=packs:{other.Path}";
        appliance.Up();
        await appliance.WaitForStateAsync("tailing");
        await RestoreCheck.SnapshotEqualsSourceAsync(appliance, source);
        var stores = await StoresAsync(appliance);
        stores.GetProperty("store").GetString().ShouldBe("second", "it is the default one");
        stores.GetProperty("isAssigned").GetBoolean().ShouldBeFalse();
        Blocks(stores, "first").ShouldBe(0);
        var unknown = await appliance.RunAsync("store", "move", "--group", "default", "--to", "third");
        unknown.ErrorCode.ShouldBe("BK5070");
        (await appliance.RunAsync("store", "move", "--group", "default", "--to", "first")).Succeeded();
        (await appliance.StopAsync()).ShouldBe(0);

        // Where groups are stands in the catalogue by name: with another one a groom would not know of them.
        _ = appliance.Variables.Remove("BACKUP_DEFAULT_STORE");
        await RefusedAsync(appliance, $"one=packs second=packs:{other.Path}", "BK9701");
        await RefusedAsync(appliance, $"first=packs third=packs:{link}", "BK9701");
        // No group is in this one.
        appliance.Variables["BACKUP_STORES"] = $"first=packs renamed=packs:{other.Path}";
        appliance.ForgetOutput();
        appliance.Up();
        await appliance.WaitForStateAsync("tailing");
        await RestoreCheck.SnapshotEqualsSourceAsync(appliance, source);
        (await StoresAsync(appliance)).GetProperty("store").GetString().ShouldBe("first");
    }

    [Fact]
    public async Task ACatalogueThatIsOlderThanAMoveFindsWhatWasMovedSince()
    {
        using var other = new TemporaryFolder();
        await using var source = await TestSource.SandboxAsync();
        await using var appliance = new ApplianceProcess(source.Uri);
        appliance.Variables["BACKUP_STORES"] = $"first=packs second=packs:{other.Path}";
        appliance.Up();
        await appliance.WaitForStateAsync("tailing");
        await source.InsertAsync("shop", "orders", SourceContent.Many(500, new Random(1), 50, 600));
        (await appliance.RunAsync("store", "move", "--group", "default", "--to", "first")).Succeeded();
        var hashes = await source.HashesAsync();
        var snapshot = await RestoreCheck.SnapshotEqualsSourceAsync(appliance, source);
        var export = Path.Combine(appliance.Data, "before.bkmeta");
        (await appliance.RunAsync("metadata", "export", export)).Succeeded();
        (await appliance.RunAsync("store", "move", "--group", "default", "--to", "second")).Succeeded();
        await EmptyAsync(appliance, "first");
        (await appliance.StopAsync()).ShouldBe(0);

        var imported = await appliance.RunConfiguredAsync("metadata", "import", export, "--replace");
        imported.Succeeded().Json.GetProperty("missingRoots").GetArrayLength().ShouldBe(0);
        var rebuilt = await appliance.RunConfiguredAsync("store", "rebuild-index");
        var indexes = rebuilt.Succeeded().Json.GetProperty("indexes");
        indexes.GetProperty("first").GetProperty("blocks").GetInt64().ShouldBe(0);
        indexes.GetProperty("second").GetProperty("blocks").GetInt64().ShouldBeGreaterThan(0);
        appliance.Up();
        await appliance.WaitForStateAsync("tailing");
        // It says that the group is in the first one alone: a groom of the second must not believe it.
        (await appliance.RunAsync("store", "groom")).Succeeded();
        (await appliance.RunAsync("store", "check")).Succeeded();
        await RestoreCheck.DirectoryEqualsAsync(appliance, snapshot, hashes);
        (await appliance.RunAsync("store", "move", "--group", "default", "--to", "first")).Succeeded();
        await EmptyAsync(appliance, "second");
        await RestoreCheck.DirectoryEqualsAsync(appliance, snapshot, hashes);
    }

    private async Task MoveAsync(string second)
    {
        var random = new Random(Seed());
        await using var source = await TestSource.SandboxAsync(
            new SandboxOptions
            {
                ReplicaSetName = "rs0",
                KeepHistory = true,
                TransactionEntryBytes = 300,
            }
        );
        await source.InsertAsync("shop", "large", SourceContent.Many(Documents, random, 5_000, 20_000));
        await using var appliance = new ApplianceProcess(source.Uri);
        appliance.Variables["BACKUP_STORES"] = $"first=packs second={second}";
        appliance.Up();
        await appliance.WaitForStateAsync("tailing", Patience);
        var snapshots = new List<JsonElement>();
        var writes = LiveWrites.Start(source, random.Next());
        await using (writes)
        {
            for (var n = 0; n < 3; n++)
            {
                await SnapshotAsync();
            }

            Blocks(await StoresAsync(appliance), "second").ShouldBe(0);
            var group = await GroupAsync(appliance);
            _ = await HostSocket.SendAsync(
                appliance.Data,
                HttpMethod.Post,
                $"/groups/{group}/storage/move",
                """{"store":"second"}"""
            );
            // At any moment of it. What each of its steps leaves behind is held in tests/Daemon; a machine may be done with all of them by now.
            await Task.Delay(random.Next(300));
            await appliance.KillAsync();
            appliance.Up();
            await appliance.WaitForStateAsync("tailing", Patience);
            var killed = await StoresAsync(appliance);
            output.WriteLine(
                $"Some time after the kill {Blocks(killed, "second")} of {Blocks(killed, "first")} blocks are in the second store; moved: {killed.GetProperty("movesFrom").GetArrayLength() == 0}."
            );
            killed.GetProperty("store").GetString().ShouldBe("second");
            await SnapshotAsync();
            // Nobody asks for it anew: the job goes on.
            var watch = Stopwatch.StartNew();
            await UntilAsync(appliance, static stores => stores.GetProperty("movesFrom").GetArrayLength() == 0);
            output.WriteLine($"Moved {watch.Elapsed.TotalSeconds:0.0} s after the kill.");
            await SnapshotAsync();
            await EmptyAsync(appliance, "first");
            PacksIn(Path.Combine(appliance.Data, "blocks")).ShouldBe(0);
            await SnapshotAsync();
            Blocks(await StoresAsync(appliance), "first").ShouldBe(0, "what comes goes to the second store");
        }

        (await appliance.RunAsync("store", "check"))
            .Succeeded()
            .Json.GetProperty("isWhole")
            .GetBoolean()
            .ShouldBeTrue();
        await appliance.WaitForStateAsync("tailing", Patience);
        snapshots.Add(await RestoreCheck.SnapshotEqualsSourceAsync(appliance, source));
        foreach (var snapshot in snapshots)
        {
            await ModelCheck.SnapshotAsync(appliance, source.Sandbox, snapshot);
        }

        async Task SnapshotAsync()
        {
            await writes.WaitAsync(random.Next(20, 100));
            snapshots.Add((await appliance.RunAsync("snapshot", "rs0", "--wait")).Succeeded().Json);
        }
    }

    private static int PacksIn(string blocks) => Directory.EnumerateFiles(Path.Combine(blocks, "packs")).Count();

    private int Seed()
    {
        var seed = int.TryParse(
            Environment.GetEnvironmentVariable("BACKUP_TEST_SEED"),
            CultureInfo.InvariantCulture,
            out var value
        )
            ? value
            : Environment.TickCount & 0xffff;
        output.WriteLine($"BACKUP_TEST_SEED={seed}");
        return seed;
    }
}
