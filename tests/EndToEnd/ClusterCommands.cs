using System.Net;
using System.Security.Cryptography;
using System.Text.Json;
using Backup.Tests.Support;
using Shouldly;

namespace Backup.Tests.EndToEnd;

/// <summary>What the commands say of a protected cluster of two shards, s0 and s1, whose sets are followed.</summary>
internal static class ClusterCommands
{
    private static readonly string[] Sets = ["config", "s0", "s1"];

    internal static async Task ShouldWorkAsync(ApplianceProcess appliance, string name)
    {
        var policy = await JsonAsync(appliance, "policy", name, "--checkpoints", "30m", "--balancer", "refuse");
        policy.GetProperty("checkpointSeconds").GetInt64().ShouldBe(1800);
        policy.GetProperty("balancer").GetString().ShouldBe("refuse");
        (await appliance.RunAsync("policy", $"{name}/s0", "--window", "1h")).ExitCode.ShouldNotBe(0);

        var taken = await JsonAsync(appliance, "snapshot", name, "--wait");
        taken.GetProperty("state").GetString().ShouldBe("complete");
        taken.GetProperty("balancerRested").GetBoolean().ShouldBeTrue();
        Names(taken.GetProperty("sets"), "set").ShouldBe(Sets);
        var id = taken.GetProperty("id").GetString()!;
        (await JsonAsync(appliance, "snapshots", name))[0].GetProperty("id").GetString().ShouldBe(id);
        var part = (await JsonAsync(appliance, "snapshots", $"{name}/s1"))[0];
        part.GetProperty("partOf").GetString().ShouldBe(id);
        await PartsStayTogetherAsync(appliance, id, part.GetProperty("id").GetString()!);

        var verified = await JsonAsync(appliance, "verify", id);
        verified.GetProperty("documents").GetInt64().ShouldBe(taken.GetProperty("documents").GetInt64());
        Names(verified.GetProperty("parts"), "set").ShouldBe(Sets);

        await LinkLeadsToItAsync(appliance, name, id);

        var status = await JsonAsync(appliance, "status");
        var cluster = status
            .GetProperty("deployments")
            .EnumerateArray()
            .Single(one => one.GetProperty("name").GetString() == name)
            .GetProperty("cluster");
        Names(cluster.GetProperty("members"), "set").ShouldBe(Sets);
        Names(cluster.GetProperty("members"), "state").ShouldAllBe(state => state == "tailing");
        cluster.GetProperty("newest").GetProperty("id").GetString().ShouldBe(id);
        status
            .GetProperty("alerts")
            .EnumerateArray()
            .Select(static one => one.GetProperty("condition").GetString()!)
            .ShouldNotContain(static one => one.StartsWith("cluster-", StringComparison.Ordinal));
    }

    private static async Task PartsStayTogetherAsync(ApplianceProcess appliance, string whole, string part)
    {
        foreach (var verb in new[] { "pin", "delete" })
        {
            (await appliance.RunAsync("snapshot", verb, part)).ErrorCode.ShouldBe("BK6154");
        }

        (await JsonAsync(appliance, "snapshot", "pin", whole)).GetProperty("isCluster").GetBoolean().ShouldBeTrue();
        (await appliance.RunAsync("snapshot", "delete", whole)).ErrorCode.ShouldBe("BK6153");
        await JsonAsync(appliance, "snapshot", "unpin", whole);
        var preview = await JsonAsync(appliance, "snapshot", "delete", whole, "--preview");
        preview.GetProperty("freeBytes").GetInt64().ShouldBeGreaterThanOrEqualTo(0);
    }

    /// <summary>What comes through a link is what a restore as one writes; HttpClient is another judge than curl.</summary>
    private static async Task LinkLeadsToItAsync(ApplianceProcess appliance, string name, string id)
    {
        var link = await JsonAsync(appliance, "links", "create", name, "--snapshot", id, "--gzip");
        using var folder = new TemporaryFolder();
        var written = await JsonAsync(
            appliance,
            "restore",
            name,
            "--snapshot",
            id,
            "--merged",
            "--gzip",
            "--output",
            folder.File("merged.gz")
        );
        using var handler = new SocketsHttpHandler();
        handler.SslOptions.RemoteCertificateValidationCallback = static (_, _, _, _) => true;
        using var http = new HttpClient(handler) { DefaultRequestVersion = HttpVersion.Version20 };
        using var answer = await http.GetAsync(link.GetProperty("url").GetString());
        var bytes = await answer.EnsureSuccessStatusCode().Content.ReadAsByteArrayAsync();
        var sha256 = SHA256.HashData(bytes);
        Convert.ToHexStringLower(sha256).ShouldBe(written.GetProperty("sha256").GetString());
        answer.TrailingHeaders.GetValues("Repr-Digest").ShouldBe([$"sha-256=:{Convert.ToBase64String(sha256)}:"]);
        answer.Content.Headers.ContentDisposition!.FileName!.Trim('"').ShouldEndWith(".archive.gz");
    }

    private static async Task<JsonElement> JsonAsync(ApplianceProcess appliance, params string[] arguments) =>
        (await appliance.RunAsync(arguments)).Succeeded().Json;

    private static List<string?> Names(JsonElement list, string of) =>
        [.. list.EnumerateArray().Select(one => one.GetProperty(of).GetString())];
}
