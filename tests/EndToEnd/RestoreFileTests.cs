using System.Diagnostics;
using System.Security.Cryptography;
using System.Text.Json;
using Backup.Foundation.Files;
using Backup.Tests.Support;
using Shouldly;

namespace Backup.Tests.EndToEnd;

/// <summary>A restore into a file, which the appliance writes itself: whatever fails, the file is there whole or not at all.</summary>
public sealed class RestoreFileTests
{
    [RootFact]
    public async Task TheFileIsThereWholeOrNotAtAll()
    {
        await using var source = await TestSource.SandboxAsync();
        await source.InsertAsync("shop", "orders", SourceContent.Many(8_000, new Random(1), 4_000, 8_000));
        await using var appliance = new ApplianceProcess(source.Uri);
        appliance.Up();
        await appliance.WaitForStateAsync("tailing");
        var snapshot = (await appliance.RunAsync("snapshot", "rs0", "--wait"))
            .Succeeded()
            .Json.GetProperty("id")
            .GetString()!;
        using var folder = new TemporaryFolder();

        // The sum that is told is that of the file, and of the stream that another way takes.
        var path = folder.File("whole.archive");
        var told = (await RestoreAsync(appliance, snapshot, path)).Succeeded().Json;
        var sum = Convert.ToHexStringLower(SHA256.HashData(await File.ReadAllBytesAsync(path)));
        told.GetProperty("sha256").GetString().ShouldBe(sum);
        told.GetProperty("bytes").GetInt64().ShouldBe(new FileInfo(path).Length);
        var unhashed = folder.File("unhashed.archive");
        var untold = await appliance.RunAsync([.. Arguments(snapshot, unhashed), "--no-checksum"]);
        untold.Succeeded().Json.TryGetProperty("sha256", out _).ShouldBeFalse();
        Convert.ToHexStringLower(SHA256.HashData(await File.ReadAllBytesAsync(unhashed))).ShouldBe(sum);
        var (data, report) = await appliance.StreamAsync(
            "restore",
            "rs0",
            "--snapshot",
            snapshot,
            "--format",
            "archive",
            "--output",
            "-"
        );
        Convert.ToHexStringLower(SHA256.HashData(data)).ShouldBe(sum, report.Errors);

        // Of 48 MB: while it goes through the page cache, and when it goes past it.
        await AFullDiskAsync(appliance, snapshot, megabytes: 10);
        await AFullDiskAsync(appliance, snapshot, megabytes: 40);
        await AKilledCommandAsync(appliance, snapshot, folder);
        (await RestoreAsync(appliance, snapshot, folder.File("again.archive"))).Succeeded();
        await AKilledApplianceAsync(appliance, snapshot, folder, sum);
    }

    /// <summary>Of the target: the error names it, and nothing is left there.</summary>
    private static async Task AFullDiskAsync(ApplianceProcess appliance, string snapshot, int megabytes)
    {
        using var disk = new SmallDisk(megabytes);
        var path = disk.Folder("dump.archive");
        var refused = await RestoreAsync(appliance, snapshot, path);
        refused.ErrorCode.ShouldBe("BK1003");
        refused.Output.ShouldContain(path);
        Directory.GetFileSystemEntries(disk.Folder(".")).ShouldBeEmpty();
    }

    private static async Task AKilledCommandAsync(ApplianceProcess appliance, string snapshot, TemporaryFolder folder)
    {
        var path = folder.File("killed.archive");
        using var command = Start(appliance, snapshot, path);
        await UntilWrittenAsync(path, command);
        command.Kill();
        await command.WaitForExitAsync();
        (!File.Exists(path) || new FileInfo(path).Length > 30_000_000).ShouldBeTrue();
    }

    private static async Task AKilledApplianceAsync(
        ApplianceProcess appliance,
        string snapshot,
        TemporaryFolder folder,
        string sum
    )
    {
        var path = folder.File("cut.archive");
        using var command = Start(appliance, snapshot, path);
        await UntilWrittenAsync(path, command);
        await appliance.KillAsync();
        var output = await command.StandardOutput.ReadToEndAsync();
        await command.WaitForExitAsync();
        if (command.ExitCode == 0)
        {
            Convert.ToHexStringLower(SHA256.HashData(await File.ReadAllBytesAsync(path))).ShouldBe(sum);
            return;
        }

        JsonSerializer
            .Deserialize<JsonElement>(output)
            .GetProperty("error")
            .GetProperty("code")
            .GetString()
            .ShouldBe("BK9512");
        File.Exists(path).ShouldBeFalse();
        Leftovers(path).ShouldBeEmpty();
    }

    private static Task<CommandResult> RestoreAsync(ApplianceProcess appliance, string snapshot, string path) =>
        appliance.RunAsync(Arguments(snapshot, path));

    private static Process Start(ApplianceProcess appliance, string snapshot, string path) =>
        appliance.Start([], Arguments(snapshot, path));

    private static string[] Arguments(string snapshot, string path) =>
        ["restore", "rs0", "--snapshot", snapshot, "--format", "archive", "--output", path];

    private static async Task UntilWrittenAsync(string path, Process command)
    {
        while (!command.HasExited && !Leftovers(path).Any(one => new FileInfo(one) is { Exists: true, Length: > 0 }))
        {
            await Task.Delay(1);
        }
    }

    private static string[] Leftovers(string path) =>
        Directory.GetFiles(Path.GetDirectoryName(path)!, $"{Path.GetFileName(path)}*{DurableFile.TemporarySuffix}");
}
