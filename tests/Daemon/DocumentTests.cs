using Backup.Daemon;
using Backup.Daemon.Documents;
using Backup.Daemon.PointInTime;
using Backup.Foundation;
using Backup.Foundation.Errors;
using Backup.MongoWire.Bson;
using Shouldly;
using Xunit;
using static Backup.Tests.Daemon.StoredSource;

namespace Backup.Tests.Daemon;

/// <summary>Single documents, and what became of them; the judge is a plain dictionary that every operation is done to at once.</summary>
public sealed class DocumentTests
{
    private const string Ns = "shop.orders";
    private const string Other = "shop.others";
    private static readonly uint Start = (uint)TimeProvider.System.GetUtcNow().AddHours(-2).ToUnixTimeSeconds();

    private static Optime At(uint seconds, uint ordinal = 1) => new(Start + seconds, ordinal, 1);

    [Theory]
    [InlineData(1, 1 << 20)]
    [InlineData(2, 1)]
    [InlineData(3, 1)]
    public async Task Every_version_is_told_and_every_moment_has_its_own(int seed, long memory)
    {
        var random = new Random(seed);
        await using var daemon = await DaemonFixture.StartAsync();
        var model = new Model(random);
        await SyncAsync(daemon, model);
        // The schedule may take a snapshot of its own before the first slice.
        var moments = new List<(Optime At, Dictionary<string, Dictionary<int, string>> Contents)>
        {
            (At(5), model.Contents()),
        };
        uint second = 10;
        for (var slice = 0; slice < 30; slice++)
        {
            var entries = new List<BsonDocument>();
            for (var n = random.Next(1, 40); n > 0; n--)
            {
                var at = At(second += 2);
                entries.Add(model.Step(at));
                moments.Add((at, model.Contents()));
            }

            await daemon.Source.ShipAsync([.. entries]);
            if (slice is 5 or 20)
            {
                await daemon.WaitForOptimeAsync(moments[^1].At);
                await daemon.SnapshotAsync();
            }
        }

        var first = (await daemon.Metadata.Snapshots.ListAsync(daemon.Source.Set.Id))[^1].Optime;
        var known = moments.FindAll(one => one.At >= first);
        foreach (var ns in new[] { Ns, Other })
        {
            foreach (var id in new[] { 1, 2, 3, 4, 99 })
            {
                (await HistoryAsync(daemon, ns, id, memory)).ShouldBe(Versions(known, ns, id), $"{ns} {id}");
            }
        }

        // From any moment on it is the same, told from there.
        var (from, to) = (known.Count / 3, known.Count * 2 / 3);
        (await HistoryAsync(daemon, Ns, 2, memory, known[from].At, known[to].At)).ShouldBe(
            Versions(known[from..(to + 1)], Ns, 2)
        );
        var some = known.ToArray();
        random.Shuffle(some);
        foreach (var moment in some.Take(15))
        {
            var id = random.Next(1, 6);
            (await GetAsync(daemon, RestorePoint.UpTo(moment.At), id, memory)).ShouldBe(Text(moment.Contents, Ns, id));
        }

        Directory.EnumerateFileSystemEntries(Path.Combine(daemon.SpillFolder, "restores")).ShouldBeEmpty();
        (await daemon.Metadata.Holds.ListAsync(daemon.Source.Set.Id)).ShouldBeEmpty();
    }

