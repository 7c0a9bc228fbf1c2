using static Backup.Tests.EndToEnd.Writes.WriteContext;

namespace Backup.Tests.EndToEnd.Writes;

/// <summary>
/// Collections made, changed, renamed, dropped and made again under the same few names; indexes and views likewise. What each needs it makes
/// itself.
/// </summary>
internal sealed class CatalogueWrites
{
    private const int Names = 5;

    private static readonly string[] Indexes =
    [
        """{"key":{"n":1},"name":"by n"}""",
        """{"key":{"n":-1,"text":1},"name":"by n"}""",
        """{"key":{"at":1},"name":"ttl","expireAfterSeconds":1000000000}""",
        """{"key":{"even":1},"name":"partial","partialFilterExpression":{"even":true}}""",
        """{"key":{"_id":1,"n":1},"name":"unique","unique":true}""",
        """{"key":{"text":"hashed"},"name":"hashed"}""",
        """{"key":{"nowhere":1},"name":"sparse","sparse":true}""",
    ];

    private readonly WriteContext _context;

    internal CatalogueWrites(WriteContext context)
    {
        _context = context;
        Kinds =
        [
            new("insert anywhere", 6, () => FillAsync(AnyDatabase(), AnyName())),
            new("update anywhere", 3, UpdateAsync),
            new("create", 2, () => CreateAsync("")),
            new("create with options", 1, () => CreateAsync(Validator(",\"collation\":{\"locale\":\"fr\"}"))),
            new("create capped", 1, () => CreateAsync(""","capped":true,"size":10000""")),
            new("create and drop under one name", 2, CreateAgainAsync),
            new("drop", 1, DropAsync),
            new("drop database", 1, DropDatabaseAsync),
            new("rename", 2, () => RenameAsync(Live, Live)),
            new("rename across databases", 1, () => RenameAsync(Live, Second)),
            new("rename back across databases", 1, () => RenameAsync(Second, Live)),
            new("create indexes", 3, CreateIndexesAsync),
            new("drop index by name", 1, () => DropIndexAsync("\"by n\"", """{"key":{"n":1},"name":"by n"}""")),
            new("drop index by key", 1, () => DropIndexAsync("""{"n":-1}""", """{"key":{"n":-1},"name":"down"}""")),
            new("drop all indexes", 1, () => DropIndexAsync("\"*\"", """{"key":{"even":-1},"name":"other"}""")),
            new("collMod validator", 1, () => CollModAsync(Validator(""))),
            new("collMod validator alone", 1, () => CollModAsync(""","validator":{"n":{"$gte":0}}""")),
            new("collMod no validator", 1, () => CollModAsync(""","validator":{},"validationLevel":"off" """)),
            new("collMod index", 1, CollModIndexAsync),
            new("convertToCapped", 1, ConvertAsync),
            new("create view", 1, CreateViewAsync),
            new("collMod view", 1, ModifyViewAsync),
            new("drop view", 1, DropViewAsync),
        ];
        if (context.Source.IsReal)
        {
            Kinds =
            [
                .. Kinds,
                new("applyOps", 1, ApplyOpsAsync),
                new("create by applyOps", 1, CreateByOpsAsync),
                new("$out", 1, OutAsync),
            ];
        }
    }

    internal IReadOnlyList<WriteKind> Kinds { get; }

    private string AnyDatabase() => _context.Random.Next(3) == 0 ? Second : Live;

    private string AnyName() => $"c{_context.Random.Next(Names)}";

    private string AnyIndex() => Indexes[_context.Random.Next(Indexes.Length)];

    private string Validator(string more) =>
        $$$""" ,"validator":{"n":{"$lt":{{{_context.Random.Next(1000)}}} }},"validationLevel":"moderate","validationAction":"warn"{{{more}}} """;

    private async Task FillAsync(string database, string name)
    {
        for (var i = _context.Random.Next(1, 4); i > 0; i--)
        {
            await _context.InsertAsync(database, name, _context.Random.Next(50, 400));
        }
    }

    private async Task UpdateAsync()
    {
        var (database, name) = (AnyDatabase(), AnyName());
        await RunAsync(
            database,
            $$$"""{"update":"{{{name}}}","updates":[{"q":{},"u":{"$inc":{"n":1}},"multi":{{{(_context.Random.Next(2) == 0 ? "true" : "false")}}} }]}"""
        );
    }

    private async Task CreateAsync(string options)
    {
        var (database, name) = (AnyDatabase(), AnyName());
        await DropIfThereAsync(database, name);
        await RunAsync(database, $$$"""{"create":"{{{name}}}"{{{options}}} }""");
        await FillAsync(database, name);
    }

    private async Task CreateAgainAsync()
    {
        var name = AnyName();
        for (var i = 0; i < 3; i++)
        {
            await FillAsync(Live, name);
            await RunAsync(Live, $$$"""{"drop":"{{{name}}}"}""");
        }

        await RunAsync(Live, $$$"""{"create":"{{{name}}}"}""");
    }

    private async Task DropAsync()
    {
        var (database, name) = (AnyDatabase(), AnyName());
        await FillAsync(database, name);
        await RunAsync(database, $$$"""{"drop":"{{{name}}}"}""");
    }

