using System.Net;
using System.Net.Security;
using Backup.BackupHttpServer;
using Backup.BackupHttpServer.Downloads;
using Backup.Blockstore;
using Backup.Metadata;
using Backup.MongoWire.Bson;
using Backup.Oplog.Catalogues;
using Backup.Snapshots.Exports;
using Backup.Snapshots.Heads;
using Backup.Snapshots.Manifests;
using Backup.Snapshots.Reading;
using Shouldly;
using Xunit;

namespace Backup.Tests.BackupHttpServer;

/// <summary>Downloads that were cut go on where they stopped; what that costs is bounded.</summary>
public sealed class DownloadRangeTests
{
    [Theory]
    [InlineData("1.1")]
    [InlineData("2.0")]
    public async Task A_download_that_was_cut_goes_on_where_it_stopped_and_is_one_use(string version)
    {
        await using var server = await DownloadFixture.StartAsync(version: Version.Parse(version));
        var (link, path) = await server.LinkAsync();
        var got = await CutAsync(server, link, path, 120_000);
        await server.RefusedAsync(path, HttpStatusCode.Gone, BackupHttpServerErrors.LinkUsedUp);

        var length = server.Downloads.Content.Length;
        using (var rest = await server.GetAsync(path, $"bytes={got.Length}-", "\"one\""))
        {
            rest.StatusCode.ShouldBe(HttpStatusCode.PartialContent);
            rest.Content.Headers.ContentRange!.ToString().ShouldBe($"bytes {got.Length}-{length - 1}/{length}");
            byte[] all = [.. got, .. await rest.Content.ReadAsByteArrayAsync()];
            all.ShouldBe(server.Downloads.Content);
            rest.TrailingHeaders.GetValues("Repr-Digest").Single().ShouldBe(Digest(server.Downloads.Sha256));
        }

        var found = await server.FindAsync(link);
        (found.Begun, found.Finished).ShouldBe((1, 1));
        await server.RefusedAsync(path, HttpStatusCode.Gone, BackupHttpServerErrors.LinkUsedUp, "bytes=1-");
    }

    public static IEnumerable<object[]> Forms() =>
        from format in Enum.GetValues<ExportFormat>()
        from gzip in new[] { false, true }
        select new object[] { format, gzip };

    [Theory]
    [MemberData(nameof(Forms))]
    public async Task Every_form_goes_on_byte_for_byte(ExportFormat format, bool gzip)
    {
        await using var server = await DownloadFixture.StartAsync();
        var export = await ExportedSnapshot.MakeAsync(format, gzip);
        server.Downloads.Instead = export;
        var whole = await export.BytesAsync();
        var (_, path) = await server.LinkAsync(uses: 1);
        using (var first = await server.GetAsync(path, "bytes=0-9"))
        {
            (await first.Content.ReadAsByteArrayAsync()).ShouldBe(whole[..10]);
        }

        foreach (var from in new[] { 1, 511, 512, whole.Length / 3, whole.Length - 1 })
        {
            // Each opens anew, as another process would.
            using var rest = await server.GetAsync(path, $"bytes={from}-{whole.Length - 2}");
            rest.StatusCode.ShouldBe(
                from < whole.Length - 1 ? HttpStatusCode.PartialContent : HttpStatusCode.RequestedRangeNotSatisfiable
            );
            if (rest.IsSuccessStatusCode)
            {
                (await rest.Content.ReadAsByteArrayAsync()).ShouldBe(whole[from..^1]);
            }
        }

        using var last = await server.GetAsync(path, $"bytes={whole.Length / 2}-");
        (await last.Content.ReadAsByteArrayAsync()).ShouldBe(whole[(whole.Length / 2)..]);
    }

