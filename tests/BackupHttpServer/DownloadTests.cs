using System.Net;
using Backup.BackupHttpServer;
using Backup.BackupHttpServer.Certificates;
using Backup.BackupHttpServer.Downloads;
using Backup.Foundation.Errors;
using Backup.Metadata;
using Shouldly;
using Xunit;

namespace Backup.Tests.BackupHttpServer;

/// <summary>What a link gives, to whom, how often and how long.</summary>
public sealed class DownloadTests
{
    [Theory]
    [InlineData("1.1")]
    [InlineData("2.0")]
    public async Task A_download_ends_with_the_sum_of_all_its_bytes(string version)
    {
        await using var server = await DownloadFixture.StartAsync(version: Version.Parse(version));
        var (link, path) = await server.LinkAsync();
        using var answer = await server.GetAsync(path);
        answer.StatusCode.ShouldBe(HttpStatusCode.OK);
        var headers = answer.Content.Headers;
        headers.ContentType!.MediaType.ShouldBe("application/octet-stream");
        headers.ContentDisposition!.ToString().ShouldBe("attachment; filename=\"rs0.archive\"");
        answer.Headers.CacheControl!.NoStore.ShouldBeTrue();
        answer.Headers.AcceptRanges.ShouldBe(["bytes"]);
        answer.Headers.ETag!.Tag.ShouldBe("\"one\"");
        Value(answer, "X-Content-Type-Options").ShouldBe("nosniff");
        Value(answer, "Referrer-Policy").ShouldBe("no-referrer");

        (await answer.Content.ReadAsByteArrayAsync()).ShouldBe(server.Downloads.Content);
        answer.TrailingHeaders.GetValues("Repr-Digest").ShouldBe([Digest(server)]);
        var known = (await server.FindAsync(link)).Content!;
        (known.Tag, known.Bytes).ShouldBe(("one", server.Downloads.Content.Length));
        known.Sha256.ShouldBe(server.Downloads.Sha256);
        await DownloadFixture.SoonAsync(async () => (await server.AuditAsync(link)).Count == 2);
        (await server.AuditAsync(link)).ShouldBe([AuditOutcomes.Begun, AuditOutcomes.Ok]);
    }

    [Theory]
    [InlineData("1.1")]
    [InlineData("2.0")]
    public async Task The_first_byte_goes_out_before_the_rest_is_made(string version)
    {
        await using var server = await DownloadFixture.StartAsync(version: Version.Parse(version));
        var (_, path) = await server.LinkAsync();
        server.Downloads.Hold(10_000);
        using var answer = await server.GetAsync(path);
        await using var body = await answer.Content.ReadAsStreamAsync();
        var first = new byte[10_000];
        await body.ReadExactlyAsync(first);
        first.ShouldBe(server.Downloads.Content[..10_000]);
        server.Downloads.Go();
        using var rest = new MemoryStream();
        await body.CopyToAsync(rest);
        rest.ToArray().ShouldBe(server.Downloads.Content[10_000..]);
    }

    [Fact]
    public async Task A_link_is_good_for_so_many_downloads_and_says_so_afterwards()
    {
        await using var server = await DownloadFixture.StartAsync();
        var (link, path) = await server.LinkAsync(uses: 2);
        for (var use = 0; use < 2; use++)
        {
            (await server.Http.GetByteArrayAsync(path)).ShouldBe(server.Downloads.Content);
        }

        await server.RefusedAsync(path, HttpStatusCode.Gone, BackupHttpServerErrors.LinkUsedUp);
        await server.RefusedAsync(path, HttpStatusCode.Gone, BackupHttpServerErrors.LinkUsedUp, "bytes=5-");
        using (var people = await server.GetAsync(path, accept: "*/*"))
        {
            people.StatusCode.ShouldBe(HttpStatusCode.Gone);
            people.Content.Headers.ContentType!.MediaType.ShouldBe("text/plain");
            (await people.Content.ReadAsStringAsync()).ShouldContain("good for 2 download(s), and they are done");
        }

        using var head = await server.GetAsync(path, method: HttpMethod.Head);
        head.StatusCode.ShouldBe(HttpStatusCode.Gone);
        (await server.Http.GetStringAsync(path + LinkRoute.SumSuffix)).ShouldBe(
            $"{Convert.ToHexStringLower(server.Downloads.Sha256)}  rs0.archive\n",
            "whoever has the file can check it"
        );
        (await server.AuditAsync(link)).Count(static one => one == "refused BK8063").ShouldBeGreaterThan(2);
    }

