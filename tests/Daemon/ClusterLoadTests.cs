using System.Diagnostics;
using System.Security.Cryptography;
using Backup.Daemon;
using Backup.Daemon.Clusters;
using Backup.Daemon.Targets;
using Backup.Foundation.Errors;
using Backup.MongoWire.Bson;
using Backup.Sandbox;
using Backup.Snapshots.Exports;
using Backup.Snapshots.Sharding;
using Backup.Tests.Support;
using Shouldly;
using Xunit;

namespace Backup.Tests.Daemon;

/// <summary>What a cluster's restore.sh does around mongorestore, and how it ends.</summary>
public sealed class ClusterLoadTests
{
    private const string Off = "the balancer of the target is off. To turn it on: sh.startBalancer()";
    private const string Perhaps = "the balancer of the target may be off (sh.getBalancerState() tells). To turn it on";

    [Fact]
    public async Task All_that_differs_is_told_and_the_balancer_goes_on()
    {
        await using var cluster = await SandboxClusterSet.StartAsync(
            new() { Shards = [new SandboxOptions { ReplicaSetName = "s0", Profile = WireProfile.V50 }] }
        );
        await cluster.RunAsync("shop", """{"insert":"few","documents":[{"_id":1},{"_id":2}]}""");
        await cluster.RunAsync("shop", """{"insert":"more","documents":[{"_id":1},{"_id":2}]}""");
        await cluster.RunAsync("shop", """{"insert":"right","documents":[{"_id":1},{"_id":2}]}""");
        await cluster.RunAsync("shop", """{"insert":"gone","documents":[{"_id":1}]}""");
        const string clustered = """{"clusteredIndex":{"key":{"_id":1},"name":"k","unique":true} }""";
        await cluster.RunAsync("shop", $$"""{"create":"ids",{{clustered[1..]}}""");
        await cluster.RunAsync("admin", """{"balancerStop":1}""");
        const string ttl = """{"v":2,"key":{"at":1},"name":"ttl","expireAfterSeconds":60}""";
        var described = Described(
            isBalancerOn: true,
            (Item("few"), 3),
            (Item("more"), 1),
            (Item("right"), 2),
            (Item("gone", ttl), 2),
            (Item("ids") with { Options = ExtendedJson.Parse("""{"expireAfterSeconds":60}""") }, 0)
        );
        await using var target = await RestoreTarget.OpenAsync(cluster.ConnectionString, CancellationToken.None);

        var failed = await Should.ThrowAsync<BackupException>(() =>
            new ClusterPreparation(target, TimeProvider.System).CheckAsync(described)
        );

        failed.Number.ShouldBe(DaemonErrors.TargetCountDiffers);
        failed.Message.ShouldContain(
            "'shop.few' has 2 documents instead of 3, 'shop.more' has 2 documents instead of 1."
        );
        failed.Message.ShouldContain("balancer was started again");
        var status = await cluster.RunAsync("admin", """{"balancerStatus":1}""");
        status.View["mode"u8].AsString.ShouldBe("full");
        var listed = await cluster.RunAsync("shop", """{"listCollections":1,"filter":{"name":"ids"} }""");
        var options = ShardedClusterUnderTest.Batch(listed).ShouldHaveSingleItem().View["options"u8].AsDocument;
        options["expireAfterSeconds"u8]
            .ToInt64()
            .ShouldBe(60, "what is whole gets the expiry that it was loaded without");
    }

    [Theory]
    [InlineData(true, "", 0, "The balancer of the target is on, as it was at the source.")]
    [InlineData(false, "", 0, "The balancer of the target is off, as it was at the source. To turn it on")]
    [InlineData(true, "cluster-prepare", 1, Perhaps)]
    [InlineData(true, "mongorestore", 1, Off)]
    [InlineData(true, "killed", 143, Off)]
    [InlineData(true, "cluster-check", 1, Perhaps)]
    public async Task The_script_says_what_the_balancer_is_however_it_ends(
        bool isBalancerOn,
        string fails,
        int exitCode,
        string says
    )
    {
        using var folder = new TemporaryFolder();
        await WriteAsync(folder, "restore.sh", ClusterGuide.Script(Described(isBalancerOn)));
        await WriteAsync(folder, "backup", $"#!/bin/sh\n[ $1 != '{fails}' ]\n");
        await WriteAsync(
            folder,
            "mongorestore",
            fails == "killed" ? "#!/bin/sh\nkill -TERM $PPID\n" : $"#!/bin/sh\n[ mongorestore != '{fails}' ]\n"
        );
        Directory.CreateDirectory(folder.File("temporary"));
        var sum = Convert.ToHexStringLower(SHA256.HashData(await File.ReadAllBytesAsync(folder.File("restore.sh"))));
        await WriteAsync(folder, ClusterFiles.Sums, $"{sum}  restore.sh\n");
        var start = new ProcessStartInfo("sh", [folder.File("restore.sh"), "mongodb://127.0.0.1:1/"])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        start.Environment["BACKUP"] = folder.File("backup");
        start.Environment["MONGORESTORE"] = folder.File("mongorestore");
        start.Environment["TMPDIR"] = folder.File("temporary");

        using var script = Process.Start(start)!;
        var (output, errors) = (script.StandardOutput.ReadToEndAsync(), script.StandardError.ReadToEndAsync());
        await script.WaitForExitAsync().WaitAsync(TimeSpan.FromMinutes(1));

        script.ExitCode.ShouldBe(exitCode, await output + await errors);
        (exitCode == 0 ? await output : await errors).ShouldContain(says);
        Directory.EnumerateFiles(folder.File("temporary")).ShouldBeEmpty("the file with the URI goes in every case");
    }

    private static ExportItem Item(string name, params string[] indexes) =>
        new(
            "shop",
            name,
            name,
            BsonDocument.Empty,
            [.. indexes.Select(ExtendedJson.Parse)],
            Guid.NewGuid(),
            ExportItem.Collection
        );

    private static ClusterDescription Described(bool isBalancerOn, params (ExportItem Item, long Count)[] items) =>
        new(
            "prod",
            "1,1",
            null,
            true,
            new ClusterLayout(
                "",
                [],
                new Dictionary<string, string>(),
                new Dictionary<string, ShardedCollection>(),
                [],
                isBalancerOn
            ),
            [Set("config"), Set("s0")],
            [.. items.Select(static one => one.Item)],
            items.ToDictionary(static one => one.Item.Namespace, static one => one.Count),
            []
        );

    private static DescribedSet Set(string name) =>
        new(name, name, new string('0', 24), "4.2.4", "4.2", "1,1", $"{name}.archive", "", 0, 0);

    private static async Task WriteAsync(TemporaryFolder folder, string name, string content)
    {
        await File.WriteAllTextAsync(folder.File(name), content);
        File.SetUnixFileMode(
            folder.File(name),
            UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute
        );
    }
}
