using System.Diagnostics;
using System.Security.Cryptography;
using System.Text.Json;
using Backup.MongoWire.Bson;
using Backup.Tests.Support;
using Shouldly;
using Xunit;

namespace Backup.Tests.EndToEnd;

/// <summary>Encryption at rest as a user has it: turned on, rotated, started with the wrong key, a group's data destroyed.</summary>
public sealed class EncryptionTests : IDisposable
{
    private const int Documents = 50;
    private const int NoiseBytes = 4096;

    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task WhatIsStoredIsSealedFromThenOnAndLostWithItsKeys()
    {
        await using var source = await TestSource.SandboxAsync();
        var plain = await InsertAsync(source, "plain");
        await using var appliance = new ApplianceProcess(source.Uri);
        appliance.Up();
        await appliance.WaitForStateAsync("tailing");
        await RestoreCheck.SnapshotEqualsSourceAsync(appliance, source);
        Found(appliance, plain).ShouldNotBeEmpty("without encryption it is there to be read");
        (await appliance.StopAsync()).ShouldBe(0);

        var key = KeyFile("master");
        await ShouldNotStartAsync(appliance, "BK9680", on: true);
        await ShouldNotStartAsync(appliance, "BK1020", on: true, _folder.File("none"));
        Start(appliance, key);
        await appliance.WaitForStateAsync("tailing");
        var first = await InsertAsync(source, "first");
        await RestoreCheck.SnapshotEqualsSourceAsync(appliance, source);
        Found(appliance, first).ShouldBeEmpty();

        var rotated = await KeysAsync(appliance, "rotate");
        rotated.EnumerateArray().Select(Generation).ShouldBe([2, 1]);
        var second = await InsertAsync(source, "second");
        var snapshot = await RestoreCheck.SnapshotEqualsSourceAsync(appliance, source);
        Found(appliance, second).ShouldBeEmpty();

        await MasterIsRotatedAsync(appliance, key);
        await RestoreCheck.SnapshotEqualsSourceAsync(appliance, source);
        (await appliance.RunAsync("store", "check")).Succeeded();
        Found(appliance, first).ShouldBeEmpty();
        Found(appliance, second).ShouldBeEmpty();
        await ShredAsync(appliance, snapshot.GetProperty("id").GetString()!);
        Found(appliance, plain).ShouldBeEmpty("what was plain is gone, too: blocks with the groom, slices before");
    }

    private async Task MasterIsRotatedAsync(ApplianceProcess appliance, string key)
    {
        (await appliance.RunAsync("store", "keys", "rotate-master")).ErrorCode.ShouldBe("BK9682");
        var next = KeyFile("next");
        (await appliance.RunAsync("store", "keys", "rotate-master")).Succeeded();
        (await appliance.StopAsync()).ShouldBe(0);
        await ShouldNotStartAsync(appliance, "BK5032", on: true, key);
        await ShouldNotStartAsync(appliance, "BK5032", on: false);
        Start(appliance, next);
        await appliance.WaitForStateAsync("tailing");
    }

    private static async Task ShredAsync(ApplianceProcess appliance, string snapshot)
    {
        (
            await appliance.RunAsync("store", "keys", "shred", "--group", "default", "--confirm", "default")
        ).ErrorCode.ShouldBe("BK9683");
        (await appliance.RunAsync("deployments", "remove", "rs0")).Succeeded();
        (await appliance.RunAsync("store", "keys", "shred", "--group", "default")).ErrorCode.ShouldBe("BK9684");
        (await appliance.RunAsync("store", "keys", "shred", "--group", "none", "--confirm", "none")).ErrorCode.ShouldBe(
            "BK9685"
        );
        var group = (await appliance.RunAsync("store", "keys", "shred", "--group", "default", "--confirm", "default"))
            .Succeeded()
            .Json.GetProperty("groups")[0];
        group.GetProperty("keys").GetArrayLength().ShouldBe(0);
        group.TryGetProperty("destroyedAt", out _).ShouldBeTrue();
        (await appliance.RunAsync("verify", snapshot)).ErrorCode.ShouldBe("BK5031");
        var stopped = await appliance.WaitForStateAsync("stopped");
        stopped.GetProperty("error").GetProperty("code").GetString().ShouldBe("BK5034");
        var groomed = (await appliance.RunAsync("store", "groom")).Succeeded().Json;
        groomed.GetProperty("liveBlocks").GetInt64().ShouldBe(0);
        groomed.GetProperty("freedBytes").GetInt64().ShouldBeGreaterThan(Documents * NoiseBytes);
        (await appliance.RunAsync("store", "check")).Succeeded();
    }