    [Fact]
    public async Task A_link_ends_at_its_time()
    {
        await using var server = await DownloadFixture.StartAsync();
        var (_, path) = await server.LinkAsync(uses: 5);
        server.Time.Advance(TimeSpan.FromMinutes(59));
        (await server.Http.GetByteArrayAsync(path)).Length.ShouldBe(server.Downloads.Content.Length);
        server.Time.Advance(TimeSpan.FromMinutes(1));
        await server.RefusedAsync(path, HttpStatusCode.Gone, BackupHttpServerErrors.LinkExpired);
        await server.RefusedAsync(path + LinkRoute.SumSuffix, HttpStatusCode.Gone, BackupHttpServerErrors.LinkExpired);
        using var head = await server.GetAsync(path, method: HttpMethod.Head);
        head.StatusCode.ShouldBe(HttpStatusCode.Gone);
    }

    [Fact]
    public async Task A_revoked_link_gives_nothing_and_ends_what_is_under_way()
    {
        await using var server = await DownloadFixture.StartAsync(limits =>
            limits with
            {
                Look = TimeSpan.FromMilliseconds(1),
            }
        );
        var (link, path) = await server.LinkAsync(uses: 5);
        server.Downloads.Hold(50_000);
        using var answer = await server.GetAsync(path);
        await server.Metadata.Links.RevokeAsync(link.Id, server.Time.GetUtcNow());
        await Task.Delay(20);
        server.Downloads.Go();
        await Should.ThrowAsync<HttpRequestException>(() => answer.Content.ReadAsByteArrayAsync());
        await server.RefusedAsync(path, HttpStatusCode.Gone, BackupHttpServerErrors.LinkRevoked);
        await DownloadFixture.SoonAsync(async () => (await server.AuditAsync(link)).Contains("failed BK8062"));
    }

    [Fact]
    public async Task Whatever_is_wrong_with_a_link_is_answered_with_the_same_bytes()
    {
        await using var server = await DownloadFixture.StartAsync();
        var (link, path) = await server.LinkAsync();
        var secret = path.Split('/')[3];
        var (_, other) = await server.LinkAsync();
        var answers = new HashSet<string>();
        foreach (
            var wrong in new[]
            {
                LinkRoute.Of(link.Id, (secret[0] == 'A' ? "B" : "A") + secret[1..], link.FileName),
                LinkRoute.Of(link.Id, secret + "A", link.FileName),
                LinkRoute.Of(link.Id, secret[..^1], link.FileName),
                LinkRoute.Of(link.Id, other.Split('/')[3], link.FileName),
                LinkRoute.Of("0000000000000000", secret, link.FileName),
                LinkRoute.Of(link.Id, secret, "other"),
                LinkRoute.Of(link.Id.ToUpperInvariant() + "X", secret, link.FileName),
                $"/download/{link.Id}",
                $"/download/{link.Id}/{secret}/",
                $"/download/{link.Id}//{link.FileName}",
                $"{path}/more",
                $"/download/{link.Id}/{secret}/..%2f..%2fetc%2fpasswd",
            }
        )
        {
            using var answer = await server.GetAsync(wrong);
            answer.StatusCode.ShouldBe(HttpStatusCode.NotFound, wrong);
            answer.Headers.Remove("Date");
            answers.Add($"{answer.Headers}{answer.Content.Headers}{await answer.Content.ReadAsStringAsync()}");
        }

        answers.Count.ShouldBe(1);
        answers.Single().ShouldContain("BK8060");
        server.Downloads.Opened.ShouldBe(0);
        (await server.Http.GetByteArrayAsync(path)).Length.ShouldBeGreaterThan(
            0,
            "the link itself is as good as before"
        );
    }