    [Fact]
    public async Task A_snapshot_gives_a_document_whatever_type_its_id_is_written_in()
    {
        await using var daemon = await DaemonFixture.StartAsync();
        var source = daemon.Source;
        var orders = Guid.NewGuid();
        source.Lists(Ns, orders);
        await source.BeginAsync("sync", At(0));
        string[] ids =
        [
            "17",
            "18.5",
            "\"17\"",
            "\"0123456789abcdef01234567\"",
            "\"text\"",
            """{"$oid":"0123456789abcdef01234567"}""",
            """{"$binary":{"base64":"ASNFZ4mrze8BI0VniavN7w==","subType":"04"}}""",
            """{"a":1,"b":"x"}""",
        ];
        var documents = ids.Select((id, n) => ExtendedJson.Parse($$"""{"_id":{{id}},"n":{{n}}}""")).ToArray();
        await source.CopyAsync(
            orders,
            [.. documents.OrderBy(one => Backup.Snapshots.Keys.DocumentKey.Of(one.View), Keys)]
        );
        await source.DoneAsync(orders);
        await source.CopiedAsync(At(5));
        await source.ShipAsync(Noop(At(0)), Noop(At(5)));
        var snapshot = await daemon.TakeSnapshotAsync();
        var service = new DocumentService(daemon.RestoreServices());

        foreach (
            var (written, n) in new (string, int?)[]
            {
                ("17", 0),
                ("17.0", 0),
                ("""{"$numberLong":"17"}""", 0),
                ("18.5", 1),
                ("\"17\"", 2),
                ("text", 4),
                ("\"text\"", 4),
                // Twenty-four digits are an ObjectId before they are text.
                ("0123456789abcdef01234567", 5),
                ("\"0123456789abcdef01234567\"", 3),
                ("01234567-89ab-cdef-0123-456789abcdef", 6),
                ("""{"a":1,"b":"x"}""", 7),
                ("""{"b":"x","a":1}""", null),
                ("nobody", null),
                ("{not json", null),
            }
        )
        {
            var found = await service.GetAsync(snapshot, Ns, DocumentIds.Parse(written));
            (found.Document is { } document ? (int?)document.View["n"u8].AsInt32 : null).ShouldBe(n, written);
            found.At.ShouldBe(snapshot.Optime);
        }

        var missing = await Should.ThrowAsync<BackupException>(() =>
            service.GetAsync(snapshot, "shop.nothing", DocumentIds.Parse("1"))
        );
        missing.Number.ShouldBe(DaemonErrors.NamespaceUnknown);
        foreach (var wrong in new[] { "", "[1,2]", """{"$regularExpression":{"pattern":"a","options":""}}""" })
        {
            Should.Throw<BackupException>(() => DocumentIds.Parse(wrong)).Number.ShouldBe(DaemonErrors.NotAnId);
        }
    }

    [Fact]
    public async Task A_capped_collection_has_moments_but_no_history()
    {
        await using var daemon = await DaemonFixture.StartAsync();
        var ring = Guid.NewGuid();
        daemon.Source.Lists(Ns, ring, ExtendedJson.Parse("""{"capped":true,"size":4096,"max":2}"""));
        await daemon.Source.BeginAsync("sync", At(0));
        await daemon.Source.CopyAsync(ring, Document(1, "one"));
        await daemon.Source.DoneAsync(ring);
        await daemon.Source.CopiedAsync(At(5));
        await daemon.Source.ShipAsync(Noop(At(0)), Noop(At(5)));
        await daemon.SnapshotAsync();
        await daemon.Source.ShipAsync(
            Insert(At(10), Ns, ring, Document(2, "two")),
            Insert(At(11), Ns, ring, Document(3, "three")),
            Noop(At(20))
        );
        (await GetAsync(daemon, RestorePoint.UpTo(At(10)), 1)).ShouldBe("one");
        (await GetAsync(daemon, RestorePoint.UpTo(At(11)), 1)).ShouldBeNull("it was overwritten");
        (await GetAsync(daemon, RestorePoint.UpTo(At(11)), 3)).ShouldBe("three");
        (await Should.ThrowAsync<BackupException>(() => HistoryAsync(daemon, Ns, 1))).Number.ShouldBe(
            DaemonErrors.CappedHistory
        );
    }

    private static Comparer<byte[]> Keys { get; } =
        Comparer<byte[]>.Create((left, right) => left.AsSpan().SequenceCompareTo(right));

    private static async Task SyncAsync(DaemonFixture daemon, Model model)
    {
        daemon.Source.Lists(Ns, model.Uuid(Ns));
        daemon.Source.Lists(Other, model.Uuid(Other));
        await daemon.Source.BeginAsync("sync", At(0));
        await daemon.Source.CopyAsync(model.Uuid(Ns), Document(1, "one"), Document(2, "two"));
        await daemon.Source.DoneAsync(model.Uuid(Ns));
        await daemon.Source.DoneAsync(model.Uuid(Other));
        await daemon.Source.CopiedAsync(At(5));
        await daemon.Source.ShipAsync(Noop(At(0)), Noop(At(5)));
    }

    private static async Task<List<string>> HistoryAsync(
        DaemonFixture daemon,
        string ns,
        int id,
        long memory = 1 << 20,
        Optime? since = null,
        Optime? until = null
    )
    {
        var set = await daemon.Metadata.Deployments.FindReplicaSetAsync(daemon.Source.Set.Id);
        var history = new DocumentHistory(daemon.RestoreServices(memory), set!, ns, DocumentIds.Parse($"{id}"));
        var versions = new List<string>();
        await foreach (
            var version in history.ReadAsync(
                since is { } first ? RestorePoint.UpTo(first) : null,
                until is { } last ? RestorePoint.UpTo(last) : null
            )
        )
        {
            var text = version.Document is { } document ? document.View["text"u8].AsString : "-";
            versions.Add($"{version.At.T - Start} {version.Change} {text} {string.Join(",", version.Fields)}");
        }

        return versions;
    }

