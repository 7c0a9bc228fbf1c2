using System.Diagnostics;
using System.Security.Cryptography;
using System.Text.Json;
using Backup.Tests.Support;
using Shouldly;

namespace Backup.Tests.EndToEnd;

/// <summary>Restores pushed through a real sshd by the commands that a user types, with a killed appliance on the way.</summary>
public sealed class SshPushTests
{
    [SshdFact]
    public async Task WhatIsPushedIsWhatIsRestoredAlsoWhenTheApplianceIsKilledOnTheWay()
    {
        await using var server = await SshdUnderTest.StartAsync();
        await using var source = await TestSource.SandboxAsync();
        await source.InsertAsync("shop", "orders", SourceContent.Many(6_000, new Random(3), 8_000, 9_000));
        await source.InsertAsync("hr", "staff", SourceContent.Many(50, new Random(4), 100, 200));
        await using var appliance = new ApplianceProcess(source.Uri);
        appliance.Up();
        await appliance.WaitForStateAsync("tailing");
        var id = (await appliance.RunAsync("snapshot", "rs0", "--wait"))
            .Succeeded()
            .Json.GetProperty("id")
            .GetString()!;

        await AddTargetAsync(appliance, server);
        var part = await KilledAsync(appliance, server, id);
        appliance.Up();
        await appliance.WaitForStateAsync("tailing");
        Directory.GetDirectories("/dev/shm", "backup-ssh-*").ShouldBeEmpty("nothing stays unsealed");

        var pushed = (await appliance.RunAsync("restore", "rs0", "--snapshot", id, "--push", "vault")).Succeeded().Json;
        var file = pushed.GetProperty("files").EnumerateArray().Single();
        file.GetProperty("resumed").GetInt64().ShouldBeGreaterThan(0);
        file.GetProperty("verifiedBy").GetString().ShouldBe("sha256sum");
        pushed.GetProperty("documents").GetInt64().ShouldBe(6_050);
        File.Exists(part).ShouldBeFalse();
        var (local, _) = await appliance.StreamAsync("restore", "rs0", "--snapshot", id, "--output", "-");
        Hash(await File.ReadAllBytesAsync(pushed.GetProperty("path").GetString()!)).ShouldBe(Hash(local));
        file.GetProperty("sha256").GetString().ShouldBe(Hash(local));
        CheckSums(server.Folder);

        await FilesAsync(appliance, server, id);
        await RefusedAsync(appliance, server, id);
    }

    /// <summary>The key of the appliance, the pinned key of the host, and a test of both.</summary>
    private static async Task AddTargetAsync(ApplianceProcess appliance, SshdUnderTest server)
    {
        var key = (await appliance.RunAsync("ssh", "keys", "create", "offsite")).Succeeded().Json;
        server.Authorize(key.GetProperty("publicKey").GetString()!);
        (await appliance.RunAsync("ssh", "keys", "create", "offsite")).ErrorCode.ShouldBe("BK9552");
        string[] add =
        [
            "ssh",
            "targets",
            "add",
            "vault",
            "--host",
            server.Address,
            "--folder",
            server.Folder,
            "--key",
            "offsite",
        ];
        (await appliance.RunAsync([.. add, "--host-key", "SHA256:" + new string('A', 43)])).ErrorCode.ShouldBe(
            "BK9555"
        );
        var added = (await appliance.RunAsync([.. add, "--host-key", server.Fingerprint])).Succeeded().Json;
        added.GetProperty("hostKey").GetString().ShouldBe(server.Fingerprint);
        (await appliance.RunAsync([.. add, "--host-key", server.Fingerprint])).ErrorCode.ShouldBe("BK9552");
        (await appliance.RunAsync("ssh", "keys", "remove", "offsite")).ErrorCode.ShouldBe("BK9553");
        var steps = (await appliance.RunAsync("ssh", "targets", "test", "vault")).Succeeded().Json;
        steps.GetArrayLength().ShouldBe(8);
        // Neither the file of the metadata nor its log holds the key as it is.
        var secret = "OPENSSH PRIVATE KEY"u8.ToArray();
        foreach (var path in Directory.GetFiles(appliance.Data, "metadata.db*"))
        {
            (await File.ReadAllBytesAsync(path)).AsSpan().IndexOf(secret).ShouldBe(-1, path);
        }
    }

