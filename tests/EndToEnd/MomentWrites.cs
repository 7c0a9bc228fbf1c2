using Backup.Foundation.Errors;
using Backup.MongoWire.Client;

namespace Backup.Tests.EndToEnd;

/// <summary>Writes one after another, documents and catalogue, so that the source can be left quiet at any time.</summary>
internal sealed class MomentWrites(TestSource source, Random random, bool withCapped)
{
    private const string Database = "live";

    private int _next;
    private int _collections;

    internal async Task BeginAsync()
    {
        await source.RunAsync(Database, """{"create":"busy"}""");
        if (withCapped)
        {
            await source.RunAsync(Database, """{"create":"log","capped":true,"size":65536,"max":50}""");
        }
    }

    internal async Task WriteAsync(int operations)
    {
        for (var n = 0; n < operations; n++)
        {
            await StepAsync(random.Next(100));
        }
    }

    private Task StepAsync(int dice) =>
        dice switch
        {
            < 35 => source.InsertAsync(Database, "busy", [SourceContent.Document(_next++, random, 600)]),
            < 50 => UpdateAsync("""{"$inc":{"n":1},"$set":{"deep.er":[1,{"a":2}],"text":"short"}}"""),
            < 57 => UpdateAsync("""{"$push":{"list":{"$each":[1,2,3],"$slice":-5}},"$unset":{"noise":""}}"""),
            < 62 => UpdateAsync($$"""{"replaced":{{_next}}}"""),
            < 75 => source.RunAsync(
                Database,
                $$"""{"delete":"busy","deletes":[{"q":{"_id":{{Known()}}},"limit":1}]}"""
            ),
            < 85 => source.InsertAsync(
                Database,
                withCapped ? "log" : "more",
                [SourceContent.Document(_next++, random, 300)]
            ),
            < 93 => source.InsertAsync(
                Database,
                $"c{_collections}",
                Enumerable.Range(0, 5).Select(_ => SourceContent.Document(_next++, random, 50))
            ),
            < 95 => CreateAsync(),
            < 98 => HarmlessAsync(
                "admin",
                $$"""{"renameCollection":"{{Database}}.c{{_collections}}","to":"{{Database}}.renamed{{_next++}}"}"""
            ),
            _ => HarmlessAsync(Database, $$"""{"drop":"c{{_collections}}"}"""),
        };

    private int Known() => random.Next(Math.Max(1, _next));

    private Task UpdateAsync(string change) =>
        source.RunAsync(Database, $$$"""{"update":"busy","updates":[{"q":{"_id":{{{Known()}}}},"u":{{{change}}}}]}""");

    private async Task CreateAsync()
    {
        var name = $"c{++_collections}";
        await source.RunAsync(Database, $$"""{"create":"{{name}}"}""");
        await source.RunAsync(Database, $$"""{"createIndexes":"{{name}}","indexes":[{"key":{"n":1},"name":"by n"}]}""");
    }

    /// <summary>The collection may be gone already.</summary>
    private async Task HarmlessAsync(string database, string command)
    {
        try
        {
            _ = await source.RunAsync(database, command);
        }
        catch (BackupException refused) when (refused is CommandException { ServerCode: 26 })
        {
            // NamespaceNotFound.
        }
    }
}