    [Fact]
    public async Task The_secret_is_in_no_log_and_no_record()
    {
        await using var server = await DownloadFixture.StartAsync();
        var (link, path) = await server.LinkAsync();
        var secret = path.Split('/')[3];
        server.Downloads.Fails = (100_000, new InvalidOperationException("broken"));
        using (var broken = await server.GetAsync(path))
        {
            await Should.ThrowAsync<HttpRequestException>(() => broken.Content.ReadAsByteArrayAsync());
        }

        server.Downloads.Fails = null;
        using (await server.GetAsync(path, "bytes=1-")) { }
        using (await server.GetAsync(path, "bytes=zzz")) { }
        using (await server.GetAsync(path + "x")) { }
        using (await server.GetAsync(path, method: HttpMethod.Post)) { }
        using (await server.GetAsync(path.Replace("/download/", "/DOWNLOAD/"), method: HttpMethod.Put)) { }
        using (await server.GetAsync(path + LinkRoute.SumSuffix)) { }

        var audit = string.Join('\n', await server.Metadata.Audit.ListAsync(default, 1000));
        audit.ShouldContain(link.Id);
        audit.ShouldNotContain(secret);
        server.Logged.ShouldContain(link.Id);
        server.Logged.ShouldNotContain(secret);
        (await server.FindAsync(link)).ToString().ShouldNotContain(secret);
    }

    [Theory]
    [InlineData("a\"b\r\nX-Evil: 1.archive")]
    [InlineData("../../etc/passwd")]
    [InlineData("ünï çödé ☃.archive")]
    [InlineData("a;filename=evil.exe")]
    public async Task A_hostile_name_stays_a_name(string name)
    {
        await using var server = await DownloadFixture.StartAsync();
        var (_, path) = await server.LinkAsync(name: name);
        using var answer = await server.GetAsync(path);
        if (name.Contains('/'))
        {
            answer.StatusCode.ShouldBe(HttpStatusCode.NotFound, "a name is one part of a path");
            return;
        }

        answer.StatusCode.ShouldBe(HttpStatusCode.OK);
        answer.Headers.Contains("X-Evil").ShouldBeFalse();
        var disposition = answer.Content.Headers.ContentDisposition!;
        disposition.DispositionType.ShouldBe("attachment");
        disposition.FileNameStar.ShouldBe(name);
        disposition.FileName!.ShouldAllBe(one => char.IsAsciiLetterOrDigit(one) || "._- \"".Contains(one));
        disposition.Parameters.Count.ShouldBe(2);
    }

    [Fact]
    public async Task A_source_that_is_gone_is_told_and_costs_no_use()
    {
        await using var server = await DownloadFixture.StartAsync();
        var (link, path) = await server.LinkAsync();
        server.Downloads.Refusal = new BackupException(9005, "The snapshot s1 is gone.", "Choose another.");
        using (var gone = await server.GetAsync(path, accept: "text/html"))
        {
            gone.StatusCode.ShouldBe(HttpStatusCode.Gone);
            (await gone.Content.ReadAsStringAsync()).ShouldContain("BK9005 The snapshot s1 is gone.");
        }

        await server.RefusedAsync(path, HttpStatusCode.Gone, BackupHttpServerErrors.LinkSourceGone);
        server.Downloads.Refusal = new BackupException(9517, "Reopening.", "Later.", transient: true);
        await server.RefusedAsync(path, HttpStatusCode.ServiceUnavailable, 9517);
        server.Downloads.Refusal = null;
        server.Downloads.Fails = (0, new BackupException(5001, "A block is damaged.", "Verify."));
        await server.RefusedAsync(path, HttpStatusCode.Gone, BackupHttpServerErrors.LinkSourceGone);
        (await server.FindAsync(link)).Begun.ShouldBe(0);
    }

    [Theory]
    [InlineData("1.1")]
    [InlineData("2.0")]
    public async Task What_fails_on_the_way_never_looks_whole(string version)
    {
        await using var server = await DownloadFixture.StartAsync(version: Version.Parse(version));
        var (link, path) = await server.LinkAsync();
        server.Downloads.Fails = (290_000, new BackupException(5001, "A block is damaged.", "Verify."));
        using var answer = await server.GetAsync(path);
        answer.StatusCode.ShouldBe(HttpStatusCode.OK);
        await Should.ThrowAsync<HttpRequestException>(() => answer.Content.ReadAsByteArrayAsync());
        await DownloadFixture.SoonAsync(async () => (await server.AuditAsync(link)).Contains("failed BK5001"));
        var found = await server.FindAsync(link);
        (found.Begun, found.Finished).ShouldBe((1, 0));
    }

