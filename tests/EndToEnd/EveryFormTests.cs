using System.Diagnostics;
using System.Security.Cryptography;
using System.Text.Json;
using Backup.MongoWire.Bson;
using Backup.Tests.Support;
using Shouldly;

namespace Backup.Tests.EndToEnd;

/// <summary>
/// One source in all forms, once as a snapshot and once as a moment in between: the same documents, hashes and indexes, whichever way they take.
/// Judges are the source's own <c>dbHash</c> and catalogue, mongorestore, and a second server.
/// </summary>
public sealed class EveryFormTests
{
    private const int Seed = 20;

    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(1);

    [RealRestoreFact]
    public async Task EveryFormOfASnapshotAndOfAMomentHasTheSameDocumentsHashesAndIndexes()
    {
        var servers = await Task.WhenAll(Enumerable.Range(0, 3).Select(static _ => TestSource.RealAsync()));
        await using var source = servers[0];
        await using var restored = servers[1];
        await using var written = servers[2];
        await SourceContent.LoadAsync(source, Seed, large: 1);
        await ShapesAsync(source);
        await using var appliance = new ApplianceProcess(source.Uri) { AgentsPort = FreePorts.One() };
        appliance.Variables["BACKUP_MONGOD"] = $"4.2={RealMongo.Binary}";
        appliance.Up();
        await appliance.WaitForStateAsync("tailing");
        var first = await State.OfAsync(source);
        var id = RestoreCheck.Id((await appliance.RunAsync("snapshot", "rs0", "--wait")).Succeeded().Json);
        await ChangeAsync(source, "changed");
        var (second, moment) = (await State.OfAsync(source), await OptimeAsync(source));
        second.Hashes.SequenceEqual(first.Hashes).ShouldBeFalse();
        await ChangeAsync(source, "changed again");
        await UntilAsync(async () =>
            (await appliance.RunAsync("get", "rs0", "shop.orders", "17", "--optime", moment)).ExitCode == 0
        );

        await using var server = new SshdFactAttribute().Skip is null ? await SshdUnderTest.StartAsync() : null;
        if (server is not null)
        {
            await AddTargetAsync(appliance, server);
        }

        using var folder = new TemporaryFolder();
        foreach (
            var (wanted, gzip, which) in new (State, bool, string[])[]
            {
                (first, false, ["--snapshot", id]),
                (second, true, ["--optime", moment]),
            }
        )
        {
            var output = folder.File(which[0]);
            Directory.CreateDirectory(output);
            await Task.WhenAll(
                FilesAsync(appliance, restored, server, output, wanted, gzip, which),
                ServersAsync(appliance, written, output, wanted, which)
            );
        }

        await DataFilesAsync(appliance, folder.File("files"), second, "--optime", moment);
    }

    /// <summary>What mongorestore takes; downloaded and pushed it is the same to the byte.</summary>
    private static async Task FilesAsync(
        ApplianceProcess appliance,
        TestSource target,
        SshdUnderTest? server,
        string folder,
        State wanted,
        bool gzip,
        string[] which
    )
    {
        string[] packed = gzip ? ["--gzip"] : [];
        var archive = Path.Combine(folder, "archive");
        (await RestoreAsync(appliance, archive, [.. which, "--format", "archive", .. packed])).Succeeded();
        await MongorestoreAsync(target, wanted, [.. packed, $"--archive={archive}"]);

        // The other of the two is packed.
        string[] other = gzip ? [] : ["--gzip"];
        var dump = Path.Combine(folder, "dump");
        (await RestoreAsync(appliance, dump, [.. which, "--format", "directory", .. other])).Succeeded();
        await MongorestoreAsync(target, wanted, [.. other, $"--dir={dump}"]);

        var hash = await HashAsync(archive);
        var made = (await appliance.RunAsync(["links", "create", "rs0", .. which, .. packed])).Succeeded().Json;
        await ShellAsync(made.GetProperty("curl").GetString()!, folder);
        var loaded = Path.Combine(folder, made.GetProperty("link").GetProperty("fileName").GetString()!);
        (await HashAsync(loaded)).ShouldBe(hash);
        if (server is not null)
        {
            string[] push = ["restore", "rs0", .. which, "--push", "vault", .. packed];
            var pushed = (await appliance.RunAsync(push)).Succeeded().Json;
            (await HashAsync(pushed.GetProperty("path").GetString()!)).ShouldBe(hash);
        }
    }

