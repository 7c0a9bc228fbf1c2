using System.Diagnostics;
using Backup.Tests.Support;
using Shouldly;

namespace Backup.Tests.EndToEnd.Scale;

/// <summary>Blocks and slices are on a MongoDB server, and the catalogue on the appliance's disk is lost.</summary>
public sealed class StoreElsewhereTests
{
    [RealMongoFact]
    public async Task WhatIsOnARealServerIsNotGivenUpForAnotherCatalogueAndAnExportFindsIt()
    {
        await using var mongo = await RealMongo.StartAsync();
        await using var source = await TestSource.SandboxAsync();
        await using var appliance = new ApplianceProcess(source.Uri);
        appliance.Variables["BACKUP_STORES"] =
            "main=" + mongo.ConnectionString.Replace("/?", "/backup_blocks?", StringComparison.Ordinal);
        appliance.Up();
        await appliance.WaitForStateAsync("tailing");
        await source.InsertAsync("shop", "orders", SourceContent.Many(500, new Random(1), 50, 600));
        var hashes = await source.HashesAsync();
        var kept = await RestoreCheck.SnapshotEqualsSourceAsync(appliance, source);
        await source.InsertAsync("shop", "later", SourceContent.Many(500, new Random(2), 50, 600));
        var removed = await RestoreCheck.SnapshotEqualsSourceAsync(appliance, source);
        await source.InsertAsync("shop", "last", SourceContent.Many(50, new Random(3), 50, 600));
        _ = await RestoreCheck.SnapshotEqualsSourceAsync(appliance, source);
        var export = Path.Combine(appliance.Data, "all.bkmeta");
        (await appliance.RunAsync("metadata", "export", export)).Succeeded();
        (await appliance.RunAsync("snapshot", "delete", RestoreCheck.Id(removed))).Succeeded();
        await GroomAsync(appliance);
        (await appliance.StopAsync()).ShouldBe(0);
        foreach (var lost in Directory.EnumerateFiles(appliance.Data, "metadata.db*"))
        {
            File.Delete(lost);
        }

        appliance.ForgetOutput();
        appliance.Up();
        await appliance.WaitForOutputAfterExitAsync("BK9740");
        var imported = await appliance.RunConfiguredAsync("metadata", "import", export, "--replace");
        var missing = imported.Succeeded().Json.GetProperty("missingRoots").EnumerateArray();
        missing.Select(static one => one.GetString()).ShouldBe([$"snapshot {RestoreCheck.Id(removed)}"]);
        imported.Json.GetProperty("removedSlices").GetInt32().ShouldBe(0, "all of them are there");

        appliance.Up();
        await appliance.WaitForStateAsync("tailing");
        await RestoreCheck.DirectoryEqualsAsync(appliance, kept, hashes);
        await RestoreCheck.SnapshotEqualsSourceAsync(appliance, source);
    }

    /// <summary>Until nothing is there that nobody needs: what was in work while one began is given up by the next.</summary>
    private static async Task GroomAsync(ApplianceProcess appliance)
    {
        for (var watch = Stopwatch.StartNew(); ; )
        {
            var groomed = (await appliance.RunAsync("store", "groom")).Succeeded().Json;
            if (groomed.GetProperty("deadBlocks").GetInt64() == 0 && groomed.GetProperty("heldBytes").GetInt64() == 0)
            {
                return;
            }

            watch.Elapsed.ShouldBeLessThan(TimeSpan.FromMinutes(3), groomed.ToString());
        }
    }
}
