using System.Text;
using Backup.MongoWire.Bson;

namespace Backup.Daemon.Serving;

/// <summary>The arguments of one command, checked as they are read.</summary>
internal sealed class CommandArguments(BsonDocument command)
{
    /// <summary>What any command may carry and what changes nothing in a backup.</summary>
    private static readonly HashSet<string> Anywhere =
    [
        "$db",
        "$readPreference",
        "$clusterTime",
        "lsid",
        "readConcern",
        "maxTimeMS",
        "comment",
        "collation",
        "hint",
        "apiVersion",
        "apiStrict",
        "apiDeprecationErrors",
        "allowDiskUse",
        "noCursorTimeout",
        "allowPartialResults",
    ];

    internal BsonView View => command.View;

    /// <summary>The collection that the command names first.</summary>
    internal string Collection =>
        View.First.Type == BsonType.String && View.First.AsUtf8.Length > 0 && !View.First.AsUtf8.Contains((byte)0)
            ? View.First.AsString
            : throw ServeFaults.Failed(73, "InvalidNamespace", "a collection must be named");

    /// <summary>Refuses what is not known rather than leave it out.</summary>
    internal CommandArguments Only(params ReadOnlySpan<string> known)
    {
        var isFirst = true;
        foreach (var field in View)
        {
            var name = field.NameText;
            if (!isFirst && !known.Contains(name) && !Anywhere.Contains(name) && !IsOff(field))
            {
                throw ServeFaults.NotSupported($"The argument '{name}' of '{View.First.NameText}'");
            }

            isFirst = false;
        }

        return this;
    }

    internal BsonDocument? Document(string name) =>
        !View.TryGet(Encoding.UTF8.GetBytes(name), out var field) || field.Type == BsonType.Null ? null
        : field.Type == BsonType.Document ? field.AsDocument.ToDocument()
        : throw Wrong(name, "an object");

    internal IReadOnlyList<BsonDocument> Array(string name)
    {
        if (!View.TryGet(Encoding.UTF8.GetBytes(name), out var field) || field.Type != BsonType.Array)
        {
            throw Wrong(name, "an array");
        }

        var items = new List<BsonDocument>();
        foreach (var item in field.AsDocument)
        {
            items.Add(
                item.Type == BsonType.Document ? item.AsDocument.ToDocument() : throw Wrong(name, "an array of objects")
            );
        }

        return items;
    }

    /// <summary>A whole number from 0 up.</summary>
    internal long Whole(string name, long otherwise)
    {
        if (!View.TryGet(Encoding.UTF8.GetBytes(name), out var field) || field.Type == BsonType.Null)
        {
            return otherwise;
        }

        return field.IsNumber && field.ToDouble() >= 0 && field.ToDouble() % 1 == 0
            ? field.ToInt64()
            : throw Wrong(name, "a whole number from 0 up");
    }

    internal bool Flag(string name) => View.TryGet(Encoding.UTF8.GetBytes(name), out var field) && field.ToBoolean();

    internal static BsonDocument ArrayOf(IReadOnlyList<BsonDocument> items) =>
        BsonDocument
            .Build(w =>
            {
                Span<byte> scratch = stackalloc byte[11];
                w.BeginArray("a"u8);
                foreach (var item in items)
                {
                    w.Document(w.ArrayItemName(scratch), item);
                }

                w.EndArray();
            })
            .View.First.AsDocument.ToDocument();

    private static bool IsOff(BsonElement field) =>
        field.Type == BsonType.Null || (field.Type == BsonType.Boolean && !field.AsBoolean);

    private static MongoWire.Client.CommandException Wrong(string name, string wanted) =>
        ServeFaults.Failed(14, "TypeMismatch", $"'{name}' must be {wanted}");
}
