using Backup.MongoWire.Bson;

namespace Backup.Oplog.Catalogues;

/// <summary>A view, or the face of a time-series collection, as a document of <c>&lt;db&gt;.system.views</c> defines it.</summary>
/// <param name="Namespace">The document's <c>_id</c>, for example <c>shop.recent</c>.</param>
/// <param name="Options">As listCollections gives them: <c>{viewOn, pipeline[, collation]}</c>, raw.</param>
/// <param name="IsTimeSeries">Whether it is the face of <c>system.buckets.&lt;name&gt;</c>: restored with that, not as a view.</param>
public sealed record ViewDefinition(string Namespace, BsonDocument Options, bool IsTimeSeries)
{
    /// <summary>Reads one document of <c>system.views</c>; null where it is none (its <c>_id</c> is no string).</summary>
    public static ViewDefinition? Read(BsonView document)
    {
        if (!document.TryGet("_id"u8, out var id) || id.Type != BsonType.String)
        {
            return null;
        }

        using var options = new BsonWriter();
        options.BeginDocument();
        foreach (var field in document)
        {
            if (!field.NameIs("_id"u8) && !field.NameIs("timeseries"u8))
            {
                options.Element(field);
            }
        }

        options.EndDocument();
        return new ViewDefinition(id.AsString, options.ToDocument(), IsFaceOfBuckets(id.AsString, document));
    }

    /// <summary>
    /// Releases tell it by <c>viewOn</c> alone. A user's own view on raw buckets has another name than theirs, and stays a view.
    /// </summary>
    private static bool IsFaceOfBuckets(string ns, BsonView document) =>
        document.Has("timeseries"u8)
        || document.TryGet("viewOn"u8, out var on)
            && on.Type == BsonType.String
            && on.AsString == "system.buckets." + ns[(ns.IndexOf('.', StringComparison.Ordinal) + 1)..];
}
