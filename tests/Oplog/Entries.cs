using Backup.Foundation;
using Backup.MongoWire.Bson;
using Backup.Oplog;
using Backup.Oplog.Catalogues;

namespace Backup.Tests.Oplog;

/// <summary>Entries from JSON, and a target that writes down what it is told.</summary>
internal static class Entries
{
    internal const string CollectionA = "00000000-0000-0000-0000-00000000000a";
    internal const string CollectionB = "00000000-0000-0000-0000-00000000000b";
    internal static readonly Guid A = new(CollectionA);
    internal static readonly Guid B = new(CollectionB);

    internal static ReadOnlyMemory<byte> At(uint i, string fields) =>
        ExtendedJson
            .Parse(
                "{\"ts\":{\"$timestamp\":{\"t\":100,\"i\":"
                    + i
                    + "}},\"t\":{\"$numberLong\":\"1\"},\"v\":2,"
                    + fields
                    + "}"
            )
            .Memory;

    internal static string Ui(string uuid) =>
        $$"""
            "ui":{"$uuid":"{{uuid}}"}
            """;

    internal static string Txn(
        string operations,
        string flags = "",
        int previous = 0,
        int number = 1,
        string lsid = "1"
    ) =>
        $$$"""
            "op":"c","ns":"admin.$cmd","lsid":{"id":{{{lsid}}}},"txnNumber":{"$numberLong":"{{{number}}}"},
            "prevOpTime":{"ts":{"$timestamp":{"t":{{{(
                previous == 0 ? 0 : 100
            )}}},"i":{{{previous}}}}},"t":{"$numberLong":"1"}},
            "o":{"applyOps":[{{{operations}}}]{{{flags}}}}
            """;

    internal static string Decide(string command, int number = 1, string lsid = "1") =>
        $$$"""
            "op":"c","ns":"admin.$cmd","lsid":{"id":{{{lsid}}}},"txnNumber":{"$numberLong":"{{{number}}}"},
            "prevOpTime":{"ts":{"$timestamp":{"t":100,"i":1}},"t":{"$numberLong":"1"}},"o":{{{command}}}
            """;

    internal static string InsertA(int id) =>
        "{\"op\":\"i\",\"ns\":\"d.a\"," + Ui(CollectionA) + ",\"o\":{\"_id\":" + id + "}}";

    internal static CatalogueCollection Collection(Guid uuid, string name, string options = "{}") =>
        new(
            uuid,
            "d",
            name,
            CollectionType.Collection,
            ExtendedJson.Parse(options),
            [ExtendedJson.Parse("""{"v":2,"key":{"_id":1},"name":"_id_"}""")]
        );

    internal static Catalogue CatalogueOfA(string options = "{}")
    {
        var catalogue = new Catalogue();
        catalogue.Set(Collection(A, "a", options));
        return catalogue;
    }
}

/// <summary>Writes down each call as a line.</summary>
internal sealed class Journal : IOperationTarget
{
    internal List<string> Lines { get; } = [];

    public void Put(Guid collection, BsonView document, bool isInsert) =>
        Lines.Add($"{(isInsert ? "insert" : "replace")} {Name(collection)} {ExtendedJson.ToText(document)}");

    public void Update(Guid collection, BsonView idHolder, BsonView update, MissingDocument ifMissing, Optime at) =>
        Lines.Add($"update {Name(collection)} {ExtendedJson.ToText(idHolder)} {ifMissing}");

    public void Delete(Guid collection, BsonView idHolder) =>
        Lines.Add($"delete {Name(collection)} {ExtendedJson.ToText(idHolder)}");

    public void TrimOldest(Guid collection, long maximumBytes, long maximumDocuments) =>
        Lines.Add($"trim {Name(collection)} {maximumBytes} {maximumDocuments}");

    public bool KeepsLimits(Guid collection) =>
        Lines.Exists(static line => line.StartsWith("trim", StringComparison.Ordinal));

    public void Clear(Guid collection) => Lines.Add($"clear {Name(collection)}");

    public void Drop(Guid collection) => Lines.Add($"drop {Name(collection)}");

    private static string Name(Guid collection) => collection.ToString()[^1..];
}
