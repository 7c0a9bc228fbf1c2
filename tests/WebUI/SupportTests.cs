using System.IO.Compression;
using System.Net;
using System.Text;
using System.Text.Json;
using Backup.Metadata;
using Backup.Metadata.People;
using Backup.WebUI.Access;
using Backup.WebUI.Desks;
using Backup.WebUI.Support;
using Shouldly;
using Xunit;

namespace Backup.Tests.WebUI;

/// <summary>The support bundle: what is in it, what never is, and who may have it.</summary>
public sealed class SupportTests
{
    private const string Path = "/api/v1/appliance/support-bundle";

    [Theory]
    [InlineData("mongodb://ann:p%40ss@db1:27017,db2/?replicaSet=rs0", "ann", "p%40ss")]
    [InlineData("cannot reach 'mongodb+srv://u:p@ss:w@rd@host/x'", "ss:w", "rd@")]
    [InlineData("password=hunter2&x=1", "hunter2")]
    [InlineData("{\"smtpPassword\": \"hun\\\"ter2\", \"x\": 1}", "hun", "ter2")]
    [InlineData("{\"Message\":\"sent {\\\"token\\\":\\\"hunter2\\\"}\"}", "hunter2")]
    [InlineData("Authorization: Bearer abc.def", "abc.def")]
    [InlineData("s3://bucket/p?region=x&key=AK&secret=hunter2", "hunter2")]
    [InlineData("POST https://hooks.slack.com/services/T000/B000/XXXX failed", "T000", "XXXX")]
    [InlineData("token is bkt_AAAAAAAAAAAAAAAAAAAAaaaaaaaaaaaaaaaaaaaa123456789", "bkt_AAAA")]
    [InlineData("key 7yQmAAAAAAAAAAAAAAAAAaaaaaaaaaaaaaaaaaaa_-9 given", "7yQm")]
    [InlineData("bk1.short0.alsoshort0", "alsoshort0")]
    public void What_has_the_form_of_a_secret_goes(string line, params string[] secrets)
    {
        var clean = new Redactor().Line(line);
        clean.ShouldContain(Redactor.Mark);
        secrets.ShouldAllBe(one => !clean.Contains(one, StringComparison.Ordinal), clean);
    }

    [Theory]
    [InlineData("BK7010 The oplog has a hole: (1790000000, 3) was the last entry backed up.")]
    [InlineData("block 9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08 is damaged")]
    [InlineData("GET https://backup.example.org:8080/api/v1/groups/x/deployments")]
    [InlineData("   at Backup.Daemon.Heads.HeadFollower.RunAsync(CancellationToken cancellation)")]
    public void What_tells_what_happened_stays(string line) => new Redactor().Line(line).ShouldBe(line);

    [Fact]
    public void Of_a_private_key_no_line_stays()
    {
        var redactor = new Redactor();
        string[] lines =
        [
            "before",
            "-----BEGIN EC PRIVATE KEY-----",
            "MHcCAQEE",
            "-----END EC PRIVATE KEY-----",
            "after",
        ];
        lines.Select(redactor.Line).ShouldBe(["before", Redactor.Mark, Redactor.Mark, Redactor.Mark, "after"]);
    }

    [Fact]
    public async Task A_bundle_has_all_parts_names_what_is_missing_and_is_written_down()
    {
        await using var web = await WebScene.StartAsync();
        web.Desks.Support.Add(
            new SupportFile("log/a.log", static () => new MemoryStream("one\nuri mongodb://u:hunter2@h/\n"u8.ToArray()))
        );
        web.Desks.Support.Add(new SupportFile("log/gone.log", static () => throw new FileNotFoundException("gone")));
        var administrator = web.Member(Permission.See);
        web.Callers.Known[administrator] = web.Callers.Known[administrator] with
        {
            IsAdministrator = true,
            ConfirmedUntil = DateTimeOffset.MaxValue,
        };
        using var answer = await web.SendAsync(HttpMethod.Post, Path, administrator);

        answer.StatusCode.ShouldBe(HttpStatusCode.OK, await answer.Content.ReadAsStringAsync());
        answer.Content.Headers.ContentType!.MediaType.ShouldBe("application/zip");
        await using var archive = new ZipArchive(await answer.Content.ReadAsStreamAsync());
        var parts = archive.Entries.ToDictionary(static one => one.FullName, Read);
        parts.Keys.ShouldBeSubsetOf([
            "manifest.json",
            "appliance.json",
            "process.json",
            "status.json",
            "storage.json",
            "jobs.json",
            "alerts.json",
            "metrics.txt",
            "log/a.log",
        ]);
        parts["log/a.log"].ShouldBe($"one\nuri mongodb://{Redactor.Mark}@h/\n");
        JsonDocument.Parse(parts["process.json"]).RootElement.GetProperty("threads").GetInt32().ShouldBeGreaterThan(0);
        parts["metrics.txt"].ShouldContain("process_resident_memory_bytes");
        var manifest = JsonDocument.Parse(parts["manifest.json"]).RootElement.GetProperty("parts");
        manifest
            .EnumerateArray()
            .Single(static one => one.TryGetProperty("missing", out _))
            .GetProperty("name")
            .GetString()
            .ShouldBe("log/gone.log");
        // It is written down once the last byte went out, which the client may see before.
        IReadOnlyList<AuditRecord> told = [];
        for (var tries = 0; told.Count == 0 && tries < 300; tries++)
        {
            told = await web.Metadata.Audit.FindAsync(new AuditQuery(null, 1) { OfAll = true });
            await Task.Delay(100);
        }

        told.ShouldHaveSingleItem().Action.ShouldBe("appliance.support-bundle");
    }

    [Fact]
    public async Task Owners_of_groups_have_none()
    {
        await using var web = await WebScene.StartAsync();
        var owner = web.Member(RolePermissions.Of(GroupRole.Owner));
        using var refused = await web.SendAsync(HttpMethod.Post, Path, owner);
        _ = await WebScene.ProblemAsync(refused, HttpStatusCode.Forbidden);
    }

    private static string Read(ZipArchiveEntry entry)
    {
        using var reader = new StreamReader(entry.Open(), Encoding.UTF8);
        return reader.ReadToEnd();
    }
}