    [Fact]
    public async Task Bytes_that_are_not_those_of_the_sum_are_broken_off_before_their_end()
    {
        await using var server = await DownloadFixture.StartAsync();
        var (link, path) = await server.LinkAsync(uses: 3);
        (await server.Http.GetByteArrayAsync(path)).Length.ShouldBe(server.Downloads.Content.Length);
        var other = server.Downloads.Content.ToArray();
        other[17] ^= 1;
        server.Downloads.Content = other;
        using var answer = await server.GetAsync(path);
        await Should.ThrowAsync<HttpRequestException>(() => answer.Content.ReadAsByteArrayAsync());
        await DownloadFixture.SoonAsync(async () => (await server.AuditAsync(link)).Contains("failed BK8066"));
    }

    [Fact]
    public async Task An_empty_download_is_one()
    {
        await using var server = await DownloadFixture.StartAsync();
        server.Downloads.Content = [];
        var (link, path) = await server.LinkAsync();
        (await server.Http.GetByteArrayAsync(path)).ShouldBeEmpty();
        (await server.FindAsync(link)).Finished.ShouldBe(1);
    }

    [Fact]
    public async Task Sizes_and_sums_are_found_out_in_the_background()
    {
        await using var server = await DownloadFixture.StartAsync();
        server.Downloads.Hold(0);
        var (link, path) = await server.LinkAsync(sum: true);
        using (var early = await server.GetAsync(path + LinkRoute.SumSuffix))
        {
            await ServerFixture.RefusedAsync(early, HttpStatusCode.Conflict, BackupHttpServerErrors.SumUnknown);
            early.Headers.RetryAfter!.Delta.ShouldNotBeNull();
        }

        using (var head = await server.GetAsync(path, method: HttpMethod.Head))
        {
            head.StatusCode.ShouldBe(HttpStatusCode.OK);
            head.Content.Headers.ContentLength.ShouldBeNull();
        }

        server.Downloads.Go();
        await DownloadFixture.SoonAsync(async () => (await server.FindAsync(link)).Content?.Sha256 is not null);
        using (var head = await server.GetAsync(path, method: HttpMethod.Head))
        {
            head.Content.Headers.ContentLength.ShouldBe(server.Downloads.Content.Length);
            Value(head, "Repr-Digest").ShouldBe(Digest(server));
        }

        var found = await server.FindAsync(link);
        (found.Begun, found.Finished).ShouldBe((0, 0), "looking costs nothing");
        using var answer = await server.GetAsync(path);
        Value(answer, "Repr-Digest").ShouldBe(Digest(server));
    }

    [Fact]
    public async Task What_cannot_be_read_is_known_before_anybody_asks()
    {
        await using var server = await DownloadFixture.StartAsync();
        server.Downloads.Fails = (200_000, new BackupException(5001, "A block is damaged.", "Verify."));
        var (link, path) = await server.LinkAsync(sum: true);
        await DownloadFixture.SoonAsync(async () => (await server.FindAsync(link)).Trouble is not null);
        (await server.FindAsync(link)).Trouble.ShouldBe("BK5001 A block is damaged.");
        using var sum = await server.GetAsync(path + LinkRoute.SumSuffix, accept: "*/*");
        (await sum.Content.ReadAsStringAsync()).ShouldContain("A block is damaged.");
    }

    [Fact]
    public async Task The_pin_of_the_server_outlives_its_certificate()
    {
        using var folder = new Backup.Tests.Support.TemporaryFolder();
        using var first = await CertificateAuthority.EnsureAsync(folder.Path);
        using var renamed = await CertificateAuthority.EnsureAsync(folder.Path, ["other.example"]);
        var (before, after) = (first.ServerCertificate(), renamed.ServerCertificate());
        after.Thumbprint.ShouldNotBe(before.Thumbprint);
        after.PublicKey.ExportSubjectPublicKeyInfo().ShouldBe(before.PublicKey.ExportSubjectPublicKeyInfo());
    }

    private static string Digest(DownloadFixture server) =>
        $"sha-256=:{Convert.ToBase64String(server.Downloads.Sha256)}:";

    private static string Value(HttpResponseMessage answer, string header) =>
        answer.Headers.TryGetValues(header, out var values) ? string.Join(',', values)
        : answer.Content.Headers.TryGetValues(header, out var content) ? string.Join(',', content)
        : "";
}
