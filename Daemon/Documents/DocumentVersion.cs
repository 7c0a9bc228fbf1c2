using Backup.Foundation;
using Backup.MongoWire.Bson;

namespace Backup.Daemon.Documents;

/// <summary>What a document came to be.</summary>
public enum DocumentChange
{
    /// <summary>It was so when the stretch of the timeline begins that is told of.</summary>
    Was,

    /// <summary>It was not there before.</summary>
    Inserted,

    /// <summary>It was there, and is another now.</summary>
    Updated,

    /// <summary>It is gone: deleted, or with its collection.</summary>
    Deleted,

    /// <summary>Of a cluster: it is on another shard now, and what it was.</summary>
    Moved,
}

/// <summary>One document as it was at a moment.</summary>
/// <param name="Document">Null where there was none.</param>
/// <param name="At">The last entry that is in it: of the moment that was asked for.</param>
public sealed record FoundDocument(BsonDocument? Document, Optime At)
{
    /// <summary>Of a cluster: which shard has it; null where there is none.</summary>
    public string? Shard { get; init; }
}

/// <summary>What kind of entry made a version.</summary>
internal enum VersionSource
{
    /// <summary>A write, or a transaction.</summary>
    Write,

    /// <summary>A migration of chunks: of the cluster nothing has changed.</summary>
    Migration,

    /// <summary>A command on the whole collection.</summary>
    Collection,
}

/// <summary>One version of a document.</summary>
/// <param name="At">The entry that made it; of <see cref="DocumentChange.Was"/> the moment where the stretch begins.</param>
/// <param name="Change">What happened.</param>
/// <param name="Document">As it is from then on; null where it is gone.</param>
/// <param name="Fields">Of an update the fields at the top that differ, in the order of the newer document, those that are gone last.</param>
public sealed record DocumentVersion(
    Optime At,
    DocumentChange Change,
    BsonDocument? Document,
    IReadOnlyList<string> Fields
)
{
    /// <summary>Of a cluster: which shard has it, or had it; null where that is not known.</summary>
    public string? Shard { get; init; }

    internal VersionSource Source { get; init; }

    internal static DocumentVersion Of(Optime at, BsonDocument? before, BsonDocument? after) =>
        new(
            at,
            after is null ? DocumentChange.Deleted
                : before is null ? DocumentChange.Inserted
                : DocumentChange.Updated,
            after,
            before is { } old && after is { } now ? Differences(old.View, now.View) : []
        );

    private static List<string> Differences(BsonView before, BsonView after)
    {
        var names = new List<string>();
        foreach (var field in after)
        {
            var isSame =
                before.TryGet(field.Name, out var old)
                && old.Type == field.Type
                && old.Value.SequenceEqual(field.Value);
            if (!isSame)
            {
                names.Add(field.NameText);
            }
        }

        foreach (var field in before)
        {
            if (!after.Has(field.Name))
            {
                names.Add(field.NameText);
            }
        }

        return names;
    }
}