    /// <summary>kill -9 of the appliance while it sends; gives the partial file.</summary>
    private static async Task<string> KilledAsync(ApplianceProcess appliance, SshdUnderTest server, string id)
    {
        using var push = appliance.Start([], "restore", "rs0", "--snapshot", id, "--push", "vault");
        string? part;
        for (
            var watch = Stopwatch.StartNew();
            (part = Directory.GetFiles(server.Folder, "*.part").FirstOrDefault()) is null
                || new FileInfo(part).Length < 2_000_000;
            await Task.Delay(1)
        )
        {
            watch.Elapsed.ShouldBeLessThan(TimeSpan.FromMinutes(1));
            push.HasExited.ShouldBeFalse("it was over before it could be killed");
        }

        await appliance.KillAsync();
        await push.WaitForExitAsync().WaitAsync(TimeSpan.FromSeconds(30));
        push.ExitCode.ShouldNotBe(0);
        File.Exists(part).ShouldBeTrue();
        Directory.GetFiles(server.Folder, "*.archive").ShouldBeEmpty();
        return part;
    }

    private static async Task FilesAsync(ApplianceProcess appliance, SshdUnderTest server, string id)
    {
        string[] push = ["restore", "rs0", "--snapshot", id, "--push", "vault/single/files", "--files"];
        var pushed = (await appliance.RunAsync([.. push, "--namespace", "hr"])).Succeeded().Json;
        var compressed = (await appliance.RunAsync([.. push, "--namespace", "hr", "--gzip"])).Succeeded().Json;
        compressed.GetProperty("path").GetString().ShouldBe(pushed.GetProperty("path").GetString() + "-gz");
        CheckSums(compressed.GetProperty("path").GetString()!);
        (await appliance.RunAsync("audit")).Succeeded().Output.ShouldContain("restore.push");
        var folder = pushed.GetProperty("path").GetString()!;
        folder.ShouldStartWith(server.Folder + "/single/files/rs0-");
        CheckSums(folder);
        pushed.GetProperty("documents").GetInt64().ShouldBe(50);
        var local = Path.Combine(Path.GetTempPath(), $"backup-e2e-{Guid.NewGuid():N}");
        try
        {
            (
                await appliance.RunAsync(
                    "restore",
                    "rs0",
                    "--snapshot",
                    id,
                    "--namespace",
                    "hr",
                    "--format",
                    "directory",
                    "--output",
                    local
                )
            ).Succeeded();
            foreach (var path in Directory.GetFiles(local, "*", SearchOption.AllDirectories))
            {
                var there = Path.Combine(folder, Path.GetRelativePath(local, path));
                (await File.ReadAllBytesAsync(there)).ShouldBe(await File.ReadAllBytesAsync(path));
            }
        }
        finally
        {
            Directory.Delete(local, recursive: true);
        }
    }

    private static async Task RefusedAsync(ApplianceProcess appliance, SshdUnderTest server, string id)
    {
        Task<CommandResult> PushAsync(string target) =>
            appliance.RunAsync("restore", "rs0", "--snapshot", id, "--push", target);

        (await PushAsync("nowhere")).ErrorCode.ShouldBe("BK9550");
        (await PushAsync("vault/../up")).ErrorCode.ShouldBe("BK9501");
        await server.ChangeHostKeyAsync();
        (await PushAsync("vault/new")).ErrorCode.ShouldBe("BK9134");
        var steps = await appliance.RunAsync("ssh", "targets", "test", "vault");
        steps.ExitCode.ShouldBe(1);
        JsonElement login = steps.Json[0];
        login.GetProperty("error").GetProperty("code").GetString().ShouldBe("BK9134");
        (await appliance.RunAsync("ssh", "targets", "remove", "vault")).Succeeded();
        (await appliance.RunAsync("ssh", "keys", "remove", "offsite")).Succeeded();
    }

    private static string Hash(byte[] content) => Convert.ToHexStringLower(SHA256.HashData(content));

    private static void CheckSums(string folder)
    {
        using var check = Process.Start(
            new ProcessStartInfo("sha256sum", ["-c", "--strict", "--quiet", "SHA256SUMS"]) { WorkingDirectory = folder }
        )!;
        check.WaitForExit();
        check.ExitCode.ShouldBe(0);
    }
}
