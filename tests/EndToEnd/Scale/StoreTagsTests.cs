using System.Text.Json;
using Backup.Tests.Support;
using Shouldly;
using Xunit;
using static Backup.Tests.EndToEnd.Scale.StoreLooks;

namespace Backup.Tests.EndToEnd.Scale;

/// <summary>A group is assigned to a block store by what it asks for: its tags are what its store must have.</summary>
public sealed class StoreTagsTests
{
    private const string Stores = "BACKUP_STORES";
    private const string Tags = "BACKUP_STORE_TAGS";

    [Fact]
    public async Task AGroupGoesToTheStoreThatHasItsTagsAndNowhereElse()
    {
        using var other = new TemporaryFolder();
        await using var source = await TestSource.SandboxAsync();
        await using var appliance = new ApplianceProcess(source.Uri);
        appliance.Variables[Stores] = $"first=packs second=packs:{other.Path}";
        appliance.Variables[Tags] = "first=hdd second=ssd,eu";
        appliance.Up();
        await appliance.WaitForStateAsync("tailing");
        await source.InsertAsync("shop", "orders", SourceContent.Many(500, new Random(1), 50, 600));
        var hashes = await source.HashesAsync();
        var snapshot = await RestoreCheck.SnapshotEqualsSourceAsync(appliance, source);

        // What cannot be had changes nothing.
        var none = await TagAsync(appliance, "ssd,hdd");
        none.ErrorCode.ShouldBe("BK6322");
        none.Json.GetProperty("error")
            .GetProperty("message")
            .GetString()!
            .ShouldContain("'first' has hdd; 'second' has eu, ssd");
        (await TagAsync(appliance, "SSD")).ErrorCode.ShouldBe("BK6323");
        var stores = await StoresAsync(appliance);
        (stores.GetProperty("tags").GetArrayLength(), stores.GetProperty("store").GetString()).ShouldBe((0, "first"));

        // Its store has it: nothing moves, nothing is assigned.
        var stayed = (await TagAsync(appliance, "hdd")).Succeeded().Json;
        stayed.GetProperty("store").GetString().ShouldBe("first");
        stayed.GetProperty("isAssigned").GetBoolean().ShouldBeFalse();
        stayed.TryGetProperty("move", out _).ShouldBeFalse();

        var moved = (await TagAsync(appliance, "ssd, eu")).Succeeded().Json;
        moved.GetProperty("store").GetString().ShouldBe("second");
        moved.GetProperty("movesFrom").GetArrayLength().ShouldBe(0, "the command waits for the move");
        await EmptyAsync(appliance, "first");
        await RestoreCheck.DirectoryEqualsAsync(appliance, snapshot, hashes);

        (await MoveAsync(appliance, "--group", "default")).ErrorCode.ShouldBe("BK6321");
        (await MoveAsync(appliance, "--tag", "ssd")).ErrorCode.ShouldBe("BK6321");
        (await MoveAsync(appliance, "--tag", "us")).ErrorCode.ShouldBe("BK9501");
        (await MoveAsync(appliance, "--tag", "ssd", "--group", "default")).ErrorCode.ShouldBe("BK9501");
        var plan = (await MoveAsync(appliance, "--tag", "ssd", "--dry-run")).Succeeded().Json;
        var planned = plan.EnumerateArray().ShouldHaveSingleItem();
        planned.GetProperty("group").GetString().ShouldBe("default");
        Words(planned, "lacks").ShouldBe(["eu", "ssd"]);
        (await StoresAsync(appliance)).GetProperty("store").GetString().ShouldBe("second");
        (await StatusAsync(appliance)).GetArrayLength().ShouldBe(0);
        (await appliance.StopAsync()).ShouldBe(0);

        // The configuration says another thing now: nothing moves by itself, and it is told.
        appliance.Variables[Tags] = "first=ssd,eu";
        appliance.Up();
        await appliance.WaitForStateAsync("tailing");
        stores = await StoresAsync(appliance);
        stores.GetProperty("store").GetString().ShouldBe("second");
        Words(stores, "lacks").ShouldBe(["eu", "ssd"]);
        var misplaced = (await StatusAsync(appliance)).EnumerateArray().ShouldHaveSingleItem();
        (misplaced.GetProperty("name").GetString(), misplaced.GetProperty("store").GetString()).ShouldBe(
            ("default", "second")
        );
        var all = (await MoveAsync(appliance, "--tag", "eu")).Succeeded().Json.EnumerateArray().ShouldHaveSingleItem();
        all.GetProperty("blocks").GetInt64().ShouldBeGreaterThan(0);
        stores = await StoresAsync(appliance);
        stores.GetProperty("store").GetString().ShouldBe("first");
        stores.GetProperty("lacks").GetArrayLength().ShouldBe(0);
        (await StatusAsync(appliance)).GetArrayLength().ShouldBe(0);
        (await MoveAsync(appliance, "--tag", "eu")).Succeeded().Json.GetArrayLength().ShouldBe(0, "it is there");
        await EmptyAsync(appliance, "second");
        await RestoreCheck.DirectoryEqualsAsync(appliance, snapshot, hashes);
        await RestoreCheck.SnapshotEqualsSourceAsync(appliance, source);
    }