    private static async Task<string?> GetAsync(DaemonFixture daemon, RestorePoint point, int id, long memory = 1 << 20)
    {
        var set = await daemon.Metadata.Deployments.FindReplicaSetAsync(daemon.Source.Set.Id);
        try
        {
            var found = await new DocumentService(daemon.RestoreServices(memory)).GetAsync(
                set!,
                point,
                Ns,
                DocumentIds.Parse($"{id}")
            );
            return found.Document is { } document ? document.View["text"u8].AsString : null;
        }
        catch (BackupException none) when (none.Number == DaemonErrors.NamespaceUnknown)
        {
            return null;
        }
    }

    private static string? Text(Dictionary<string, Dictionary<int, string>> contents, string ns, int id) =>
        contents.TryGetValue(ns, out var documents) ? documents.GetValueOrDefault(id) : null;

    /// <summary>What the model says of one document.</summary>
    private static List<string> Versions(
        List<(Optime At, Dictionary<string, Dictionary<int, string>> Contents)> moments,
        string ns,
        int id
    )
    {
        var before = Text(moments[0].Contents, ns, id);
        var versions = new List<string> { $"{moments[0].At.T - Start} Was {before ?? "-"} " };
        foreach (var (at, contents) in moments.Skip(1))
        {
            var now = Text(contents, ns, id);
            if (now != before)
            {
                versions.Add(
                    now is null ? $"{at.T - Start} Deleted - "
                    : before is null ? $"{at.T - Start} Inserted {now} "
                    : $"{at.T - Start} Updated {now} text"
                );
            }

            before = now;
        }

        return versions;
    }

    /// <summary>Two collections whose documents change, that are renamed, dropped and made again.</summary>
    private sealed class Model(Random random)
    {
        private readonly Dictionary<string, (Guid Uuid, Dictionary<int, string> Texts)> _collections = new()
        {
            [Ns] = (Guid.NewGuid(), new() { [1] = "one", [2] = "two" }),
            [Other] = (Guid.NewGuid(), []),
        };

        internal Guid Uuid(string ns) => _collections[ns].Uuid;

        internal Dictionary<string, Dictionary<int, string>> Contents() =>
            _collections.ToDictionary(pair => pair.Key, pair => new Dictionary<int, string>(pair.Value.Texts));

        internal BsonDocument Step(Optime at)
        {
            var ns = random.Next(2) == 0 ? Ns : Other;
            if (!_collections.TryGetValue(ns, out var collection))
            {
                var made = Guid.NewGuid();
                _collections[ns] = (made, []);
                return Command(at, "shop.$cmd", ExtendedJson.Parse($$"""{"create":"{{ns[5..]}}"}"""), made);
            }

            var other = ns == Ns ? Other : Ns;
            switch (random.Next(60))
            {
                case 0:
                    _collections.Remove(ns);
                    return Command(
                        at,
                        "shop.$cmd",
                        ExtendedJson.Parse($$"""{"drop":"{{ns[5..]}}"}"""),
                        collection.Uuid
                    );
                case 1 when !_collections.ContainsKey(other):
                    _collections.Remove(ns);
                    _collections[other] = collection;
                    return Command(
                        at,
                        "shop.$cmd",
                        ExtendedJson.Parse(
                            $$"""{"renameCollection":"{{ns}}","to":"{{other}}","stayTemp":false,"dropTarget":false}"""
                        ),
                        collection.Uuid
                    );
                default:
                    return Write(at, ns, collection);
            }
        }

        private BsonDocument Write(Optime at, string ns, (Guid Uuid, Dictionary<int, string> Texts) collection)
        {
            var id = random.Next(1, 6);
            var text = new string((char)('a' + random.Next(26)), 1 + random.Next(500));
            if (!collection.Texts.ContainsKey(id))
            {
                collection.Texts[id] = text;
                return Insert(at, ns, collection.Uuid, Document(id, text));
            }

            if (random.Next(3) == 0)
            {
                collection.Texts.Remove(id);
                return Delete(at, ns, collection.Uuid, id);
            }

            collection.Texts[id] = text;
            return Set1(at, ns, collection.Uuid, id, text);
        }
    }
}
