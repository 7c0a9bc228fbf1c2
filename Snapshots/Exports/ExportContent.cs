using Backup.MongoWire.Bson;
using Backup.Snapshots.Reading;

namespace Backup.Snapshots.Exports;

/// <summary>One namespace of an export.</summary>
/// <param name="Database">For example <c>shop</c>.</param>
/// <param name="Name">As users see it: of a time series the plain name.</param>
/// <param name="DataName">The collection that holds the documents; null for a view.</param>
/// <param name="Options">As <c>create</c> takes them.</param>
/// <param name="Indexes">As <c>createIndexes</c> takes them, the one of <c>_id</c> too.</param>
/// <param name="Uuid">Of the collection; null for a view.</param>
/// <param name="Type"><see cref="Collection"/>, <see cref="View"/> or <see cref="TimeSeries"/>.</param>
public sealed record ExportItem(
    string Database,
    string Name,
    string? DataName,
    BsonDocument Options,
    IReadOnlyList<BsonDocument> Indexes,
    Guid? Uuid,
    string Type
)
{
    public const string Collection = "collection";
    public const string View = "view";
    public const string TimeSeries = "timeseries";

    public string Namespace => $"{Database}.{Name}";

    /// <summary>The collection that held the documents in the source, whatever they are restored as: <c>db.collection</c>.</summary>
    public string Origin
    {
        get => field ?? $"{Database}.{DataName}";
        init;
    }

    /// <summary>Opens its documents, as often as it is called; nothing of a view.</summary>
    public Func<DocumentCursor> Open { get; init; } = static () => new MergedDocuments([]);

    /// <summary>What mongodump writes as <c>.metadata.json</c>.</summary>
    internal byte[] Metadata => ExportMetadata.Of(Options, Indexes, Uuid, Name, Type);
}

/// <summary>What is written out: of one snapshot, or of several as one.</summary>
/// <param name="Items">Collections before views.</param>
/// <param name="MongoVersion">Of the source, for example <c>4.2.4</c>.</param>
/// <param name="At">The wall-clock second of what it holds.</param>
/// <param name="ExpectedBytes">Of documents; may be off by what was updated or deleted, or is left out.</param>
public sealed record ExportContent(
    IReadOnlyList<ExportItem> Items,
    string MongoVersion,
    DateTimeOffset At,
    long ExpectedBytes
)
{
    /// <exception cref="Foundation.Errors.BackupException">4000s, 5001 and 5002 where the definitions of views cannot be read.</exception>
    public static async Task<ExportContent> OfAsync(
        SnapshotReader snapshot,
        ExportOptions? options = null,
        CancellationToken cancellation = default
    ) =>
        new(
            await ExportPlan.MakeAsync(snapshot, options ?? new ExportOptions(), cancellation),
            snapshot.Manifest.ReplicaSet.MongoVersion,
            snapshot.Manifest.Position.Optime.WallClock,
            snapshot.Manifest.Statistics.DocumentBytes
        );
}
