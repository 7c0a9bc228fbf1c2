using System.Security.Cryptography;
using System.Text.Json;
using Backup.Tests.Support;
using Shouldly;
using Xunit;

namespace Backup.Tests.EndToEnd;

/// <summary>What scripts rely on: field names, exit codes, error numbers; with a running appliance and without.</summary>
public sealed class ContractTests
{
    private static readonly string[] SnapshotFields =
    [
        "id",
        "replicaSet",
        "optime",
        "documents",
        "rawBytes",
        "newBytes",
        "storedBytes",
        "durationSeconds",
    ];

    [Fact]
    public async Task TheCommandsKeepTheirContractBesideARunningApplianceAndWithoutOne()
    {
        await using var source = await TestSource.SandboxAsync();
        await source.InsertAsync("shop", "orders", SourceContent.Many(500, new Random(1), 100, 1_000));
        await using var appliance = new ApplianceProcess(source.Uri);
        appliance.Up();
        await appliance.WaitForStateAsync("tailing");
        var taken = (await appliance.RunAsync("snapshot", "rs0", "--wait")).Succeeded().Json;
        ShouldBeSnapshot(taken);
        taken.GetProperty("documents").GetInt64().ShouldBe(500);
        await ReadingsKeepTheirContractAsync(appliance, RestoreCheck.Id(taken), running: true);
        await MistakesKeepTheirContractAsync(appliance, RestoreCheck.Id(taken));
        await PoliciesKeepTheirContractAsync(appliance);
        await KeepingContract.ShouldHoldAsync(appliance, RestoreCheck.Id(taken));

        (await appliance.StopAsync()).ShouldBe(0, "a service manager's SIGTERM is no failure");

        await ReadingsKeepTheirContractAsync(appliance, RestoreCheck.Id(taken), running: false);
        await MistakesKeepTheirContractAsync(appliance, RestoreCheck.Id(taken));
        await ShouldFailAsync(appliance, 10, "BK9505", "snapshot", "rs0", "--wait");
    }

    [Fact]
    public async Task WhatIsNoAppliancesFolderIsSaid()
    {
        using var folder = new TemporaryFolder();
        var result = await ApplianceProcess.CommandAsync("status", "--json", "--data", folder.File("nothing"));
        result.ExitCode.ShouldBe(10);
        result.ErrorCode.ShouldBe("BK9502");
    }

    [Theory]
    [InlineData("snapshots")]
    [InlineData("status", "--no-such-option")]
    [InlineData("restore", "rs0", "--output", "x")]
    [InlineData("restore", "rs0", "--latest", "--output", "x", "--format", "floppy")]
    [InlineData("up", "--agents", "65536")]
    public async Task WrongUsageEndsWithTwo(params string[] arguments)
    {
        var result = await ApplianceProcess.CommandAsync([.. arguments, "--json"]);
        result.ExitCode.ShouldBe(2);
        result.ErrorCode.ShouldBe("BK9501");
    }

    private static async Task ReadingsKeepTheirContractAsync(ApplianceProcess appliance, string snapshot, bool running)
    {
        var status = (await appliance.RunAsync("status")).Succeeded().Json;
        status.GetProperty("running").GetBoolean().ShouldBe(running);
        var deployment = status.GetProperty("deployments")[0];
        ShouldHave(deployment, "id", "name", "type", "replicaSets");
        var set = deployment.GetProperty("replicaSets")[0];
        ShouldHave(set, "id", "name", "state", "optime", "lagSeconds", "snapshots");
        ShouldHave(set.GetProperty("optime"), "t", "i");
        set.GetProperty("name").GetString().ShouldBe("rs0");
        set.GetProperty("snapshots").GetInt32().ShouldBeGreaterThanOrEqualTo(1);
        set.GetProperty("state").GetString().ShouldBe("tailing", running ? "beside it" : "as it was when it stopped");

        var list = (await appliance.RunAsync("snapshots", "rs0")).Succeeded().Json.EnumerateArray().ToList();
        list.ForEach(ShouldBeSnapshot);
        list.Select(RestoreCheck.Id).ShouldContain(snapshot);

        var verified = (await appliance.RunAsync("verify", snapshot)).Succeeded().Json;
        verified.GetProperty("documents").GetInt64().ShouldBe(500);
        await RestoresKeepTheirContractAsync(appliance, snapshot);
    }

