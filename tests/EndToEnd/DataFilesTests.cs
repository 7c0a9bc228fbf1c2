using System.Diagnostics;
using System.Formats.Tar;
using Backup.MongoWire.Bson;
using Backup.Tests.Support;
using Shouldly;
using Xunit;

namespace Backup.Tests.EndToEnd;

/// <summary>Data files, judged by real servers that are started on them; and what is left where something goes wrong.</summary>
public sealed class DataFilesTests(DataFilesSource scene) : IClassFixture<DataFilesSource>
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(1);

    [RealMongoFact]
    public async Task FilesAreASeededSetThatElectsByItselfOrAStandAloneServerAndOfABrokenOneNothingIsLeft()
    {
        using var folder = new TemporaryFolder();
        var files = folder.File("files");
        List<int> ports = [.. Enumerable.Range(0, 3).Select(static _ => FreePorts.One())];
        var seed = $"again={string.Join(',', ports.Select(static port => $"127.0.0.1:{port}"))}";
        var result = (await scene.RestoreAsync("--output", files, "--seed", seed)).Succeeded().Json;
        result.GetProperty("mongoVersion").GetString().ShouldBe("4.2.4");
        result.GetProperty("featureCompatibilityVersion").GetString().ShouldBe("4.2");
        result.GetProperty("folder").GetString().ShouldBe(files);
        folder.Names().ShouldBe(["files"]);
        Directory.GetFileSystemEntries(files).Select(Path.GetFileName).Order().ShouldBe(["RESTORED.txt", "data"]);
        (await File.ReadAllTextAsync(Path.Combine(files, "RESTORED.txt"))).ShouldContain("--replSet again");
        File.Exists(Path.Combine(files, "data", "mongod.lock")).ShouldBeFalse();
        scene.NothingIsLeft(folder.Path);

        var members = ports.Select(port => (Port: port, Folder: folder.File($"m{port}"))).ToList();
        members.ForEach(one => Copy(Path.Combine(files, "data"), one.Folder));
        var servers = members.ConvertAll(static one => MongodOnFiles.Start(one.Folder, one.Port, "--replSet", "again"));
        try
        {
            // While they elect.
            await TarIsAServerAsync();
            await NothingIsLeftOfABrokenOneAsync();
            await using var set = TestSource.Of(
                $"mongodb://{string.Join(',', ports.Select(static port => $"127.0.0.1:{port}"))}/?replicaSet=again"
            );
            // Of all three: each takes part, and none had to copy anything.
            await set.RunAsync(
                "after",
                """{"insert":"c","documents":[{"_id":1}],"writeConcern":{"w":3,"wtimeout":30000}}"""
            );
            foreach (var server in servers)
            {
                await using var member = TestSource.Of(server.Uri);
                var hashes = await member.HashesAsync();
                foreach (var (database, hash) in scene.Hashes)
                {
                    hashes[database].Collections.ShouldBe(hash.Collections, ignoreOrder: true);
                }

                var log = await File.ReadAllTextAsync($"{members.Find(one => one.Port == server.Port).Folder}.log");
                log.ShouldNotContain("initial sync attempt", Case.Insensitive);
            }

            (await set.CatalogueAsync())
                .Where(static line => !line.StartsWith("after.", StringComparison.Ordinal))
                .ShouldBe(scene.Catalogue);
        }
        finally
        {
            foreach (var server in servers)
            {
                await server.DisposeAsync();
            }
        }
    }

    /// <summary>Nothing is left where mongod is killed, or the command is interrupted; the appliance goes on.</summary>
    private async Task NothingIsLeftOfABrokenOneAsync()
    {
        using var folder = new TemporaryFolder();
        var files = folder.File("files");
        // mongod is killed.
        using (var broken = scene.Start("--output", files))
        {
            ApplianceProcess.SignalAsync(await LoadingAsync(folder), "-KILL").Wait();
            var said = await broken.StandardOutput.ReadToEndAsync();
            said.ShouldContain("BK9165");
            said.ShouldContain("signal 9");
            await GoneAsync(folder);
        }

        // The command is interrupted.
        using (var interrupted = scene.Start("--output", files))
        {
            await LoadingAsync(folder);
            await ApplianceProcess.SignalAsync(interrupted.Id, "-INT");
            await interrupted.WaitForExitAsync().WaitAsync(Patience);
            interrupted.ExitCode.ShouldBe(130);
            await GoneAsync(folder);
        }
    }

    /// <summary>A tar of files is a stand-alone server with its users, and every collection of it is valid.</summary>
    private async Task TarIsAServerAsync()
    {
        using var folder = new TemporaryFolder();
        var tar = folder.File("files.tar");
        var result = (await scene.RestoreAsync("--output", tar, "--users", "--directory-per-db")).Succeeded().Json;
        result.GetProperty("bytes").GetInt64().ShouldBe(new FileInfo(tar).Length);
        result.GetProperty("users").GetInt64().ShouldBeGreaterThan(1);
        scene.NothingIsLeft(folder.Path);
        await TarFile.ExtractToDirectoryAsync(tar, folder.Path, overwriteFiles: false);
        var data = folder.File("data");
        File.GetUnixFileMode(data).ShouldBe(UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        Directory.Exists(Path.Combine(data, "shop")).ShouldBeTrue();

        await using var server = MongodOnFiles.Start(data, FreePorts.One(), "--auth", "--directoryperdb");
        await using (var clerk = TestSource.Of(server.Uri.Replace("//", "//clerk:secret@", StringComparison.Ordinal)))
        {
            (await clerk.ListAsync("shop", """{"find":"orders","limit":1}""")).ShouldHaveSingleItem();
            await Should.ThrowAsync<MongoWire.Client.CommandException>(() =>
                clerk.RunAsync("admin", """{"getLog":"global"}""")
            );
        }

        var login = $"//{RealMongo.User}:{Uri.EscapeDataString(RealMongo.Password)}@";
        await using var restored = TestSource.Of(server.Uri.Replace("//", login, StringComparison.Ordinal));
        var hashes = await restored.HashesAsync();
        hashes.Keys.ShouldBe(scene.Hashes.Keys, ignoreOrder: true);
        foreach (var (database, hash) in scene.Hashes)
        {
            hashes[database].Collections.ShouldBe(hash.Collections, ignoreOrder: true);
            foreach (var collection in hash.Collections.Keys)
            {
                var command = BsonDocument.Build(w => w.String("validate"u8, collection).Boolean("full"u8, true));
                (await restored.RunAsync(database, command)).View["valid"u8].ToBoolean().ShouldBeTrue(collection);
            }
        }

        (await restored.CatalogueAsync()).ShouldBe(scene.Catalogue);
        // Of this very run nothing is in it, and no configuration.
        (await restored.ListAsync("local", """{"listCollections":1,"nameOnly":true}"""))
            .Select(static one => one.View["name"u8].AsString)
            .ShouldBe(["startup_log"]);
        (await scene.Appliance.RunAsync("audit")).Succeeded().Output.ShouldContain("restore.data-files");
    }

    [RealMongoFact]
    public async Task NothingIsLeftOfAKilledApplianceAndWithoutAMongodOfTheVersionThereIsNone()
    {
        using var folder = new TemporaryFolder();
        // The appliance is killed: mongod goes with it, the files at the next start.
        using (var left = scene.Start("--output", folder.File("files")))
        {
            await LoadingAsync(folder);
            await scene.Appliance.KillAsync();
            await UntilAsync(() => MongodOnFiles.On(folder.Path).Count == 0);
            await left.WaitForExitAsync().WaitAsync(Patience);
            folder.Names().ShouldHaveSingleItem().ShouldEndWith(".part");
        }

        await WithoutApplianceAsync(folder);
        // One that cannot be used is told, and the backup goes on.
        scene.Appliance.Up("--mongod", $"4.4={RealMongo.Binary}");
        await scene.Appliance.WaitForStateAsync("tailing");
        (await scene.Appliance.RunAsync("status")).Output.ShouldContain("BK9161");
    }

    /// <summary>Without a mongod of the source's version it is refused; and no appliance needs to run.</summary>
    private async Task WithoutApplianceAsync(TemporaryFolder folder)
    {
        scene.Appliance.Up("--mongod", "4.2");
        (await scene.Appliance.ExitAsync(Patience)).ShouldBe(1);
        await scene.Appliance.WaitForOutputAfterExitAsync("BK9160");

        var offline = await scene.OfflineAsync([("PATH", folder.Path)], "--output", folder.File("files"));
        offline.ShouldContain("BK9162");
        offline.ShouldContain("--mongod 4.2=PATH");
        // What was left of the killed one is gone, too.
        await GoneAsync(folder);

        // A part, under another name.
        var some = await scene.OfflineAsync(
            [("BACKUP_MONGOD", $"4.2={RealMongo.Binary}")],
            "--output",
            folder.File("files"),
            "--namespace",
            "second-db.*",
            "--rename",
            "second-db.*=third.*"
        );
        some.ShouldContain("\"ok\":true");
        await using (var server = MongodOnFiles.Start(Path.Combine(folder.File("files"), "data"), FreePorts.One()))
        {
            await using var restored = TestSource.Of(server.Uri);
            var hashes = await restored.HashesAsync();
            hashes.Keys.ShouldBe(["third"]);
            hashes["third"].Collections.ShouldBe(scene.Hashes["second-db"].Collections, ignoreOrder: true);
        }
    }

    [RealMongoRootFact]
    public async Task AFullDiskIsNamedBeforehandOrWhenItComesToBeFull()
    {
        using var small = new SmallDisk(200);
        var refused = await scene.RestoreAsync("--output", small.Folder("files"));
        refused.ErrorCode.ShouldBe("BK9163");

        using var disk = new SmallDisk(460);
        using var broken = scene.Start("--output", disk.Folder("files"));
        var root = Path.GetDirectoryName(disk.Folder("files"))!;
        var mongod = await LoadingAsync(root);
        disk.Fill();
        await ApplianceProcess.SignalAsync(mongod, "-CONT");
        (await broken.StandardOutput.ReadToEndAsync()).ShouldContain("BK9166");
        Directory.GetFileSystemEntries(root).Select(Path.GetFileName).ShouldBe(["ballast"]);
        scene.NothingIsLeft(root);
    }

    private static Task<int> LoadingAsync(TemporaryFolder folder) => LoadingAsync(folder.Path);

    /// <summary>Waits until a mongod below that folder has begun to take documents, and stops it there: what comes next comes in the middle of it.</summary>
    private static async Task<int> LoadingAsync(string folder)
    {
        for (var watch = Stopwatch.StartNew(); watch.Elapsed < Patience; await Task.Delay(5))
        {
            if (
                MongodOnFiles.On(folder) is [var mongod]
                && Directory.EnumerateFiles(folder, "collection-*.wt", SearchOption.AllDirectories).Count() > 8
            )
            {
                await ApplianceProcess.SignalAsync(mongod, "-STOP");
                return mongod;
            }
        }

        throw new TimeoutException("no mongod loads");
    }

    private async Task GoneAsync(TemporaryFolder folder)
    {
        await UntilAsync(() => folder.Names().Count == 0);
        scene.NothingIsLeft(folder.Path);
    }

    private static async Task UntilAsync(Func<bool> wanted)
    {
        for (var watch = Stopwatch.StartNew(); !wanted(); await Task.Delay(20))
        {
            watch.Elapsed.ShouldBeLessThan(Patience);
        }
    }

    private static void Copy(string from, string to)
    {
        Directory.CreateDirectory(to);
        foreach (var folder in Directory.EnumerateDirectories(from, "*", SearchOption.AllDirectories))
        {
            Directory.CreateDirectory(Path.Combine(to, Path.GetRelativePath(from, folder)));
        }

        foreach (var file in Directory.EnumerateFiles(from, "*", SearchOption.AllDirectories))
        {
            File.Copy(file, Path.Combine(to, Path.GetRelativePath(from, file)));
        }
    }
}
