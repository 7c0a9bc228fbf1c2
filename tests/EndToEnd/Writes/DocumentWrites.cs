using Backup.MongoWire.Bson;
using static Backup.Tests.EndToEnd.Writes.WriteContext;

namespace Backup.Tests.EndToEnd.Writes;

/// <summary>Inserts, updates with every operator, replacements, upserts, findAndModify, deletes; some of them as retryable writes.</summary>
internal sealed class DocumentWrites
{
    private readonly WriteContext _context;
    private readonly Guid _session = Guid.NewGuid();
    private long _statement;

    internal DocumentWrites(WriteContext context)
    {
        _context = context;
        Kinds =
        [
            new("insert", 30, () => _context.InsertAsync(Live, Busy, 600)),
            new("insert capped", 8, () => _context.InsertAsync(Live, "log", 300)),
            .. Updates().Select((update, i) => new WriteKind(update.Name, 2, () => UpdateAsync(Updates()[i].Change))),
            new("$ by query", 2, () => UpdateAsync("""{"list":{"$gte":2}}""", """{"$set":{"list.$":{"hit":1}}}""")),
            new("$[]", 2, () => UpdateAsync("""{"list.0":{"$exists":true}}""", """{"$set":{"list.$[]":7}}""")),
            new("arrayFilters", 2, ArrayFilterAsync),
            new("replace", 4, () => UpdateAsync($$$"""{"replaced":{{{Number}}},"list":[5,1,3],"n":1}""")),
            new("update many", 2, UpdateManyAsync),
            new("upsert", 2, UpsertAsync),
            new("upsert by replacement", 2, ReplacingUpsertAsync),
            new("findAndModify update", 2, () => FindAndModifyAsync("""{"$inc":{"n":1},"$set":{"f":[9]}}""")),
            new("findAndModify replace", 1, () => FindAndModifyAsync("""{"found":true,"n":2}""")),
            new("findAndModify upsert", 1, FindAndUpsertAsync),
            new("findAndModify remove", 2, FindAndRemoveAsync),
            new("delete", 10, () => DeleteAsync($$$"""{"_id":{{{_context.Known()}}} }""", 1)),
            new("delete many", 1, () => DeleteAsync($$$"""{"n":{{{Number}}} }""", 0)),
            new("retryable insert", 2, RetryableInsertAsync),
            new("retryable update", 2, RetryableUpdateAsync),
            new("retryable findAndModify", 2, RetryableFindAsync),
        ];
        if (context.Source.IsReal)
        {
            Kinds = [.. Kinds, .. Pipelines()];
        }
    }

    internal IReadOnlyList<WriteKind> Kinds { get; }

    private int Number => _context.Random.Next(1000);

    /// <summary>An update of one document, by chance, for transactions.</summary>
    internal string AnyUpdate()
    {
        var all = Updates();
        return Statement($$$"""{"_id":{{{_context.Known()}}} }""", all[_context.Random.Next(all.Count)].Change);
    }

    /// <summary>Each operator, on paths that are there and on paths that are not, through documents and through arrays.</summary>
    private List<(string Name, string Change)> Updates() =>
        [
            ("$set", $$$"""{"$set":{"deep.er":[1,{"a":2}],"text":"short","n":{{{Number}}} }}"""),
            ("$set new", $$$"""{"$set":{"z.y.x":{{{Number}}},"a.b":1,"m.1.k":null}}"""),
            ("$set in array", $$$"""{"$set":{"list.{{{Number % 9}}}":{{{Number}}},"deep.er.1.a":"in"}}"""),
            ("$unset", """{"$unset":{"noise":"","deep.er.0":"","nothing":""}}"""),
            ("$inc", $$$"""{"$inc":{"n":{{{Number}}},"counts.a":{"$numberLong":"3"},"real":0.25}}"""),
            ("$mul", """{"$mul":{"n":-2,"factor":3}}"""),
            ("$min", $$$"""{"$min":{"n":{{{Number}}},"least":{{{Number}}} }}"""),
            ("$max", $$$"""{"$max":{"n":{{{Number}}},"most":"text"}}"""),
            ("$rename", """{"$rename":{"text":"renamed","gone":"there"}}"""),
            ("$rename back", """{"$rename":{"renamed":"text"}}"""),
            ("$setOnInsert", """{"$setOnInsert":{"never":1},"$set":{"set":true}}"""),
            ("$currentDate", """{"$currentDate":{"when":true,"stamp":{"$type":"timestamp"}}}"""),
            ("$bit", $$$"""{"$bit":{"bits":{"xor":{{{Number}}}} } }"""),
            ("$push", $$$"""{"$push":{"list":{{{Number}}} }}"""),
            ("$push each slice", """{"$push":{"list":{"$each":[3,1,2],"$slice":-5}},"$unset":{"noise":""}}"""),
            ("$push position", """{"$push":{"list":{"$each":["p"],"$position":1}}}"""),
            ("$push sort", """{"$push":{"list":{"$each":[4,0],"$sort":-1,"$slice":6}}}"""),
            ("$addToSet", $$$"""{"$addToSet":{"list":{"$each":[1,{{{Number}}}]} }}"""),
            ("$pull", """{"$pull":{"list":{"$gte":500}}}"""),
            ("$pullAll", """{"$pullAll":{"list":[1,3]}}"""),
            ("$pop last", """{"$pop":{"list":1}}"""),
            ("$pop first", """{"$pop":{"list":-1}}"""),
        ];

