using System.Text.RegularExpressions;
using Backup.MongoWire.Bson;
using Backup.MongoWire.Client;
using Backup.MongoWire.Uri;
using Backup.Sandbox;
using Backup.Tests.Support;
using Shouldly;
using Xunit.Abstractions;

namespace Backup.Tests.Sandbox;

/// <summary>
/// The same commands on the sandbox and on a real server: the same refusals, the same oplog entries field by field and the same
/// <c>config.transactions</c>, but for times, UUIDs and the names of temporary collections, which are numbered by their first appearance.
/// </summary>
public sealed partial class RealEntriesTests(ITestOutputHelper output)
{
    private const string Session = "00000000-0000-0000-0000-0000000000a1";
    private const string Second = "00000000-0000-0000-0000-0000000000a2";
    private const string Marker = """{"appendOplogNote":1,"data":{"marker":1}}""";

    [RealMongoFact]
    public Task TransactionsAreLoggedAsARealServerLogsThem() =>
        CompareAsync([
            .. Setup,
            .. Transaction(
                1,
                "commitTransaction",
                """{"insert":"a","documents":[{"_id":10},{"_id":11,"x":1}]}""",
                """{"update":"b","updates":[{"q":{"_id":1},"u":{"$set":{"x":1}},"upsert":true}]}""",
                """{"update":"a","updates":[{"q":{"_id":1},"u":{"$inc":{"n":1}}},{"q":{"_id":2},"u":{"n":7}}]}""",
                """{"update":"a","updates":[{"q":{"_id":11},"u":{"$set":{"x":1}}}]}""",
                """{"delete":"a","deletes":[{"q":{"_id":2},"limit":1},{"q":{"n":4},"limit":0}]}""",
                """{"findAndModify":"a","query":{"_id":3},"update":{"$set":{"f":1}}}"""
            ),
            InSession("""{"commitTransaction":1}""", 1, "admin"),
            .. Transaction(2, "abortTransaction", """{"insert":"a","documents":[{"_id":20}]}"""),
            InSession("""{"commitTransaction":1}""", 2, "admin"),
            .. Transaction(3, "commitTransaction", """{"insert":"a","documents":[{"_id":10}]}"""),
            .. Transaction(4, "commitTransaction", """{"find":"a","filter":{}}"""),
            .. Transaction(5, "commitTransaction", """{"insert":"nowhere","documents":[{"_id":10}]}"""),
            .. Transaction(6, "commitTransaction", """{"count":"a"}"""),
            .. Transaction(7, "abortTransaction", """{"insert":"capped","documents":[{"_id":9}]}"""),
            .. Transaction(8, "abortTransaction", """{"delete":"capped","deletes":[{"q":{},"limit":1}]}"""),
            InSession("""{"insert":"a","documents":[{"_id":40}]}""", 9, "db", """, "startTransaction":true"""),
            // Given up by the next one.
            .. Transaction(10, "commitTransaction", """{"insert":"a","documents":[{"_id":40}]}"""),
            InSession("""{"insert":"a","documents":[{"_id":41}]}""", 9, "db"),
            InSession("""{"insert":"a","documents":[{"_id":41}]}""", 10, "db"),
        ]);

    [RealMongoFact]
    public Task ALargeTransactionIsAChainOfEntries()
    {
        var pad = new string('x', 4_200_000);
        return CompareAsync([
            .. Setup,
            .. Transaction(
                1,
                "commitTransaction",
                [
                    .. Enumerable
                        .Range(0, 5)
                        .Select(i => $$$"""{"insert":"a","documents":[{"_id":"L{{{i}}}","pad":"{{{pad}}}"}]}"""),
                    """{"update":"a","updates":[{"q":{"_id":1},"u":{"$set":{"x":1}}}]}""",
                ]
            ),
        ]);
    }

    [RealMongoFact]
    public Task RetryableWritesAreLoggedOnceAndAnsweredTwice() =>
        CompareAsync([
            .. Setup,
            .. Twice(1, """{"insert":"a","documents":[{"_id":"r1"},{"_id":"r2"}]}"""),
            .. Twice(
                2,
                """{"update":"a","updates":[{"q":{"_id":"r1"},"u":{"$inc":{"n":1}}},{"q":{"_id":"up"},"u":{"$inc":{"n":1}},"upsert":true}]}"""
            ),
            .. Twice(3, """{"findAndModify":"a","query":{"_id":"r1"},"update":{"$inc":{"n":1}}}"""),
            .. Twice(4, """{"findAndModify":"a","query":{"_id":"r1"},"update":{"$inc":{"n":1}},"new":true}"""),
            .. Twice(5, """{"findAndModify":"a","query":{"_id":"r1"},"remove":true}"""),
            .. Twice(6, """{"findAndModify":"a","query":{"_id":"fu"},"update":{"$inc":{"n":1}},"upsert":true}"""),
            .. Twice(7, """{"delete":"a","deletes":[{"q":{"_id":"r2"},"limit":1}]}"""),
            .. Twice(8, """{"update":"a","updates":[{"q":{"_id":"none"},"u":{"$inc":{"n":1}}}]}"""),
            .. Twice(9, """{"update":"a","updates":[{"q":{"_id":0},"u":{"$set":{"n":0}}}]}"""),
            .. Twice(1, """{"insert":"a","documents":[{"_id":"late"}]}"""),
        ]);