    private static async Task PoliciesKeepTheirContractAsync(ApplianceProcess appliance)
    {
        var before = (await appliance.RunAsync("policy", "rs0")).Succeeded().Json;
        before.GetProperty("intervalSeconds").GetInt64().ShouldBe(6 * 3600);
        before.GetProperty("windowSeconds").GetInt64().ShouldBe(24 * 3600);
        before.GetProperty("keepSeconds").GetInt64().ShouldBe(2 * 24 * 3600);

        string[] change = ["policy", "rs0", "--interval", "15m", "--reference", "2026-01-01T02:05:00+02:00"];
        var changed = (await appliance.RunAsync([.. change, "--window", "90d"])).Succeeded().Json;
        changed.GetProperty("windowSeconds").GetInt64().ShouldBe(90 * 24 * 3600);
        changed.GetProperty("keepSeconds").GetInt64().ShouldBe(2 * 24 * 3600, "it was not named");
        (changed.GetProperty("nextDue").GetDateTimeOffset().Minute % 15).ShouldBe(5);

        await ShouldFailAsync(appliance, 1, "BK6012", "policy", "rs0", "--interval", "1h", "--window", "91d");
        await ShouldFailAsync(appliance, 2, "BK9501", "policy", "rs0", "--keep", "soon");
        await ShouldFailAsync(appliance, 2, "BK9501", "policy", "rs0", "--reference", "2026-01-01 02:00");
        (await appliance.RunAsync("policy", "rs0")).Succeeded().Output.ShouldBe(changed + "\n", "a refused change");
    }

    private static async Task RestoresKeepTheirContractAsync(ApplianceProcess appliance, string snapshot)
    {
        using var folder = new TemporaryFolder();
        var output = folder.File("dump.archive");
        string[] restore = ["restore", "rs0", "--snapshot", snapshot, "--format", "archive", "--output"];
        var restored = (await appliance.RunAsync([.. restore, output])).Succeeded().Json;
        ShouldHave(restored, "ok", "documents", "bytes", "sha256");
        restored.GetProperty("ok").GetBoolean().ShouldBeTrue();
        restored.GetProperty("documents").GetInt64().ShouldBe(500);
        var bytes = await File.ReadAllBytesAsync(output);
        restored.GetProperty("bytes").GetInt64().ShouldBe(bytes.LongLength);
        restored.GetProperty("sha256").GetString().ShouldBe(Convert.ToHexStringLower(SHA256.HashData(bytes)));

        var (streamed, report) = await appliance.StreamAsync([.. restore, "-"]);
        report.ExitCode.ShouldBe(0);
        streamed.ShouldBe(bytes, "the same snapshot is the same archive");
        var told = JsonSerializer.Deserialize<JsonElement>(report.Errors);
        told.GetProperty("sha256").GetString().ShouldBe(restored.GetProperty("sha256").GetString());
        await ShouldFailAsync(appliance, 2, "BK9510", [.. restore, output]);
    }

    private static async Task MistakesKeepTheirContractAsync(ApplianceProcess appliance, string snapshot)
    {
        using var folder = new TemporaryFolder();
        var output = folder.File("out");
        await ShouldFailAsync(appliance, 10, "BK9506", "snapshots", "no-such-set");
        await ShouldFailAsync(appliance, 10, "BK9506", "restore", "no-such-set", "--latest", "--output", output);
        await ShouldFailAsync(appliance, 10, "BK9508", "restore", "rs0", "--snapshot", "none", "--output", output);
        await ShouldFailAsync(appliance, 10, "BK9508", "verify", "none");
        var nowhere = Path.Combine(output, "folder", "dump");
        await ShouldFailAsync(
            appliance,
            1,
            "BK1004",
            "restore",
            "rs0",
            "--snapshot",
            snapshot,
            "--format",
            "archive",
            "--output",
            nowhere
        );
        folder.Names().ShouldBeEmpty("a restore that failed leaves nothing behind");
    }

    private static async Task ShouldFailAsync(
        ApplianceProcess appliance,
        int exitCode,
        string error,
        params string[] arguments
    )
    {
        var result = await appliance.RunAsync(arguments);
        result.ErrorCode.ShouldBe(error, string.Join(' ', arguments));
        result.ExitCode.ShouldBe(exitCode, string.Join(' ', arguments));
        var said = JsonSerializer.Deserialize<JsonElement>(result.Output).GetProperty("error");
        said.GetProperty("message").GetString().ShouldNotBeNullOrWhiteSpace();
        said.GetProperty("hint").GetString().ShouldNotBeNullOrWhiteSpace();
    }

    private static void ShouldBeSnapshot(JsonElement snapshot)
    {
        ShouldHave(snapshot, SnapshotFields);
        ShouldHave(snapshot.GetProperty("optime"), "t", "i");
    }

    private static void ShouldHave(JsonElement json, params string[] fields) =>
        fields.Except(json.EnumerateObject().Select(field => field.Name)).ShouldBeEmpty(json.ToString());
}
