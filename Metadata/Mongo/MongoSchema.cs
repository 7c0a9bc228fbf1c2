using Backup.Metadata.Mongo.Collections;

namespace Backup.Metadata.Mongo;

/// <summary>
/// The collections of the catalogue. A transaction of MongoDB 4.2 makes none, so all are there, with their indexes, before the first one is
/// begun. Their names, fields and indexes are frozen by a test.
/// </summary>
internal static class MongoSchema
{
    /// <summary>The document of <see cref="Meta"/> that says whose the database is, and of which version.</summary>
    internal const string Version = "schema";

    /// <summary>The document of <see cref="Meta"/> that every write changes which has to stand alone.</summary>
    internal const string Clock = "clock";

    /// <summary>The document of <see cref="Meta"/> of the process that brings the schema up to date.</summary>
    internal const string Lock = "migration";

    /// <summary>The document of <see cref="Meta"/> that is there while an import fills the database: what is there is not whole.</summary>
    internal const string Import = "import";

    /// <summary>Stands in the document <see cref="Version"/>, so that a stranger's database is not taken for ours.</summary>
    internal const string Application = "backup metadata";

    /// <summary>What is known of the database itself.</summary>
    internal static readonly PlainCollection Meta = new(
        "meta",
        ["_id", "application", "version", "createdAt", "touches", "owner", "beats", "at"]
    );

    /// <summary>The last numbers that were given, by name.</summary>
    internal static readonly PlainCollection Counters = new("counters", ["_id", "last"]);

    /// <summary>How often each process has announced that it wrote; what is not written to for a day is of one that has ended.</summary>
    internal static readonly PlainCollection Signals = new(
        "signals",
        ["_id", "writes", "at"],
        new Index("at", "at") { Expires = TimeSpan.FromDays(1) }
    );

    internal static readonly IReadOnlyList<Collection> All =
    [
        Meta,
        Counters,
        Signals,
        .. AccessCollections.All,
        .. DeploymentCollections.All,
        .. DaemonCollections.All,
        .. SyncCollections.All,
        .. SnapshotCollections.All,
        .. JobCollections.All,
        .. PeopleCollections.All,
        .. AlertCollections.All,
        .. MonitoringCollections.All,
        .. RequestCollections.All,
    ];
}

/// <summary>A collection whose documents are no records.</summary>
internal sealed class PlainCollection(string name, string[] fields, params Index[] indexes) : Collection(name, indexes)
{
    internal override IReadOnlyList<string> FieldNames => fields;
}