    [RealMongoFact]
    public Task ChangesOfTheCatalogueAreLoggedAsARealServerLogsThem() =>
        CompareAsync([
            .. Setup,
            ("db", """{"create":"v","validator":{"n":1}}"""),
            ("db", """{"collMod":"v","validator":{"y":1}}"""),
            ("db", """{"collMod":"v","validator":{"z":1},"validationLevel":"moderate","validationAction":"warn"}"""),
            ("db", """{"collMod":"v","validator":{},"validationLevel":"off"}"""),
            ("db", """{"createIndexes":"v","indexes":[{"key":{"t":1},"name":"t","expireAfterSeconds":100}]}"""),
            ("db", """{"collMod":"v","index":{"name":"t","expireAfterSeconds":200}}"""),
            ("db", """{"collMod":"v","index":{"keyPattern":{"t":1},"expireAfterSeconds":300},"validator":{"z":2}}"""),
            ("db", """{"collMod":"v"}"""),
            ("db", """{"collMod":"v","index":{"name":"none","expireAfterSeconds":400}}"""),
            ("db", """{"collMod":"nowhere","validator":{}}"""),
            ("db", """{"create":"w","viewOn":"a","pipeline":[]}"""),
            ("db", """{"collMod":"w","viewOn":"b","pipeline":[{"$limit":1}]}"""),
            ("db", """{"collMod":"w","validator":{}}"""),
            ("db", """{"create":"odd","capped":true,"size":5000,"max":3}"""),
            ("db", """{"insert":"odd","documents":[{"_id":1},{"_id":2},{"_id":3},{"_id":4}]}"""),
            ("db", """{"createIndexes":"a","indexes":[{"key":{"n":1},"name":"n"}]}"""),
            ("db", """{"convertToCapped":"a","size":5000}"""),
            ("db", """{"convertToCapped":"nowhere","size":5000}"""),
            ("db", """{"convertToCapped":"w","size":5000}"""),
            ("admin", """{"renameCollection":"db.v","to":"db.v2"}"""),
            ("admin", """{"renameCollection":"db.v2","to":"db.b","dropTarget":true}"""),
            ("admin", """{"renameCollection":"db.b","to":"other.b"}"""),
            ("other", """{"dropIndexes":"b","index":"*"}"""),
            ("other", """{"drop":"b"}"""),
            ("db", """{"drop":"w"}"""),
            // One collection: of several a server drops first which it likes.
            ("other", """{"create":"last"}"""),
            ("other", """{"dropDatabase":1}"""),
        ]);

    private static IEnumerable<(string, string)> Setup =>
        [
            ("db", """{"create":"a"}"""),
            ("db", """{"create":"b"}"""),
            ("db", """{"create":"capped","capped":true,"size":4096}"""),
            ("db", """{"insert":"capped","documents":[{"_id":1}]}"""),
            (
                "db",
                """{"insert":"a","documents":[{"_id":0,"n":0},{"_id":1,"n":1},{"_id":2,"n":2},{"_id":3,"n":3},{"_id":4,"n":4}]}"""
            ),
        ];

    private static IEnumerable<(string, string)> Transaction(int number, string end, params string[] commands) =>
        [
            .. commands.Select(
                (command, i) => InSession(command, number, "db", i == 0 ? """, "startTransaction":true""" : "")
            ),
            InSession($$$"""{"{{{end}}}":1}""", number, "admin"),
        ];

    private static (string, string) InSession(string command, int number, string database, string more = "") =>
        (database, $$$"""{{{command[..^1]}}},{{{Ids(Session, number)}}},"autocommit":false{{{more}}}}""");

    private static IEnumerable<(string, string)> Twice(int number, string command) =>
        Enumerable.Repeat(("db", $$$"""{{{command[..^1]}}},{{{Ids(Second, number)}}}}"""), 2);

    private static string Ids(string session, int number) =>
        $$$"""
            "lsid":{"id":{"$uuid":"{{{session}}}"}},"txnNumber":{"$numberLong":"{{{number}}}"}
            """;