    [Fact]
    public async Task The_server_dies_in_the_middle_and_the_next_one_goes_on()
    {
        await using var server = await DownloadFixture.StartAsync();
        var (link, path) = await server.LinkAsync();
        server.Downloads.Hold(100_000);
        using var answer = await server.GetAsync(path);
        await using var body = await answer.Content.ReadAsStreamAsync();
        var got = new byte[90_000];
        await body.ReadExactlyAsync(got);
        await server.RestartAsync();
        await Should.ThrowAsync<HttpRequestException>(async () =>
        {
            try
            {
                await body.CopyToAsync(Stream.Null);
            }
            catch (IOException cut)
            {
                throw new HttpRequestException("cut", cut);
            }
        });
        server.Downloads.Go();

        using var rest = await server.GetAsync(path, $"bytes={got.Length}-");
        byte[] all = [.. got, .. await rest.Content.ReadAsByteArrayAsync()];
        all.ShouldBe(server.Downloads.Content);
        var found = await server.FindAsync(link);
        (found.Begun, found.Finished).ShouldBe((1, 1));
    }

    [Theory]
    // A process that died after the count and before the byte has spent a use: the link gives nothing more than was allowed.
    [InlineData(1, 0, HttpStatusCode.Gone, HttpStatusCode.PartialContent)]
    // One that died after the last byte and before its end mark was told: whoever has all bytes asks the sum.
    [InlineData(1, 1, HttpStatusCode.Gone, HttpStatusCode.Gone)]
    [InlineData(0, 0, HttpStatusCode.OK, HttpStatusCode.PartialContent)]
    public async Task What_a_kill_leaves_is_no_use_more(
        int begun,
        int finished,
        HttpStatusCode whole,
        HttpStatusCode part
    )
    {
        await using var server = await DownloadFixture.StartAsync();
        foreach (var (range, expected) in new[] { ((string?)null, whole), ("bytes=7-", part) })
        {
            var (link, path) = await server.LinkAsync();
            for (var i = 0; i < begun; i++)
            {
                await server.Metadata.Links.BeginAsync(link.Id, isPart: false, server.Time.GetUtcNow());
            }

            for (var i = 0; i < finished; i++)
            {
                await server.Metadata.Links.FinishAsync(link.Id);
            }

            await server.RestartAsync();
            using var answer = await server.GetAsync(path, range);
            answer.StatusCode.ShouldBe(expected);
            (await server.FindAsync(link)).Begun.ShouldBe(1, "never more than one");
        }
    }

    [Fact]
    public async Task Ranges_are_answered_as_the_standard_says_or_refused_and_never_with_everything()
    {
        await using var server = await DownloadFixture.StartAsync();
        var (link, path) = await server.LinkAsync(uses: 1);
        var length = server.Downloads.Content.Length;
        await PartAsync("bytes=0-0", 0, 1);
        await PartAsync("bytes=5-9", 5, 10);
        await PartAsync($"bytes=5-{long.MaxValue}", 5, length);
        await PartAsync("bytes=-4", length - 4, length);

        foreach (
            var wrong in new[]
            {
                "bytes=0-1,5-6",
                "bytes=0-,0-",
                "bytes=-",
                "bytes=-0",
                "bytes=9-5",
                "bytes=x-",
                "bytes=+1-",
                "bytes=-1-2",
                "bytes=99999999999999999999-",
                $"bytes={length}-",
                $"bytes={length + 5}-{length + 9}",
            }
        )
        {
            using var answer = await server.GetAsync(path, wrong);
            answer.StatusCode.ShouldBe(HttpStatusCode.RequestedRangeNotSatisfiable, wrong);
        }

        using (var beyond = await server.GetAsync(path, $"bytes={length}-"))
        {
            beyond.Content.Headers.ContentRange!.ToString().ShouldBe($"bytes */{length}");
        }

        var (_, fresh) = await server.LinkAsync();
        using var other = await server.GetAsync(fresh, "lines=1-2");
        other.StatusCode.ShouldBe(HttpStatusCode.OK, "a unit that is not known is no range");
        (await server.FindAsync(link)).Begun.ShouldBe(0, "what is refused costs nothing");

        async Task PartAsync(string range, int from, int end)
        {
            using var answer = await server.GetAsync(path, range);
            answer.StatusCode.ShouldBe(HttpStatusCode.PartialContent, range);
            answer.Content.Headers.ContentRange!.ToString().ShouldBe($"bytes {from}-{end - 1}/{length}");
            (await answer.Content.ReadAsByteArrayAsync()).ShouldBe(server.Downloads.Content[from..end]);
            if (end == length)
            {
                // The tail was the end of the use.
                (link, path) = await server.LinkAsync(uses: 1);
            }
        }
    }