    /// <summary>A server that is written to; then it is the judge of what is read one by one.</summary>
    private static async Task ServersAsync(
        ApplianceProcess appliance,
        TestSource target,
        string folder,
        State wanted,
        string[] which
    )
    {
        await EmptyAsync(target);
        (await appliance.RunAsync(["restore", "rs0", .. which, "--to", target.Uri])).Succeeded();
        (await State.OfAsync(target)).ShouldBe(wanted, "--to");

        var documents = await DocumentsAsync(target);
        documents.Values.Sum(static one => one.Count).ShouldBeGreaterThan(3_500);
        var lines = Path.Combine(folder, "lines");
        (await RestoreAsync(appliance, lines, [.. which, "--format", "ndjson"])).Succeeded();
        ShouldBeSame(await LinesAsync(lines), documents, "ndjson");
        await ServedAsync(appliance, target, documents, which);
        await SingleAsync(appliance, target, which);
    }

    private static async Task DataFilesAsync(
        ApplianceProcess appliance,
        string folder,
        State wanted,
        params string[] which
    )
    {
        (await RestoreAsync(appliance, folder, [.. which, "--format", "data-files"])).Succeeded();
        await using var server = MongodOnFiles.Start(Path.Combine(folder, "data"), FreePorts.One());
        await using var restored = TestSource.Of(server.Uri);
        (await State.OfAsync(restored)).ShouldBe(wanted, "data files");
    }

    private static async Task MongorestoreAsync(TestSource target, State wanted, string[] arguments)
    {
        await EmptyAsync(target);
        var (exitCode, said) = await MongoTools.RunAsync(
            "mongorestore",
            [$"--uri={target.Uri}", "--stopOnError", .. arguments]
        );
        exitCode.ShouldBe(0, said);
        said.ShouldContain(" 0 document(s) failed");
        (await State.OfAsync(target)).ShouldBe(wanted, string.Join(' ', arguments));
    }

    /// <summary>All documents, by a client of the endpoint; and what it says there is.</summary>
    private static async Task ServedAsync(
        ApplianceProcess appliance,
        TestSource target,
        Dictionary<string, List<string>> documents,
        string[] which
    )
    {
        var served = (await appliance.RunAsync(["serve", "rs0", .. which, "--no-tls"])).Succeeded().Json;
        var password = served.GetProperty("password").GetString();
        var uri = served.GetProperty("uri").GetString()!;
        await using (
            var endpoint = TestSource.Of(uri.Replace("backup@", $"backup:{password}@", StringComparison.Ordinal))
        )
        {
            ShouldBeSame(await DocumentsAsync(endpoint), documents, "serve");
            (await endpoint.CatalogueAsync())
                .Where(IsOwn)
                .ShouldBe((await target.CatalogueAsync()).Where(IsOwn), "serve");
            const string view = """{"find":"expensive","sort":{"_id":1},"collation":{"locale":"simple"}}""";
            (await endpoint.ListAsync("shop", view)).ShouldBe(await target.ListAsync("shop", view));
        }

        (await appliance.RunAsync("serve", "--stop", served.GetProperty("id").GetString()!)).Succeeded();

        static bool IsOwn(string line) => !line.Contains(".system.", StringComparison.Ordinal);
    }