    private async Task CompareAsync(IReadOnlyList<(string Database, string Command)> commands)
    {
        await using var real = await RealMongo.StartAsync();
        await using var sandbox = await SandboxReplicaSet.StartAsync(new SandboxOptions { ReplicaSetName = "rs0" });
        var wanted = await RunAsync(real.ConnectionString, commands);
        var found = await RunAsync(sandbox.ConnectionString, commands);
        output.WriteLine(string.Join('\n', wanted.Select(line => line.Length > 300 ? line[..300] : line)));
        wanted.Count.ShouldBeGreaterThan(commands.Count);
        for (var i = 0; i < Math.Max(wanted.Count, found.Count); i++)
        {
            found.ElementAtOrDefault(i).ShouldBe(wanted.ElementAtOrDefault(i), $"line {i}");
        }
    }

    /// <summary>What each command was answered, the entries that it left, and the sessions.</summary>
    private static async Task<List<string>> RunAsync(
        string uri,
        IReadOnlyList<(string Database, string Command)> commands
    )
    {
        await using var client = new MongoClient(ConnectionString.Parse(uri), new MongoClientOptions());
        var lines = new List<string>();
        await AskAsync(client, "admin", Marker);
        foreach (var (database, command) in commands)
        {
            lines.Add($"{command[..Math.Min(60, command.Length)]}: {await AskAsync(client, database, command)}");
        }

        var masks = new Masks();
        lines.AddRange(
            (await ListAsync(client, "local", """{"find":"oplog.rs","filter":{}}"""))
                .SkipWhile(entry => !entry.Contains("\"marker\"", StringComparison.Ordinal))
                .Where(entry => !IsServersOwn(entry))
                .Select(masks.Apply)
        );
        lines.AddRange(
            (await ListAsync(client, "config", """{"find":"transactions","filter":{}}""")).Select(masks.Apply)
        );
        return lines;
    }

    private static bool IsServersOwn(string entry) =>
        entry.Contains("\"ns\":\"config.", StringComparison.Ordinal)
        || entry.Contains("periodic noop", StringComparison.Ordinal);

    private static async Task<string> AskAsync(MongoClient client, string database, string command)
    {
        try
        {
            using var reply = await client.RunCommandAsync(
                database,
                ExtendedJson.Parse(command),
                ReadTarget.Primary,
                CancellationToken.None
            );
            var said = new List<string>();
            foreach (var field in reply.View)
            {
                if (field.NameIs("n"u8) || field.NameIs("nModified"u8))
                {
                    said.Add($"{field.NameText} {field.ToInt64()}");
                }

                if (field.NameText is "value" or "lastErrorObject" or "upserted")
                {
                    said.Add(ExtendedJson.ToText(Wrapped(field).View));
                }

                if (field.NameIs("writeErrors"u8))
                {
                    said.Add($"error {field.AsDocument.First.AsDocument["code"u8].ToInt64()}");
                }
            }

            return string.Join(' ', said);
        }
        catch (CommandException refused)
        {
            return $"refused {refused.ServerCode} {string.Join(' ', refused.Labels)}";
        }
    }

    private static BsonDocument Wrapped(BsonElement field)
    {
        using var writer = new BsonWriter();
        writer.BeginDocument().Element(field).EndDocument();
        return writer.ToDocument();
    }

    private static async Task<List<string>> ListAsync(MongoClient client, string database, string command)
    {
        await using var cursor = await client.OpenCursorAsync(
            database,
            ExtendedJson.Parse(command),
            ReadTarget.Primary,
            new CursorOptions(),
            CancellationToken.None
        );
        var found = new List<string>();
        while (await cursor.NextBatchAsync(CancellationToken.None) is { } batch)
        {
            using (batch)
            {
                foreach (var document in batch)
                {
                    found.Add(ExtendedJson.ToText(document.View, ExtendedJsonMode.Canonical));
                }
            }
        }

        return found;
    }

    /// <summary>Replaces what differs from run to run by the ordinal of its first appearance.</summary>
    private sealed partial class Masks
    {
        private readonly Dictionary<string, string> _known = [];

        public string Apply(string text)
        {
            text = Timestamps().Replace(text, match => Name("T", match.Value));
            text = Uuids().Replace(text, match => Name("U", match.Value));
            text = Dates().Replace(text, "date");
            return Scratch().Replace(text, "tmp.");
        }

        private string Name(string kind, string value)
        {
            if (!_known.TryGetValue(value, out var name))
            {
                _known.Add(value, name = $"{kind}{_known.Count}");
            }

            return name;
        }

        [GeneratedRegex("""\{"\$timestamp":\{"t":[1-9]\d*,"i":\d+\}\}""", RegexOptions.NonBacktracking)]
        private static partial Regex Timestamps();

        [GeneratedRegex("""\{"\$binary":\{"base64":"[^"]*","subType":"04"\}\}""", RegexOptions.NonBacktracking)]
        private static partial Regex Uuids();

        [GeneratedRegex("""\{"\$date":\{"\$numberLong":"\d+"\}\}""", RegexOptions.NonBacktracking)]
        private static partial Regex Dates();

        [GeneratedRegex("""tmp\w{5}\.""", RegexOptions.NonBacktracking)]
        private static partial Regex Scratch();
    }
}