    [Fact]
    public async Task What_a_cut_swallowed_behind_the_servers_back_can_be_had_for_a_moment_by_the_same_client()
    {
        await using var server = await DownloadFixture.StartAsync(limits =>
            limits with
            {
                Tail = TimeSpan.FromMinutes(2),
                TailBytes = 1000,
            }
        );
        var (link, path) = await server.LinkAsync();
        (await server.Http.GetByteArrayAsync(path)).Length.ShouldBe(server.Downloads.Content.Length);
        var from = server.Downloads.Content.Length - 1000;
        await server.RefusedAsync(path, HttpStatusCode.Gone, BackupHttpServerErrors.LinkUsedUp, $"bytes={from - 1}-");
        using (var tail = await server.GetAsync(path, $"bytes={from}-"))
        {
            (await tail.Content.ReadAsByteArrayAsync()).ShouldBe(server.Downloads.Content[from..]);
        }

        await server.RefusedAsync(path, HttpStatusCode.Gone, BackupHttpServerErrors.LinkUsedUp);
        (await server.FindAsync(link)).Begun.ShouldBe(1);
        server.Time.Advance(TimeSpan.FromMinutes(3));
        await server.RefusedAsync(path, HttpStatusCode.Gone, BackupHttpServerErrors.LinkUsedUp, $"bytes={from}-");
    }

    [Fact]
    public async Task Everything_asked_for_as_a_range_need_not_wait_for_its_length()
    {
        await using var server = await DownloadFixture.StartAsync();
        var (_, path) = await server.LinkAsync(uses: 2);
        using (var first = await server.GetAsync(path, "bytes=0-"))
        {
            first.StatusCode.ShouldBe(HttpStatusCode.OK);
            (await first.Content.ReadAsByteArrayAsync()).ShouldBe(server.Downloads.Content);
        }

        server.Downloads.Opened.ShouldBe(1);
        using var second = await server.GetAsync(path, "bytes=0-");
        second.StatusCode.ShouldBe(HttpStatusCode.PartialContent, "now it is known");
        (await second.Content.ReadAsByteArrayAsync()).ShouldBe(server.Downloads.Content);
        using var third = await server.GetAsync(path);
        third.StatusCode.ShouldBe(HttpStatusCode.Gone);
        server.Downloads.Opened.ShouldBe(2, "what is over is opened for nobody");
    }

    [Fact]
    public async Task Bytes_that_have_changed_are_begun_again()
    {
        await using var server = await DownloadFixture.StartAsync();
        var (link, path) = await server.LinkAsync();
        var got = await CutAsync(server, link, path, 120_000);
        (server.Downloads.Tag, server.Downloads.Content) = ("two", MadeUpDownloads.Bytes(250_000));

        using (var mixed = await server.GetAsync(path, $"bytes={got.Length}-"))
        {
            mixed.StatusCode.ShouldBe(
                HttpStatusCode.Conflict,
                "curl asks without a condition: the file would be half one, half the other"
            );
        }

        await server.RefusedAsync(
            path,
            HttpStatusCode.PreconditionFailed,
            BackupHttpServerErrors.DownloadPartUnsure,
            $"bytes={got.Length}-"
        );
        using (var all = await server.GetAsync(path, $"bytes={got.Length}-", "\"one\""))
        {
            all.StatusCode.ShouldBe(HttpStatusCode.OK);
            all.Headers.ETag!.Tag.ShouldBe("\"two\"");
            (await all.Content.ReadAsByteArrayAsync()).ShouldBe(server.Downloads.Content);
        }

        var found = await server.FindAsync(link);
        (found.Begun, found.Finished).ShouldBe((1, 1));
        found.Content!.Tag.ShouldBe("two.1");
    }

