using Backup.MongoWire.Bson;
using Backup.Sandbox;
using Shouldly;
using Xunit;

namespace Backup.Tests.Sandbox;

/// <summary>
/// The sandbox's oplog held against what real servers (4.2.4 and 4.9.0-alpha) have written for the same operations.
/// </summary>
public sealed class RecordedTests
{
    [Theory]
    [InlineData(WireProfile.V42, "v42")]
    [InlineData(WireProfile.V50, "v50")]
    public async Task AnUpdateIsLoggedAsARealServerLogsIt(WireProfile profile, string recorded)
    {
        await using var set = await SandboxReplicaSet.StartAsync(new SandboxOptions { Profile = profile });
        var cases = ExtendedJson.ParseArray(File.ReadAllText(Recording("updates.json")));
        var compared = 0;
        var wrong = new List<string>();
        foreach (var item in cases.View)
        {
            var before = item.AsDocument["before"u8].AsDocument.ToDocument();
            var update = item.AsDocument["update"u8].AsDocument.ToDocument();
            var expected = item.AsDocument[System.Text.Encoding.UTF8.GetBytes(recorded)].AsDocument.ToDocument();
            set.Insert("db", "u", before);
            var count = set.OplogEntries;
            try
            {
                set.Update("db", "u", BsonDocument.Build(w => w.Element(before.View["_id"u8])), update);
            }
            catch (Exception)
            {
                // A real server refuses some of these, too; then the recording holds a later update.
                continue;
            }

            if (set.OplogEntries == count)
            {
                continue;
            }

            compared++;
            var logged = set.Oplog()[^1].View["o"u8].AsDocument.ToDocument();
            if (logged != expected)
            {
                wrong.Add(
                    $"{ExtendedJson.ToText(update.View)}: {ExtendedJson.ToText(logged.View)} not {ExtendedJson.ToText(expected.View)}"
                );
            }
        }

        wrong.ShouldBeEmpty();
        compared.ShouldBeGreaterThan(80);
    }

    [Theory]
    [InlineData(WireProfile.V42, "shapes-v42.txt")]
    [InlineData(WireProfile.V50, "shapes-v50.txt")]
    public async Task EveryEntryHasTheFieldsOfARealOneInTheirOrder(WireProfile profile, string recording)
    {
        var known = File.ReadAllLines(Recording(recording)).ToHashSet();
        await using var set = await SandboxReplicaSet.StartAsync(new SandboxOptions { Profile = profile });
        var id = BsonDocument.Build(static w => w.Int32("_id"u8, 1));
        set.Insert("db", "c", id);
        set.Update(
            "db",
            "c",
            id,
            BsonDocument.Build(static w => w.BeginDocument("$set"u8).Int32("a"u8, 1).EndDocument())
        );
        set.Delete("db", "c", id);
        foreach (var entry in set.Oplog().Where(static entry => entry.View["op"u8].AsString != "n"))
        {
            known.ShouldContain(Shape(entry));
        }
    }

    private static string Shape(BsonDocument entry)
    {
        var names = new List<string>();
        foreach (var field in entry.View)
        {
            names.Add(field.NameText);
        }

        var op = entry.View["op"u8].AsString;
        var command = op == "c" ? " " + entry.View["o"u8].AsDocument.First.NameText : "";
        return $"{op}{command}: {string.Join(' ', names)}";
    }

    private static string Recording(string name) => Path.Combine(AppContext.BaseDirectory, "Recorded", name);
}