    /// <summary>Tags and assignment are one: the group has both, or neither.</summary>
    [Fact]
    public async Task KilledWhileItIsTaggedAGroupHasItsTagsAndItsStoreOrNeither()
    {
        using var other = new TemporaryFolder();
        await using var source = await TestSource.SandboxAsync();
        await using var appliance = new ApplianceProcess(source.Uri);
        appliance.Variables[Stores] = $"first=packs second=packs:{other.Path}";
        appliance.Variables[Tags] = "first=hdd second=ssd";
        appliance.Up();
        await appliance.WaitForStateAsync("tailing");
        await source.InsertAsync("shop", "orders", SourceContent.Many(300, new Random(1), 50, 600));
        var hashes = await source.HashesAsync();
        var snapshot = await RestoreCheck.SnapshotEqualsSourceAsync(appliance, source);
        var group = await GroupAsync(appliance);
        var random = new Random(1);
        string[] tags = ["ssd", "hdd", "ssd", "hdd"];
        foreach (var tag in tags)
        {
            var before = await StoresAsync(appliance);
            var tagging = HostSocket.SendAsync(
                appliance.Data,
                HttpMethod.Put,
                $"/groups/{group}/storage/tags",
                $$"""{"tags":["{{tag}}"]}"""
            );
            await Task.Delay(random.Next(40));
            await appliance.KillAsync();
            await Task.WhenAny(tagging);
            appliance.Up();
            await appliance.WaitForStateAsync("tailing");
            var after = await StoresAsync(appliance);
            var isTagged = Words(after, "tags").Contains(tag);
            after
                .GetProperty("store")
                .GetString()
                .ShouldBe(isTagged ? StoreOf(tag) : before.GetProperty("store").GetString());

            // The same again ends it, whatever there was before.
            (await TagAsync(appliance, tag)).Succeeded();
            await UntilAsync(appliance, static stores => stores.GetProperty("movesFrom").GetArrayLength() == 0);
            (await StoresAsync(appliance)).GetProperty("store").GetString().ShouldBe(StoreOf(tag));
        }

        await EmptyAsync(appliance, "second");
        await RestoreCheck.DirectoryEqualsAsync(appliance, snapshot, hashes);

        static string StoreOf(string tag) => tag == "ssd" ? "second" : "first";
    }

    [Fact]
    public async Task TagsThatAreWrongInTheConfigurationAreToldBeforeAnythingIsOpened()
    {
        await using var appliance = new ApplianceProcess("mongodb://127.0.0.1:1/?replicaSet=rs0");
        await WrongAsync("third=ssd", "BK9703");
        await WrongAsync("first=SSD", "BK9704");
        await WrongAsync("first=ssd,", "BK9704");
        await WrongAsync("first=ssd,ssd", "BK9704");
        await WrongAsync("first=ssd first=eu", "BK9704");
        await WrongAsync("first", "BK9704");
        using var files = new TemporaryFolder();
        var file = files.File("appliance.yaml");
        await File.WriteAllTextAsync(file, "stores:\n  first: packs\nstore_tags:\n  first: ssd, Eu\n  third: us\n");
        var wrong = await ApplianceProcess.CommandAsync("config", "check", "--json", "--config", file);
        wrong.ExitCode.ShouldBe(1);
        wrong
            .Json.GetProperty("mistakes")
            .EnumerateArray()
            .ShouldHaveSingleItem()
            .GetProperty("code")
            .GetString()
            .ShouldBe("BK9704");
        await File.WriteAllTextAsync(file, "stores:\n  first: packs\nstore_tags:\n  first: ssd, eu\n");
        (await ApplianceProcess.CommandAsync("config", "check", "--config", file)).Succeeded();

        async Task WrongAsync(string tags, string code)
        {
            appliance.Variables[Tags] = tags;
            await RefusedAsync(appliance, "first=packs", code);
        }
    }

    private static Task<CommandResult> TagAsync(ApplianceProcess appliance, string tags) =>
        appliance.RunAsync("store", "tag", "--group", "default", "--tags", tags);

    /// <summary>To the first store.</summary>
    private static Task<CommandResult> MoveAsync(ApplianceProcess appliance, params string[] which) =>
        appliance.RunAsync(["store", "move", .. which, "--to", "first"]);

    /// <summary>Groups that are told to be in the wrong store.</summary>
    private static async Task<JsonElement> StatusAsync(ApplianceProcess appliance) =>
        (await appliance.RunAsync("status")).Succeeded().Json.GetProperty("misplaced");

    private static List<string?> Words(JsonElement view, string name) =>
        [.. view.GetProperty(name).EnumerateArray().Select(static one => one.GetString())];
}