    /// <summary>The catalogue knows the new bytes alone by then, and a use of theirs is open: the start that the client has is of others all the same.</summary>
    [Fact]
    public async Task A_part_without_a_condition_is_refused_also_where_somebody_else_saw_the_change_first()
    {
        await using var server = await DownloadFixture.StartAsync();
        var (link, path) = await server.LinkAsync(uses: 3);
        var got = await CutAsync(server, link, path, 120_000);
        (server.Downloads.Tag, server.Downloads.Content) = ("two", MadeUpDownloads.Bytes(250_000));
        using (var whole = await server.GetAsync(path))
        {
            (await whole.Content.ReadAsByteArrayAsync()).ShouldBe(server.Downloads.Content);
        }

        await server.RefusedAsync(
            path,
            HttpStatusCode.PreconditionFailed,
            BackupHttpServerErrors.DownloadPartUnsure,
            $"bytes={got.Length}-"
        );
        using var known = await server.GetAsync(path, "bytes=120000-", "\"two\"");
        known.StatusCode.ShouldBe(HttpStatusCode.PartialContent);
        (await known.Content.ReadAsByteArrayAsync()).ShouldBe(server.Downloads.Content[120_000..]);
    }

    [Fact]
    public async Task So_many_downloads_go_on_at_once_and_no_more()
    {
        await using var server = await DownloadFixture.StartAsync(limits =>
            limits with
            {
                Parallel = 3,
                ParallelPerLink = 2,
            }
        );
        var (link, path) = await server.LinkAsync(uses: 9);
        var (_, other) = await server.LinkAsync(uses: 9);
        server.Downloads.Hold(50_000);
        var running = new List<HttpResponseMessage>();
        foreach (var one in new[] { path, path, other })
        {
            running.Add(await server.GetAsync(one));
        }

        foreach (var busy in new[] { path, other })
        {
            using var refused = await server.GetAsync(busy);
            await ServerFixture.RefusedAsync(
                refused,
                HttpStatusCode.TooManyRequests,
                BackupHttpServerErrors.DownloadTooBusy
            );
            refused.Headers.RetryAfter!.Delta.ShouldNotBeNull();
        }

        (await server.FindAsync(link)).Begun.ShouldBe(2);
        server.Downloads.Go();
        foreach (var one in running)
        {
            (await one.Content.ReadAsByteArrayAsync()).ShouldBe(server.Downloads.Content);
            one.Dispose();
        }

        await DownloadFixture.SoonAsync(async () => (await server.GetAsync(path)).StatusCode == HttpStatusCode.OK);
    }