    private async Task DropDatabaseAsync()
    {
        await FillAsync(Second, AnyName());
        await RunAsync(Second, """{"dropDatabase":1}""");
        if (_context.Random.Next(2) == 0)
        {
            await FillAsync(Second, AnyName());
        }
    }

    private async Task RenameAsync(string from, string to)
    {
        var (source, target) = (AnyName(), AnyName());
        if (from == to && source == target)
        {
            target = "other";
        }

        await FillAsync(from, source);
        await RunAsync(
            "admin",
            $$$"""{"renameCollection":"{{{from}}}.{{{source}}}","to":"{{{to}}}.{{{target}}}","dropTarget":true}"""
        );
    }

    private async Task CreateIndexesAsync()
    {
        var (database, name) = (AnyDatabase(), AnyName());
        await FillAsync(database, name);
        var (first, second) = (AnyIndex(), AnyIndex());
        await RunAsync(
            database,
            $$$"""{"createIndexes":"{{{name}}}","indexes":[{{{first}}}{{{(first == second ? "" : "," + second)}}}]}"""
        );
    }

    private async Task DropIndexAsync(string which, string index)
    {
        var (database, name) = (AnyDatabase(), AnyName());
        await FillAsync(database, name);
        await RunAsync(database, $$$"""{"createIndexes":"{{{name}}}","indexes":[{{{index}}}]}""");
        await FillAsync(database, name);
        await RunAsync(database, $$$"""{"dropIndexes":"{{{name}}}","index":{{{which}}} }""");
    }

    private async Task CollModAsync(string options)
    {
        var (database, name) = (AnyDatabase(), AnyName());
        await FillAsync(database, name);
        await RunAsync(database, $$$"""{"collMod":"{{{name}}}"{{{options}}} }""");
    }

    private async Task CollModIndexAsync()
    {
        var (database, name) = (AnyDatabase(), AnyName());
        await FillAsync(database, name);
        await RunAsync(
            database,
            $$$"""{"createIndexes":"{{{name}}}","indexes":[{"key":{"at":1},"name":"ttl","expireAfterSeconds":1000000000}]}"""
        );
        var named = _context.Random.Next(2) == 0 ? """{"name":"ttl"}""" : """{"keyPattern":{"at":1}}""";
        await RunAsync(
            database,
            $$$"""{"collMod":"{{{name}}}","index":{{{named[..^1]}}},"expireAfterSeconds":{{{1_100_000_000 + _context.Random.Next(1000)}}} }}"""
        );
    }

    private async Task ConvertAsync()
    {
        var (database, name) = (AnyDatabase(), AnyName());
        await FillAsync(database, name);
        await RunAsync(
            database,
            $$$"""{"convertToCapped":"{{{name}}}","size":{{{_context.Random.Next(1, 20_000)}}} }"""
        );
        await FillAsync(database, name);
    }

    private async Task CreateViewAsync()
    {
        await DropIfThereAsync(Live, "view");
        await RunAsync(
            Live,
            $$$"""{"create":"view","viewOn":"{{{AnyName()}}}","pipeline":[{"$match":{"n":{"$gt":{{{_context.Random.Next(1000)}}}} } }]}"""
        );
    }

    private async Task ModifyViewAsync()
    {
        await CreateViewAsync();
        await RunAsync(Live, $$$"""{"collMod":"view","viewOn":"{{{AnyName()}}}","pipeline":[{"$limit":3}]}""");
    }

    private async Task DropViewAsync()
    {
        await CreateViewAsync();
        await RunAsync(Live, """{"drop":"view"}""");
    }

    /// <summary>A list of operations that a user orders: one entry, and no transaction.</summary>
    private async Task ApplyOpsAsync()
    {
        var id = _context.NextId();
        await RunAsync(
            "admin",
            $$$"""
            {"applyOps":[
              {"op":"i","ns":"{{{Live}}}.{{{Busy}}}","o":{"_id":{{{id}}},"by":"applyOps"}},
              {"op":"u","ns":"{{{Live}}}.{{{Busy}}}","o2":{"_id":{{{id}}} },"o":{"$set":{"n":1} } },
              {"op":"d","ns":"{{{Live}}}.{{{Busy}}}","o":{"_id":{{{_context.Known()}}} }}]}
            """
        );
    }

    /// <summary>With a command in it the operations are logged one by one.</summary>
    private async Task CreateByOpsAsync()
    {
        await DropIfThereAsync(Live, "made");
        await RunAsync(
            "admin",
            $$$"""
            {"applyOps":[
              {"op":"c","ns":"{{{Live}}}.$cmd","o":{"create":"made"}},
              {"op":"i","ns":"{{{Live}}}.made","o":{"_id":{{{_context.NextId()}}} }}]}
            """
        );
    }

    private async Task OutAsync()
    {
        await FillAsync(Live, "c0");
        await RunAsync(Live, """{"aggregate":"c0","pipeline":[{"$project":{"n":1}},{"$out":"out"}],"cursor":{}}""");
    }

    private async Task DropIfThereAsync(string database, string name)
    {
        try
        {
            await RunAsync(database, $$$"""{"drop":"{{{name}}}"}""");
        }
        catch (MongoWire.Client.CommandException missing) when (missing.ServerCode == NamespaceNotFound)
        {
            // As well.
        }
    }

    private Task RunAsync(string database, string command) => _context.Source.RunAsync(database, command);

    private const int NamespaceNotFound = 26;
}