    /// <returns>What is to be found, or not: it does not compress, so it stands as it is where it is not sealed.</returns>
    private static async Task<byte[]> InsertAsync(TestSource source, string collection)
    {
        var noise = RandomNumberGenerator.GetBytes(Documents * NoiseBytes);
        await source.InsertAsync(
            "noise",
            collection,
            Enumerable
                .Range(0, Documents)
                .Select(id =>
                    BsonDocument.Build(w =>
                        w.Int32("_id"u8, id).Binary("noise"u8, noise.AsSpan(id * NoiseBytes, NoiseBytes))
                    )
                )
        );
        return noise;
    }

    /// <returns>The files in which some of it stands.</returns>
    private static List<string> Found(ApplianceProcess appliance, byte[] noise) =>
        Directory
            .EnumerateFiles(appliance.Data, "*", SearchOption.AllDirectories)
            .Where(path =>
            {
                var bytes = Read(path).AsSpan();
                for (var id = 0; id < Documents; id++)
                {
                    if (bytes.IndexOf(noise.AsSpan((id * NoiseBytes) + 1000, 16)) >= 0)
                    {
                        return true;
                    }
                }

                return false;
            })
            .ToList();

    /// <summary>By another program, which asks for no lock of the appliance's; a file that is gone by now is empty.</summary>
    private static byte[] Read(string path)
    {
        using var cat = Process.Start(
            new ProcessStartInfo("cat", ["--", path]) { RedirectStandardOutput = true, RedirectStandardError = true }
        )!;
        using var copy = new MemoryStream();
        cat.StandardOutput.BaseStream.CopyTo(copy);
        cat.WaitForExit();
        return copy.ToArray();
    }

    private static async Task<JsonElement> KeysAsync(ApplianceProcess appliance, string what) =>
        (await appliance.RunAsync("store", "keys", what)).Succeeded().Json.GetProperty("groups")[0].GetProperty("keys");

    private static int Generation(JsonElement key) => key.GetProperty("generation").GetInt32();

    private void Start(ApplianceProcess appliance, string key)
    {
        Configure(appliance, on: true, key);
        appliance.Up();
    }

    private async Task ShouldNotStartAsync(ApplianceProcess appliance, string code, bool on, string? key = null)
    {
        Configure(appliance, on, key);
        var before = Directory.GetFiles(Path.Combine(appliance.Data, "blocks", "packs")).Order().ToList();
        appliance.ForgetOutput();
        appliance.Up();
        (await appliance.ExitAsync(TimeSpan.FromMinutes(1))).ShouldNotBe(0);
        await appliance.WaitForOutputAfterExitAsync(code);
        Directory.GetFiles(Path.Combine(appliance.Data, "blocks", "packs")).Order().ShouldBe(before);
    }

    private void Configure(ApplianceProcess appliance, bool on, string? key)
    {
        appliance.Variables["BACKUP_ENCRYPTION"] = on ? "on" : "off";
        appliance.Variables["BACKUP_ENCRYPTION_NEXT_KEY_FILE"] = key is null ? "" : _folder.File("next");
        appliance.Variables["BACKUP_ENCRYPTION_KEY_FILE"] = key ?? "";
        if (key == _folder.File("master") && File.Exists(_folder.File("next")))
        {
            appliance.Variables["BACKUP_ENCRYPTION_NEXT_KEY_FILE"] = "";
        }
    }

    private string KeyFile(string name)
    {
        var path = _folder.File(name);
        File.WriteAllText(path, RandomNumberGenerator.GetHexString(64) + "\n");
        File.SetUnixFileMode(path, UnixFileMode.UserRead | UnixFileMode.UserWrite);
        return path;
    }
}