    [Fact]
    public async Task Parts_and_guesses_are_counted()
    {
        await using var server = await DownloadFixture.StartAsync(limits =>
            limits with
            {
                PartsPerMinute = 3,
                RequestsPerSecondPerAddress = 10,
            }
        );
        var (_, path) = await server.LinkAsync(uses: 50);
        var parts = new List<HttpStatusCode>();
        for (var i = 0; i < 5; i++)
        {
            using var answer = await server.GetAsync(path, "bytes=9-9");
            parts.Add(answer.StatusCode);
        }

        parts.Count(static one => one == HttpStatusCode.PartialContent).ShouldBe(3);
        parts.Count(static one => one == HttpStatusCode.TooManyRequests).ShouldBe(2);
        var guesses = new List<HttpStatusCode>();
        for (var i = 0; i < 40; i++)
        {
            using var answer = await server.GetAsync($"/download/0123456789abcdef/guess{i}/rs0.archive");
            guesses.Add(answer.StatusCode);
        }

        guesses.Distinct().Order().ShouldBe([HttpStatusCode.NotFound, HttpStatusCode.TooManyRequests]);
        guesses.Count(static one => one == HttpStatusCode.NotFound).ShouldBeLessThan(35);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_reader_that_takes_nothing_is_cut_off_and_gives_its_place_back(bool http2)
    {
        await using var server = await DownloadFixture.StartAsync(limits =>
            limits with
            {
                Parallel = 1,
                Stall = TimeSpan.FromSeconds(1),
            }
        );
        // More than what lies in between can hold.
        server.Downloads.Content = MadeUpDownloads.Bytes(64 << 20);
        var (link, path) = await server.LinkAsync(uses: 2);
        using var http = server.Client(http2 ? HttpVersion.Version20 : HttpVersion.Version11);
        using var answer = await server.GetAsync(path, http: http);
        await using var body = await answer.Content.ReadAsStreamAsync();
        await body.ReadExactlyAsync(new byte[1000]);
        await DownloadFixture.SoonAsync(async () => (await server.AuditAsync(link)).Contains("cut BK8069"));
        using var next = await server.GetAsync(path);
        next.StatusCode.ShouldBe(HttpStatusCode.OK);
    }

    [Fact]
    public async Task A_client_of_the_first_HTTP_knows_the_length_beforehand()
    {
        await using var server = await DownloadFixture.StartAsync();
        var (_, path) = await server.LinkAsync();
        await using var socket = await TlsSocket.ConnectAsync(server.Server, SslApplicationProtocol.Http11);
        await socket.SendAsync($"GET {path} HTTP/1.0\r\nHost: localhost\r\n\r\n");
        var answer = await socket.ReadAllAsync();
        answer.ShouldContain($"Content-Length: {server.Downloads.Content.Length}\r\n");
        answer.ShouldNotContain("chunked");
    }

    private static async Task<byte[]> CutAsync(DownloadFixture server, DownloadLink link, string path, int at)
    {
        server.Downloads.Hold(at);
        using var http = server.Client(server.Http.DefaultRequestVersion);
        var answer = await server.GetAsync(path, http: http);
        var got = new byte[at];
        await using (var body = await answer.Content.ReadAsStreamAsync())
        {
            await body.ReadExactlyAsync(got);
        }

        answer.Dispose();
        http.Dispose();
        await DownloadFixture.SoonAsync(async () => (await server.AuditAsync(link)).Contains(AuditOutcomes.Cut));
        server.Downloads.Go();
        return got;
    }

    private static string Digest(byte[] sha256) => $"sha-256=:{Convert.ToBase64String(sha256)}:";

    /// <summary>A snapshot of its own, opened anew for each download.</summary>
    private sealed class ExportedSnapshot(MemoryBlockStore store, BlockId manifest, ExportFormat format, bool gzip)
        : IDownloads
    {
        public static async Task<ExportedSnapshot> MakeAsync(ExportFormat format, bool gzip)
        {
            var store = new MemoryBlockStore();
            using var head = Head.Create(
                store,
                new ReplicaSetIdentity("rs0", new string('0', 24), "4.2.4", "4.2", "wiredTiger")
            );
            foreach (var name in new[] { "orders", "items" })
            {
                var uuid = Guid.NewGuid();
                head.Catalogue.Set(
                    new CatalogueCollection(uuid, "shop", name, CollectionType.Collection, BsonDocument.Empty, [])
                );
                for (var id = 0; id < 3_000; id++)
                {
                    var text = $"text {id * 7919 % 1000}";
                    var document = BsonDocument.Build(writer => writer.Int32("_id"u8, id).String("t"u8, text));
                    head.Put(uuid, document.View, isInsert: true);
                }
            }

            return new ExportedSnapshot(store, (await head.FlushAsync(default)).Manifest, format, gzip);
        }

        public Task<IDownload> OpenAsync(DownloadLink link, CancellationToken cancellation) =>
            Task.FromResult<IDownload>(new Written(this));

        public async Task<byte[]> BytesAsync()
        {
            using var bytes = new MemoryStream();
            await WriteAsync(bytes, default);
            return bytes.ToArray();
        }

        private async Task WriteAsync(Stream output, CancellationToken cancellation)
        {
            var reader = await SnapshotReader.OpenAsync(store, manifest, cancellation);
            await SnapshotExport.ToStreamAsync(
                reader,
                format,
                output,
                new ExportOptions(gzip),
                cancellation: cancellation
            );
        }

        private sealed class Written(ExportedSnapshot owner) : IDownload
        {
            public string Tag => "snapshot";

            public Task WriteAsync(Stream output, CancellationToken cancellation) =>
                owner.WriteAsync(output, cancellation);

            public ValueTask DisposeAsync() => ValueTask.CompletedTask;
        }
    }
}
