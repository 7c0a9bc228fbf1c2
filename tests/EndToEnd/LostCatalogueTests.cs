using Shouldly;
using Xunit;

namespace Backup.Tests.EndToEnd;

/// <summary>The appliance's own metadata is lost, and comes back from an export that stands beside the blocks.</summary>
public sealed class LostCatalogueTests
{
    [Fact]
    public async Task WhatIsStoredIsRestoredAfterTheCatalogueCameBackFromAnExport()
    {
        await using var source = await TestSource.SandboxAsync();
        await using var appliance = new ApplianceProcess(source.Uri);
        appliance.Up();
        await appliance.WaitForStateAsync("tailing");
        await source.InsertAsync("shop", "orders", SourceContent.Many(300, new Random(1), 50, 60));
        var hashes = await source.HashesAsync();
        var snapshot = await RestoreCheck.SnapshotEqualsSourceAsync(appliance, source);

        var file = Path.Combine(appliance.Data, "elsewhere.bkmeta");
        var exported = (await appliance.RunAsync("metadata", "export", file)).Succeeded().Json;
        File.GetUnixFileMode(file).ShouldBe(UnixFileMode.UserRead | UnixFileMode.UserWrite);
        exported.GetProperty("bytes").GetInt64().ShouldBe(new FileInfo(file).Length);
        (await appliance.RunAsync("metadata", "export", file)).ErrorCode.ShouldBe("BK9742");
        var listed = (await appliance.RunAsync("metadata", "exports")).Succeeded().Json;
        var newest = Path.Combine(
            listed.GetProperty("folder").GetString()!,
            listed.GetProperty("exports")[0].GetProperty("name").GetString()!
        );
        (await appliance.RunAsync("metadata", "import", file)).ErrorCode.ShouldBe("BK9503", "the appliance runs");
        // What follows is not in the export: it is stored, and nobody knows of it.
        await source.InsertAsync("shop", "late", SourceContent.Many(50, new Random(2), 50, 60));
        await RestoreCheck.SnapshotEqualsSourceAsync(appliance, source);
        (await appliance.StopAsync()).ShouldBe(0);

        (await appliance.RunAsync("metadata", "import", file)).ErrorCode.ShouldBe("BK6335");
        foreach (var lost in Directory.EnumerateFiles(appliance.Data, "metadata.db*"))
        {
            File.Delete(lost);
        }

        // An appliance that began with an empty catalogue would give the room of all its blocks back.
        var refused = await appliance.RunAsync("up", "--http", "0", "--agents", "0");
        refused.ErrorCode.ShouldBe("BK9740");
        var report = (await appliance.RunAsync("metadata", "import", newest)).Succeeded().Json;
        report.GetProperty("missingRoots").GetArrayLength().ShouldBe(0);

        await RestoreCheck.DirectoryEqualsAsync(appliance, snapshot, Only(hashes, "shop"));
        appliance.Up();
        await appliance.WaitForStateAsync("tailing");
        await RestoreCheck.SnapshotEqualsSourceAsync(appliance, source);
        (await appliance.RunAsync("store", "groom")).Succeeded();
        (await appliance.RunAsync("store", "check")).Succeeded();
        await RestoreCheck.DirectoryEqualsAsync(appliance, snapshot, Only(hashes, "shop"));
    }

    [Fact]
    public async Task TheIndexIsMadeAnewOfThePacksAndADamagedPackIsNamed()
    {
        await using var source = await TestSource.SandboxAsync();
        await using var appliance = new ApplianceProcess(source.Uri);
        appliance.Up();
        await appliance.WaitForStateAsync("tailing");
        await source.InsertAsync("shop", "orders", SourceContent.Many(300, new Random(1), 50, 60));
        await RestoreCheck.SnapshotEqualsSourceAsync(appliance, source);
        (await appliance.StopAsync()).ShouldBe(0);
        var whole = (await appliance.RunAsync("store", "rebuild-index")).Succeeded().Json;
        var blocks = whole.GetProperty("index").GetProperty("blocks").GetInt64();
        whole.GetProperty("index").GetProperty("blocksBefore").GetInt64().ShouldBe(blocks);

        var pack = Directory.EnumerateFiles(Path.Combine(appliance.Data, "blocks", "packs")).Order().First();
        await using (var file = File.OpenWrite(pack))
        {
            // Its trailer.
            file.Position = file.Length - 10;
            file.WriteByte(0xA5);
            file.WriteByte(0x5A);
        }

        var result = await appliance.RunAsync("store", "rebuild-index");
        result.ExitCode.ShouldBe(1, "the check names it");
        var found = result.Json.GetProperty("index");
        found.GetProperty("blocks").GetInt64().ShouldBe(blocks, "they are searched for");
        found
            .GetProperty("findings")
            .EnumerateArray()
            .Select(one => one.GetProperty("where").GetString())
            .ShouldBe([Path.GetFileName(pack)]);
    }

    private static Dictionary<string, DatabaseHash> Only(
        IReadOnlyDictionary<string, DatabaseHash> hashes,
        string database
    ) => hashes.Where(one => one.Key == database).ToDictionary();
}
