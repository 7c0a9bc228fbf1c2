using System.Text;
using Backup.Foundation;
using Backup.MongoWire.Bson;

namespace Backup.Metadata.Mongo.Documents;

/// <summary>Documents of filters, changes and commands, written down where they are needed: names and values, in order.</summary>
internal static class Doc
{
    /// <summary><c>{}</c>: a filter that everything matches.</summary>
    internal static readonly BsonDocument All = BsonDocument.Empty;

    /// <param name="fields">Values as <see cref="Values"/> knows them.</param>
    internal static BsonDocument Of(params ReadOnlySpan<(string Name, object? Value)> fields)
    {
        using var writer = new BsonWriter();
        writer.BeginDocument();
        Fields(writer, fields);
        writer.EndDocument();
        return writer.ToDocument();
    }

    /// <summary><c>{_id: id}</c></summary>
    internal static BsonDocument Id(object id) => Of(("_id", id));

    /// <summary>The change <c>{$set: {…}}</c>.</summary>
    internal static BsonDocument Set(params ReadOnlySpan<(string Name, object? Value)> fields) =>
        Of(("$set", Of(fields)));

    /// <summary>The change <c>{$inc: {name: by}}</c>.</summary>
    internal static BsonDocument Add(string name, long by) => Of(("$inc", Of((name, by))));

    /// <summary>Several changes in one: <c>Doc.Both(Doc.Set(…), Doc.Add(…))</c>. Each has another operator.</summary>
    internal static BsonDocument Both(params ReadOnlySpan<BsonDocument> changes)
    {
        using var writer = new BsonWriter();
        writer.BeginDocument();
        foreach (var change in changes)
        {
            writer.RawElements(Body(change));
        }

        writer.EndDocument();
        return writer.ToDocument();
    }

    /// <summary>One or the other: a field of a filter.</summary>
    internal static (string Name, object? Value) Any(params BsonDocument[] filters) => ("$or", filters);

    internal static void Fields(BsonWriter writer, ReadOnlySpan<(string Name, object? Value)> fields)
    {
        Span<byte> scratch = stackalloc byte[128];
        foreach (var (name, value) in fields)
        {
            Values.Write(writer, scratch[..Encoding.UTF8.GetBytes(name, scratch)], value);
        }
    }

    /// <summary>A document's elements, without its frame.</summary>
    internal static ReadOnlySpan<byte> Body(BsonDocument document) => document.Span[4..^1];

    /// <summary>By which optimes compare: the term does not order.</summary>
    internal static Stamp Stamp(this Optime optime) => new(optime.Timestamp);
}

/// <summary>Conditions on a field's value in a filter: <c>Doc.Of(("sequence", Is.AtLeast(5L)))</c>.</summary>
internal static class Is
{
    internal static BsonDocument Above(object value) => Doc.Of(("$gt", value));

    internal static BsonDocument AtLeast(object value) => Doc.Of(("$gte", value));

    internal static BsonDocument Below(object value) => Doc.Of(("$lt", value));

    internal static BsonDocument AtMost(object value) => Doc.Of(("$lte", value));

    /// <summary>Not below the first, below the second.</summary>
    internal static BsonDocument Within(object from, object to) => Doc.Of(("$gte", from), ("$lt", to));

    /// <summary>Another value than that, or none.</summary>
    internal static BsonDocument Not(object? value) => Doc.Of(("$ne", value));

    /// <summary>There, and not null.</summary>
    internal static BsonDocument Known => Not(null);

    internal static BsonDocument OneOf<T>(IEnumerable<T> values) => Doc.Of(("$in", values));

    internal static BsonDocument NoneOf<T>(IEnumerable<T> values) => Doc.Of(("$nin", values));
}