    private IEnumerable<WriteKind> Pipelines() =>
        new[]
        {
            """[{"$set":{"sum":{"$add":[{"$ifNull":["$counts.a",0]},1]},"deep.pipe":"$even"}}]""",
            """[{"$unset":["noise","deep.er"]},{"$set":{"list":[1,{"x":"$_id"}]}}]""",
            """[{"$replaceWith":{"_id":"$_id","only":"$text"}}]""",
        }.Select((change, ordinal) => new WriteKind($"pipeline {ordinal}", 2, () => UpdateAsync(change)));

    private Task UpdateAsync(string change) => UpdateAsync($$$"""{"_id":{{{_context.Known()}}} }""", change);

    private Task UpdateAsync(string query, string change) => RunAsync(Statement(query, change));

    private static string Statement(string query, string change, string more = "") =>
        $$$"""{"update":"{{{Busy}}}","updates":[{"q":{{{query}}},"u":{{{change}}}{{{more}}} }]}""";

    private Task ArrayFilterAsync() =>
        RunAsync(
            Statement(
                """{"list":{"$gte":2}}""",
                """{"$set":{"list.$[big]":-1}}""",
                ""","multi":true,"arrayFilters":[{"big":{"$gte":2,"$lt":600}}]"""
            )
        );

    private Task UpdateManyAsync()
    {
        var from = _context.Known();
        return RunAsync(
            Statement(
                $$$"""{"_id":{"$gte":{{{from}}},"$lt":{{{from + 15}}} }}""",
                """{"$inc":{"many":1}}""",
                ""","multi":true"""
            )
        );
    }

    private Task UpsertAsync() =>
        RunAsync(
            Statement(
                $$$"""{"_id":{{{_context.NextId()}}},"seed.of":"query"}""",
                $$$"""{"$set":{"n":{{{Number}}} },"$setOnInsert":{"inserted":true},"$push":{"list":1}}""",
                ""","upsert":true"""
            )
        );

    private Task ReplacingUpsertAsync() =>
        RunAsync(
            Statement($$$"""{"_id":{{{_context.NextId()}}} }""", """{"whole":1,"list":[]}""", ""","upsert":true""")
        );

    private Task FindAndModifyAsync(string change) =>
        RunAsync(
            $$$"""{"findAndModify":"{{{Busy}}}","query":{"_id":{"$gte":{{{_context.Known()}}} }},"sort":{"_id":1},"update":{{{change}}} }"""
        );

    private Task FindAndUpsertAsync() =>
        RunAsync(
            $$$"""{"findAndModify":"{{{Busy}}}","query":{"_id":{{{_context.NextId()}}} },"update":{"$set":{"f":1}},"upsert":true,"new":true}"""
        );

    private Task FindAndRemoveAsync() =>
        RunAsync(
            $$$"""{"findAndModify":"{{{Busy}}}","query":{"_id":{"$gte":{{{_context.Known()}}} }},"sort":{"_id":1},"remove":true}"""
        );

    private Task DeleteAsync(string query, int limit) =>
        RunAsync($$$"""{"delete":"{{{Busy}}}","deletes":[{"q":{{{query}}},"limit":{{{limit}}} }]}""");

    private Task RetryableInsertAsync()
    {
        var documents = string.Join(",", Enumerable.Range(0, 3).Select(_ => $$$"""{"_id":{{{_context.NextId()}}} }"""));
        return RetryAsync($$$"""{"insert":"{{{Busy}}}","documents":[{{{documents}}}]}""");
    }

    private Task RetryableUpdateAsync() =>
        RetryAsync(Statement($$$"""{"_id":{{{_context.Known()}}} }""", """{"$inc":{"retried":1}}"""));

    private Task RetryableFindAsync() =>
        RetryAsync(
            $$$"""{"findAndModify":"{{{Busy}}}","query":{"_id":{{{_context.Known()}}} },"update":{"$inc":{"retried":1} } }"""
        );

    /// <summary>Sends the same statement twice, as a driver does that has not seen the first answer.</summary>
    private async Task RetryAsync(string command)
    {
        var sent = Transaction.InSession(ExtendedJson.Parse(command), _session, ++_statement);
        await _context.Source.RunAsync(Live, sent);
        await _context.Source.RunAsync(Live, sent);
    }

    private Task RunAsync(string command) => _context.Source.RunAsync(Live, command);
}
