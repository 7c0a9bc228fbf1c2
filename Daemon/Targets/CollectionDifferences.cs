using System.Text;
using Backup.MongoWire.Bson;
using Backup.Snapshots.Exports;

namespace Backup.Daemon.Targets;

/// <summary>
/// In what a collection that the target has already is kept otherwise than it would be restored. What servers write down in several ways, the defaults for
/// example, counts as the same; so does what belongs to one server's storage.
/// </summary>
internal static class CollectionDifferences
{
    // Capped collections are given whole multiples of this many bytes by servers before 7.0.
    private const long SizeStep = 256;

    private static readonly string[] OfTheServer =
    [
        "autoIndexId",
        "temp",
        "uuid",
        "idIndex",
        "flags",
        "storageEngine",
        "indexOptionDefaults",
    ];

    /// <param name="item">What would be restored.</param>
    /// <param name="options">Of the target's collection, as listCollections has them.</param>
    /// <param name="indexes">Of the target's collection.</param>
    /// <returns>Names of options, and of indexes by which documents would expire that do not in the backup.</returns>
    internal static IReadOnlyList<string> Of(ExportItem item, BsonDocument options, IReadOnlyList<BsonDocument> indexes)
    {
        var different = new List<string>();
        foreach (
            var name in Names(item.Options)
                .Union(Names(options), StringComparer.Ordinal)
                .Except(OfTheServer, StringComparer.Ordinal)
        )
        {
            var isSame =
                name == TargetExpiry.Option
                    // The restore sets its own in the end.
                    ? item.Options.View.Has("expireAfterSeconds"u8) || !options.View.Has("expireAfterSeconds"u8)
                    : IsSame(name, item.Options, options);
            if (!isSame)
            {
                different.Add(name);
            }
        }

        var brought = item.Indexes.Where(TargetExpiry.Has).Select(NameOf).ToHashSet(StringComparer.Ordinal);
        different.AddRange(
            indexes
                .Where(index => TargetExpiry.IsOfIndex(index) && !brought.Contains(NameOf(index)))
                .Select(static index => $"expireAfterSeconds of the index '{NameOf(index)}'")
        );
        return different;
    }

    private static bool IsSame(string name, BsonDocument wanted, BsonDocument there)
    {
        var field = Encoding.UTF8.GetBytes(name);
        var isWanted = wanted.View.TryGet(field, out var left) && !IsDefault(left);
        var isThere = there.View.TryGet(field, out var right) && !IsDefault(right);
        return isWanted == isThere
            && (
                !isWanted || (name == "size" ? Steps(left) == Steps(right) : BsonOrder.CompareValues(left, right) == 0)
            );
    }

    /// <summary>What is the same as if it were not written down.</summary>
    private static bool IsDefault(BsonElement option) =>
        option.NameText switch
        {
            "capped" or "recordPreImages" => !option.ToBoolean(),
            "max" => option.IsNumber && option.ToInt64() <= 0,
            "validator" => option.Type == BsonType.Document && option.AsDocument.IsEmpty,
            "validationLevel" => option.Type == BsonType.String && option.AsString == "strict",
            "validationAction" => option.Type == BsonType.String && option.AsString == "error",
            "collation" => option.Type == BsonType.Document
                && option.AsDocument.TryGet("locale"u8, out var locale)
                && locale.Type == BsonType.String
                && locale.AsString == "simple",
            "changeStreamPreAndPostImages" => option.Type == BsonType.Document
                && !(option.AsDocument.TryGet("enabled"u8, out var enabled) && enabled.ToBoolean()),
            _ => false,
        };

    private static long Steps(BsonElement size) => size.IsNumber ? (size.ToInt64() + SizeStep - 1) / SizeStep : 0;

    private static IEnumerable<string> Names(BsonDocument options)
    {
        var names = new List<string>();
        foreach (var option in options.View)
        {
            names.Add(option.NameText);
        }

        return names;
    }

    private static string NameOf(BsonDocument index) => index.View["name"u8].AsString;
}