    private static async Task SingleAsync(ApplianceProcess appliance, TestSource target, string[] which)
    {
        foreach (
            var (ns, id) in new[]
            {
                ("shop.orders", "18"),
                ("shop.types", "\"everything\""),
                ("shop.ids", """{"$numberDecimal":"17.25"}"""),
                ("shop.names", "3"),
            }
        )
        {
            var found = (await appliance.RunAsync(["get", "rs0", ns, id, "--canonical", .. which])).Succeeded().Json;
            var there = await target.ListAsync(
                "shop",
                $$"""{"find":"{{ns[5..]}}","filter":{"_id":{{id}} },"collation":{"locale":"simple"} }"""
            );
            ExtendedJson.Parse(found.GetProperty("document").GetRawText()).ShouldBe(there.ShouldHaveSingleItem());
        }
    }

    /// <summary>What the content for all tests lacks: a collation, and every kind of index.</summary>
    private static async Task ShapesAsync(TestSource source)
    {
        await source.RunAsync("shop", """{"create":"names","collation":{"locale":"de","strength":2}}""");
        await source.InsertAsync("shop", "names", SourceContent.Many(60, new Random(Seed), 50, 100));
        await source.RunAsync(
            "shop",
            """
            {"createIndexes":"names","indexes":[
              {"key":{"text":"text"},"name":"words","default_language":"german","weights":{"text":3},"collation":{"locale":"simple"}},
              {"key":{"place":"2dsphere"},"name":"place","collation":{"locale":"simple"}},
              {"key":{"n":"hashed"},"name":"hashed","collation":{"locale":"simple"}},
              {"key":{"$**":1},"name":"wild","wildcardProjection":{"noise":0}},
              {"key":{"text":1},"name":"french","collation":{"locale":"fr"},"sparse":true}]}
            """
        );
    }

    private static async Task ChangeAsync(TestSource source, string text)
    {
        await source.RunAsync(
            "shop",
            $$"""{"update":"orders","updates":[{"q":{"even":true},"u":{"$set":{"changed":"{{text}}"},"$inc":{"n":1} },"multi":true}]}"""
        );
        await source.RunAsync(
            "shop",
            """{"delete":"orders","deletes":[{"q":{"_id":{"$mod":[31,5]},"changed":{"$ne":"changed again"}},"limit":0}]}"""
        );
        await source.InsertAsync(
            "shop",
            "capped",
            SourceContent.Many(20, new Random(text.Length), 60, 90).Select(Fresh)
        );
        await source.RunAsync(
            "shop",
            $$"""{"createIndexes":"types","indexes":[{"key":{"{{text}}":1},"name":"{{text}}"}]}"""
        );

        BsonDocument Fresh(BsonDocument document, int place) =>
            BsonDocument.Build(w => w.String("_id"u8, $"{text} {place}").Document("was"u8, document));
    }

    /// <summary>By namespace the hashes of the documents, in order.</summary>
    private static async Task<Dictionary<string, List<string>>> DocumentsAsync(TestSource of)
    {
        var all = new Dictionary<string, List<string>>(StringComparer.Ordinal);
        foreach (var ns in (await of.CollectionsAsync()).Values.Where(static ns => !ns.Contains(".system.")))
        {
            var dot = ns.IndexOf('.', StringComparison.Ordinal);
            var find = BsonDocument.Build(w =>
                w.String("find"u8, ns[(dot + 1)..])
                    .Document("collation"u8, ExtendedJson.Parse("""{"locale":"simple"}"""))
            );
            all[ns] = [.. (await of.ListAsync(ns[..dot], find)).Select(Hash).Order(StringComparer.Ordinal)];
        }

        return all;
    }

    private static async Task<Dictionary<string, List<string>>> LinesAsync(string path)
    {
        var all = new Dictionary<string, List<string>>(StringComparer.Ordinal);
        await foreach (var text in File.ReadLinesAsync(path))
        {
            using var line = JsonDocument.Parse(text);
            var ns = line.RootElement.GetProperty("ns").GetString()!;
            all.TryAdd(ns, []);
            all[ns].Add(Hash(ExtendedJson.Parse(line.RootElement.GetProperty("doc").GetRawText())));
        }

        return all;
    }

