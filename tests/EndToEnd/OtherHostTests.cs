using System.Security.Cryptography.X509Certificates;
using System.Text.Json;
using System.Text.RegularExpressions;
using Backup.Tests.Support;
using Shouldly;
using Xunit;

namespace Backup.Tests.EndToEnd;

/// <summary>The command where the appliance is on another host: over TLS, with an API token, without the data folder.</summary>
public sealed class OtherHostTests
{
    [Fact]
    public async Task ATokenCommandsAnApplianceOverTls()
    {
        using var files = new TemporaryFolder();
        await using var source = await TestSource.SandboxAsync();
        await source.InsertAsync("shop", "orders", SourceContent.Many(100, new Random(1), 100, 1_000));
        await using var appliance = new ApplianceProcess(source.Uri);
        appliance.Up("--http-address", "0.0.0.0");
        await appliance.WaitForStateAsync("tailing");
        await appliance.WaitForOutputAsync("web ");
        var far = await FarAsync(appliance, files);

        var taken = (await far("snapshot", "rs0", "--wait")).Succeeded().Json;
        taken.GetProperty("documents").GetInt64().ShouldBe(100);
        (await far("status")).Succeeded().Json.GetProperty("running").GetBoolean().ShouldBeTrue();
        (await far("snapshots", "rs0"))
            .Succeeded()
            .Output.ShouldBe(
                (await appliance.RunAsync("snapshots", "rs0")).Succeeded().Output,
                "the same words, whichever way they came"
            );
        (await far("policy", "rs0", "--interval", "15m", "--window", "1d")).Succeeded();
        (await far("agents", "list")).Succeeded().Json.GetArrayLength().ShouldBe(1);
        (await far("verify", RestoreCheck.Id(taken))).Succeeded();
        await ReportsAsync(far, files, RestoreCheck.Id(taken));

        (
            await far("get", "rs0", "shop.orders", "{\"$oid\":\"000000000000000000000000\"}", "--latest")
        ).ErrorCode.ShouldBe("BK9560", "there is no such document");

        (await far("snapshots", "rs7")).ErrorCode.ShouldBe("BK9506");
        (await far("people", "list")).ErrorCode.ShouldBe("BK8504", "a token is no administrator");
        (await far("people", "setup-token")).ErrorCode.ShouldBe("BK8532");
        (await far("agents", "offer")).ErrorCode.ShouldBe("BK8532");
        // What would be taken from the appliance's host is not for somebody elsewhere.
        foreach (var uri in new[] { "mongodb://h:1/?tls=true&tlsCAFile=/etc/ssl/a.pem", "mongodb://%2Ftmp%2Fm.sock/" })
        {
            (await far("restore", "rs0", "--latest", "--to", uri)).ErrorCode.ShouldBe("BK9725", uri);
        }

        await RestoresAsync(appliance, far, files);
        await ServesAsync(far, files);

        (await appliance.RunAsync("policy", "rs0", "--keep", "3d")).Succeeded();
        (await appliance.StreamAsync("restore", "rs0", "--latest", "--output", "-")).Report.ExitCode.ShouldBe(0);
        var group = (await HostSocket.SendAsync(appliance.Data, HttpMethod.Get, "/caller")).GetProperty("home");
        var ours = await HostSocket.SendAsync(appliance.Data, HttpMethod.Get, $"/groups/{group}/audit?limit=200");
        Told(ours.GetProperty("items")).ShouldContain(("host", "policy.change"));
        Told(ours.GetProperty("items")).ShouldContain(("host", "restore.output"), "of whom it was, its group reads");
        Told((await appliance.RunAsync("audit")).Succeeded().Json).ShouldContain(("token far", "policy.change"));
    }

    /// <summary>The same bytes as on the host, by a link that opens nothing afterwards.</summary>
    private static async Task RestoresAsync(ApplianceProcess appliance, Far far, TemporaryFolder files)
    {
        var (here, there) = (files.File("here"), files.File("there"));
        var own = (await appliance.RunAsync("restore", "rs0", "--latest", "--output", here)).Succeeded().Json;
        var taken = (await far("restore", "rs0", "--latest", "--output", there)).Succeeded().Json;
        taken.GetProperty("sha256").GetString().ShouldBe(own.GetProperty("sha256").GetString());
        File.ReadAllBytes(there).ShouldBe(File.ReadAllBytes(here));

        var folder = files.File("folder");
        (await far("restore", "rs0", "--latest", "--format", "directory", "--output", folder)).Succeeded();
        File.Exists(Path.Combine(folder, "shop", "orders.bson")).ShouldBeTrue();

        (await far("restore", "rs0", "--latest", "--output", there)).ErrorCode.ShouldBe(
            "BK9510",
            "it is there already"
        );
        (
            await far("restore", "rs0", "--latest", "--output", files.File("x"), "--rename", "shop.*=s.*")
        ).ErrorCode.ShouldBe("BK9607");
        var impossible = Path.Combine(files.Path, "none", "x");
        (await far("restore", "rs0", "--latest", "--output", impossible)).ExitCode.ShouldNotBe(0);
        File.Exists(impossible).ShouldBeFalse();
        (await far("links", "list")).Succeeded().Json.GetArrayLength().ShouldBe(0, "none is left that opens something");
    }

