using Backup.MongoWire.Bson;

namespace Backup.Agent.Sync;

/// <summary>
/// The definitions of a database's views as <c>system.views</c> has them, made of what <c>listCollections</c> says: with access control on, that collection
/// may not be read, not even by the role <c>backup</c>. The views that stand for time series are left out: their buckets say it all.
/// </summary>
internal static class ViewList
{
    private const string Suffix = ".system.views";

    /// <summary>Whether a namespace is that of such definitions.</summary>
    internal static bool Is(string ns) => ns.EndsWith(Suffix, StringComparison.Ordinal);

    /// <summary>Asks for the views of the database that the command is sent to.</summary>
    internal static BsonDocument Command { get; } =
        BsonDocument.Build(w =>
            w.Int32("listCollections"u8, 1).BeginDocument("filter"u8).String("type"u8, "view").EndDocument()
        );

    /// <summary>In the order of their <c>_id</c>s.</summary>
    /// <param name="database">Of the views.</param>
    /// <param name="listed">What the server answered.</param>
    internal static IEnumerable<BsonDocument> Definitions(string database, IEnumerable<BsonDocument> listed) =>
        listed
            .Where(static one => one.View.TryGet("options"u8, out var options) && options.AsDocument.Has("viewOn"u8))
            .Select(one => Definition(database, one.View))
            .Order(ById);

    private static Comparer<BsonDocument> ById { get; } =
        Comparer<BsonDocument>.Create(
            static (left, right) => BsonOrder.CompareValues(left.View.First, right.View.First)
        );

    private static BsonDocument Definition(string database, BsonView listed)
    {
        using var writer = new BsonWriter();
        writer.BeginDocument().String("_id"u8, $"{database}.{listed["name"u8].AsString}");
        foreach (var option in listed["options"u8].AsDocument)
        {
            writer.Element(option);
        }

        writer.EndDocument();
        return writer.ToDocument();
    }
}
