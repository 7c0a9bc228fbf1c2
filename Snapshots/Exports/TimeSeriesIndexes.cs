using System.Text;
using Backup.MongoWire.Bson;

namespace Backup.Snapshots.Exports;

/// <summary>
/// The indexes of a time series as its users made them. They stand at its bucket collection, over the buckets' fields: <c>meta</c> for the meta
/// field, a pair of <c>control.min.x</c> and <c>control.max.x</c> for a measurement. mongodump writes them, and mongorestore wants them, in
/// the users' terms.
/// </summary>
/// <remarks>Source: mongo/db/timeseries/timeseries_index_schema_conversion_functions.cpp.</remarks>
public static class TimeSeriesIndexes
{
    private const string Meta = "meta";
    private const string Least = "control.min.";
    private const string Most = "control.max.";
    private const string Data = "data.";
    private const string BucketSphere = "2dsphere_bucket";

    /// <param name="buckets">Of the bucket collection.</param>
    /// <param name="options">The bucket collection's, with <c>timeseries</c>.</param>
    /// <returns>One for each index that has a form in the users' terms; one without is the server's own.</returns>
    public static IReadOnlyList<BsonDocument> Of(IReadOnlyList<BsonDocument> buckets, BsonDocument options)
    {
        var meta =
            options.View.TryGet("timeseries"u8, out var series)
            && series.AsDocument.TryGet("metaField"u8, out var field)
                ? field.AsString
                : null;
        var indexes = new List<BsonDocument>();
        foreach (var bucket in buckets)
        {
            if (bucket.View.TryGet("originalSpec"u8, out var original))
            {
                indexes.Add(original.AsDocument.ToDocument());
            }
            else if (Key(bucket.View["key"u8].AsDocument, meta) is { } key)
            {
                indexes.Add(WithKey(bucket, key));
            }
        }

        return indexes;
    }

    private static BsonDocument WithKey(BsonDocument bucket, BsonDocument key) =>
        BsonDocument.Build(writer =>
        {
            foreach (var field in bucket.View)
            {
                if (field.NameIs("key"u8))
                {
                    writer.Document("key"u8, key);
                }
                else
                {
                    writer.Element(field);
                }
            }
        });

    /// <returns>Null where a part of it has no form in the users' terms.</returns>
    private static BsonDocument? Key(BsonView key, string? meta)
    {
        using var writer = new BsonWriter(128);
        writer.BeginDocument();
        string? awaited = null;
        foreach (var part in key)
        {
            var name = part.NameText;
            if (awaited is not null)
            {
                // The second of a pair says nothing that the first did not.
                if (name != awaited)
                {
                    return null;
                }

                awaited = null;
            }
            else if (meta is not null && (name == Meta || name.StartsWith(Meta + ".", StringComparison.Ordinal)))
            {
                writer.Element(Encoding.UTF8.GetBytes(meta + name[Meta.Length..]), part);
            }
            else if (name.StartsWith(Least, StringComparison.Ordinal))
            {
                awaited = Most + name[Least.Length..];
                writer.Element(Encoding.UTF8.GetBytes(name[Least.Length..]), part);
            }
            else if (name.StartsWith(Most, StringComparison.Ordinal))
            {
                awaited = Least + name[Most.Length..];
                writer.Element(Encoding.UTF8.GetBytes(name[Most.Length..]), part);
            }
            else if (
                name.StartsWith(Data, StringComparison.Ordinal)
                && part.Type == BsonType.String
                && part.AsString == BucketSphere
            )
            {
                writer.String(Encoding.UTF8.GetBytes(name[Data.Length..]), "2dsphere");
            }
            else
            {
                return null;
            }
        }

        writer.EndDocument();
        return awaited is null ? writer.ToDocument() : null;
    }
}