    private static void ShouldBeSame(
        Dictionary<string, List<string>> made,
        Dictionary<string, List<string>> wanted,
        string form
    )
    {
        foreach (var (ns, documents) in wanted)
        {
            (made.GetValueOrDefault(ns) ?? [])
                .Order(StringComparer.Ordinal)
                .ToList()
                .ShouldBe(documents, $"{form} {ns}");
        }

        made.Keys.Except(wanted.Keys).Where(static ns => !ns.Contains(".system.")).ShouldBeEmpty(form);
    }

    private static async Task EmptyAsync(TestSource target)
    {
        foreach (var database in (await target.HashesAsync()).Keys)
        {
            await target.RunAsync(database, """{"dropDatabase":1}""");
        }
    }

    private static Task<CommandResult> RestoreAsync(
        ApplianceProcess appliance,
        string output,
        params string[] arguments
    ) => appliance.RunAsync(["restore", "rs0", .. arguments, "--output", output]);

    private static async Task<string> OptimeAsync(TestSource source)
    {
        var at = (await source.RunAsync("admin", """{"isMaster":1}"""))
            .View["lastWrite"u8]
            .AsDocument["opTime"u8]
            .AsDocument["ts"u8]
            .AsTimestamp;
        return $"{at >> 32},{at & uint.MaxValue}";
    }

    private static async Task AddTargetAsync(ApplianceProcess appliance, SshdUnderTest server)
    {
        var key = (await appliance.RunAsync("ssh", "keys", "create", "offsite")).Succeeded().Json;
        server.Authorize(key.GetProperty("publicKey").GetString()!);
        string[] add = ["ssh", "targets", "add", "vault", "--host", server.Address, "--folder", server.Folder];
        (await appliance.RunAsync([.. add, "--key", "offsite", "--host-key", server.Fingerprint])).Succeeded();
    }

    private static async Task ShellAsync(string line, string folder)
    {
        using var shell = Process.Start(
            new ProcessStartInfo("sh", ["-c", line])
            {
                WorkingDirectory = folder,
                UseShellExecute = false,
                RedirectStandardError = true,
            }
        )!;
        var said = await shell.StandardError.ReadToEndAsync();
        await shell.WaitForExitAsync();
        shell.ExitCode.ShouldBe(0, said);
    }

    private static async Task UntilAsync(Func<Task<bool>> wanted)
    {
        for (var watch = Stopwatch.StartNew(); !await wanted(); await Task.Delay(50))
        {
            watch.Elapsed.ShouldBeLessThan(Patience);
        }
    }

    private static string Hash(BsonDocument document) => Convert.ToHexStringLower(SHA256.HashData(document.Span));

    private static async Task<string> HashAsync(string path)
    {
        await using var file = File.OpenRead(path);
        return Convert.ToHexStringLower(await SHA256.HashDataAsync(file));
    }

    /// <summary>What a server says of all its data.</summary>
    private sealed record State(List<string> Hashes, List<string> Catalogue)
    {
        internal static async Task<State> OfAsync(TestSource source)
        {
            var hashes = await source.HashesAsync();
            return new State(
                [
                    .. hashes.Select(static one => $"{one.Key} {one.Value.Md5}").Order(StringComparer.Ordinal),
                    .. RestoreCheck
                        .Flat(hashes)
                        .Select(static one => $"{one.Key.Database}.{one.Key.Collection} {one.Value}")
                        .Order(StringComparer.Ordinal),
                ],
                [.. await source.CatalogueAsync()]
            );
        }

        internal void ShouldBe(State wanted, string form)
        {
            Catalogue.ShouldBe(wanted.Catalogue, form);
            Hashes.ShouldBe(wanted.Hashes, form);
        }
    }
}
