using System.Text;
using Backup.Metadata.Mongo.Documents;
using Backup.MongoWire.Bson;

namespace Backup.Metadata.Mongo.Exports;

/// <summary>How the rows of a table and the documents of a collection are made of each other.</summary>
internal sealed class TableMap
{
    private readonly int _minutes;

    /// <param name="table">Its name, as <see cref="Sqlite.Schema"/> has it.</param>
    /// <param name="collection">Where its records are.</param>
    /// <param name="columns">
    /// All of the table, with a blank between them: <c>name</c>, where its field has the same name in camel case; <c>name=field</c> and <c>name=part.field</c> where it has
    /// another one; <c>name*</c> for the three columns of an optime; <c>name:kind</c> where the kind is not that of the record's property (<c>long</c>, <c>bool</c>,
    /// <c>text</c> and <c>time</c> of fields that records do not have).
    /// </param>
    internal TableMap(string table, Collection collection, string columns)
    {
        (Table, Collection) = (table, collection);
        // The id first, where there is one: so servers keep it.
        Columns =
        [
            .. columns
                .Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries)
                .Select(one => Parse(collection, one))
                .OrderBy(static one => one.Path[0] == "_id" ? 0 : 1),
        ];
        Names = [.. Columns.SelectMany(static one => one.Names)];
        _minutes = Array.IndexOf(Names, "minutes");
    }

    internal string Table { get; }

    internal Collection Collection { get; }

    internal IReadOnlyList<Column> Columns { get; }

    /// <summary>Of the columns, in the order of a row's values.</summary>
    internal string[] Names { get; }

    /// <summary>Whether documents have the number of their place, which rows keep by their order alone.</summary>
    internal bool IsNumbered { get; init; }

    /// <param name="row">In the order of <see cref="Names"/>.</param>
    /// <param name="more">Fields beside those of columns.</param>
    internal BsonDocument Document(ReadOnlySpan<object?> row, params ReadOnlySpan<(string Name, object? Value)> more)
    {
        using var writer = new BsonWriter();
        writer.BeginDocument();
        if (Collection.Key is null)
        {
            writer.ObjectId("_id"u8, ObjectIds.Next());
        }

        var minutes = MinutesOf(row);
        var part = "";
        var next = 0;
        foreach (var column in Columns)
        {
            var values = row.Slice(next, column.Names.Length);
            next += column.Names.Length;
            var own = column.Path.Length > 1 ? column.Path[0] : "";
            if (!column.IsGiven(values))
            {
                continue;
            }

            if (own != part)
            {
                End(writer, part);
                Begin(writer, own);
                part = own;
            }

            column.Write(writer, values, minutes);
        }

        End(writer, part);
        Doc.Fields(writer, more);
        writer.EndDocument();
        return writer.ToDocument();
    }

    /// <returns>In the order of <see cref="Names"/>; what an older document lacks is what its record takes then.</returns>
    internal object?[] Row(BsonDocument document)
    {
        var row = new object?[Names.Length];
        var normal = Collection.Normal(document);
        var minutes = _minutes < 0 ? 0 : normal.View["minutes"u8].ToInt64();
        var next = 0;
        foreach (var column in Columns)
        {
            var of = column.IsBeside ? document : normal;
            column.Read(of.View, row.AsSpan(next, column.Names.Length), minutes);
            next += column.Names.Length;
        }

        return row;
    }

    private long MinutesOf(ReadOnlySpan<object?> row) => _minutes < 0 ? 0 : (long)row[_minutes]!;

    private static void Begin(BsonWriter writer, string part)
    {
        if (part.Length > 0)
        {
            writer.BeginDocument(Encoding.UTF8.GetBytes(part));
        }
    }

    private static void End(BsonWriter writer, string part)
    {
        if (part.Length > 0)
        {
            writer.EndDocument();
        }
    }

    private static Column Parse(Collection collection, string text)
    {
        var (column, kindText) = Split(text, ':');
        var (name, path) = Split(column, '=');
        var isOptime = name.EndsWith('*');
        name = name.TrimEnd('*');
        var names = isOptime ? new[] { $"{name}_t", $"{name}_i", $"{name}_term" } : [name];
        var kind = kindText switch
        {
            "minute" => ColumnKind.Minute,
            "span" => ColumnKind.Span,
            "seconds" => ColumnKind.Seconds,
            "empty" => ColumnKind.Empty,
            "words" => ColumnKind.Words,
            "only" => ColumnKind.Only,
            _ => isOptime ? ColumnKind.Optime : ColumnKind.Plain,
        };
        var fields = (path.Length > 0 ? path : Camel(name)).Split('.');
        var beside = kindText switch
        {
            "long" => typeof(long),
            "bool" => typeof(bool),
            "text" => typeof(string),
            "time" => typeof(DateTimeOffset),
            _ => null,
        };
        if (beside is not null)
        {
            return new Column(names, fields, beside, kind, IsBeside: true);
        }

        var type = TypeOf(collection, fields, out var isKey);
        return new Column(names, isKey ? ["_id"] : fields, type, kind, IsBeside: false);
    }

    private static Type TypeOf(Collection collection, string[] path, out bool isKey)
    {
        var map = collection.Map ?? throw new InvalidOperationException($"{collection.Name} has no records.");
        isKey = false;
        for (var i = 0; ; i++)
        {
            var name = path[i];
            var field =
                map.Fields.FirstOrDefault(one => one.Text == name || (name == "_id" && one.Property == collection.Key))
                ?? throw new InvalidOperationException($"{collection.Name} has no field {string.Join('.', path)}.");
            isKey = i == 0 && field.Property == collection.Key;
            if (i == path.Length - 1)
            {
                return field.Type;
            }

            map = RecordMap.Of(Nullable.GetUnderlyingType(field.Type) ?? field.Type);
        }
    }

    private static (string Before, string After) Split(string text, char at) =>
        text.IndexOf(at) is >= 0 and var index ? (text[..index], text[(index + 1)..]) : (text, "");

    private static string Camel(string name)
    {
        var words = name.Split('_');
        return words[0] + string.Concat(words.Skip(1).Select(static one => char.ToUpperInvariant(one[0]) + one[1..]));
    }
}