    /// <summary>What was proven can be shown to somebody who has the authority's fingerprint and nothing else.</summary>
    private static async Task ReportsAsync(Far far, TemporaryFolder files, string snapshot)
    {
        var jobs = (await far("jobs", "list")).Succeeded().Json.EnumerateArray().ToList();
        string Of(string kind) =>
            jobs.Select(one => one.GetProperty("job"))
                .First(job => job.GetProperty("kind").GetString() == kind)
                .GetProperty("id")
                .GetString()!;
        (await far("jobs", "report", Of("snapshot"))).ErrorCode.ShouldBe("BK9690");
        var signed = (await far("jobs", "report", Of("verify"))).Succeeded();
        var path = files.File("report.json");
        await File.WriteAllTextAsync(path, signed.Output);
        var report = JsonDocument.Parse(signed.Json.GetProperty("report").GetString()!).RootElement;
        report.GetProperty("snapshot").GetString().ShouldBe(snapshot);
        report.GetProperty("whole").GetBoolean().ShouldBeTrue();
        report.GetProperty("result").GetProperty("documents").GetInt64().ShouldBe(100);

        var root = signed.Json.GetProperty("certificate").GetString()!;
        using var authority = X509Certificate2.CreateFromPem(
            root.AsSpan()[root.LastIndexOf("-----BEGIN", StringComparison.Ordinal)..]
        );
        var fingerprint = Convert.ToHexStringLower(System.Security.Cryptography.SHA256.HashData(authority.RawData));
        (
            await ApplianceProcess.CommandAsync("jobs", "check-report", "--json", path, "--authority", fingerprint)
        ).Succeeded();
        (
            await ApplianceProcess.CommandAsync(
                "jobs",
                "check-report",
                "--json",
                path,
                "--authority",
                new string('0', 64)
            )
        ).ErrorCode.ShouldBe("BK9691");
        await File.WriteAllTextAsync(
            path,
            signed.Output.Replace("\\\"whole\\\": true", "\\\"whole\\\": false", StringComparison.Ordinal)
        );
        (
            await ApplianceProcess.CommandAsync("jobs", "check-report", "--json", path, "--authority", fingerprint)
        ).ErrorCode.ShouldBe("BK9691", "it was changed");
    }

    private static async Task ServesAsync(Far far, TemporaryFolder files)
    {
        var authority = files.File("serve-ca.pem");
        var served = (await far("serve", "rs0", "--latest", "--ca-output", authority)).Succeeded().Json;
        File.Exists(authority).ShouldBeTrue();
        served.GetProperty("uri").GetString().ShouldStartWith("mongodb://");
        var id = served.GetProperty("id").GetString()!;
        (await far("serve", "--list")).Succeeded().Json.GetArrayLength().ShouldBe(1);
        (await far("serve", "--stop", id)).Succeeded();
        (await far("serve", "--list")).Succeeded().Json.GetArrayLength().ShouldBe(0);
    }

    [Fact]
    public async Task WhatWouldTellTheTokenToStrangersIsRefused()
    {
        using var files = new TemporaryFolder();
        var token = files.File("token");
        await File.WriteAllTextAsync(token, "bkt_0123456789\n");
        (await Refused("http://backup.example:8080")).ShouldBe("BK9603");
        (await Refused("backup.example")).ShouldBe("BK9603");
        (await Refused("https://user:secret@backup.example")).ShouldBe("BK9603");
        (await Refused("https://127.0.0.1:1")).ShouldBe("BK9606");
        (await Refused("https://127.0.0.1:1", "--ca-file", token)).ShouldBe("BK9605");
        (await Refused("https://127.0.0.1:1", "--data", files.Path)).ShouldBe("BK9501");
        var none = await ApplianceProcess.CommandAsync("status", "--json", "--server", "https://127.0.0.1:1");
        none.ErrorCode.ShouldBe("BK9604");

        async Task<string> Refused(string server, params string[] more) =>
            (
                await ApplianceProcess.CommandAsync([
                    "status",
                    "--json",
                    "--server",
                    server,
                    "--token-file",
                    token,
                    .. more,
                ])
            ).ErrorCode;
    }

    private static List<(string? Actor, string? Action)> Told(JsonElement records) =>
        [
            .. records
                .EnumerateArray()
                .Select(static one => (one.GetProperty("actor").GetString(), one.GetProperty("action").GetString())),
        ];

    private delegate Task<CommandResult> Far(params string[] arguments);

    /// <summary>What another host is given: the address, a token, and the certificate of the authority.</summary>
    private static async Task<Far> FarAsync(ApplianceProcess appliance, TemporaryFolder files)
    {
        var caller = await HostSocket.SendAsync(appliance.Data, HttpMethod.Get, "/caller");
        var group = caller.GetProperty("home").GetString();
        var made = await HostSocket.SendAsync(
            appliance.Data,
            HttpMethod.Post,
            $"/groups/{group}/tokens",
            """{"name":"far","role":"backup-administrator"}"""
        );
        var (token, authority) = (files.File("token"), files.File("ca.pem"));
        await File.WriteAllTextAsync(token, made.GetProperty("token").GetString() + "\n");
        using var pem = X509Certificate2.CreateFromPem(
            await File.ReadAllTextAsync(Path.Combine(appliance.Data, "tls", "ca.pem"))
        );
        await File.WriteAllTextAsync(authority, pem.ExportCertificatePem());
        var web = new Uri(
            Regex.Match(appliance.Output, @"https://\S+", RegexOptions.None, TimeSpan.FromSeconds(1)).Value
        );
        string[] way =
        [
            "--server",
            $"https://localhost:{web.Port}",
            "--token-file",
            token,
            "--ca-file",
            authority,
            "--json",
        ];
        return arguments => ApplianceProcess.CommandAsync([.. arguments, .. way]);
    }
}
