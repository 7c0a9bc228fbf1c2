using Backup.Daemon.Restores;
using Backup.MongoQuery;
using Backup.MongoWire.Bson;
using Backup.Snapshots.Exports;
using Backup.Snapshots.Keys;
using Backup.Snapshots.Reading;
using Backup.Snapshots.Runs;

namespace Backup.Daemon.Serving;

/// <summary>The namespaces of an open restore, and their documents, to be read as often as is asked.</summary>
internal sealed class ServedMoment(OpenRestore restore) : IAsyncDisposable
{
    private readonly Dictionary<string, ExportItem> _items = restore.Content.Items.ToDictionary(
        static item => item.Namespace,
        StringComparer.Ordinal
    );

    internal IReadOnlyList<ExportItem> Items => restore.Content.Items;

    internal string MongoVersion => restore.Content.MongoVersion;

    internal DateTimeOffset At => restore.Content.At;

    /// <summary>Whether documents are read in <c>_id</c> order and found by it: of a replica set, not of a cluster's shards together.</summary>
    internal bool HasOrder => restore.Source is not null;

    internal ExportItem? Find(string ns) => _items.GetValueOrDefault(ns);

    /// <summary>Documents of which those that meet the condition are all there; others may be, too.</summary>
    /// <param name="item">A collection.</param>
    /// <param name="id">What is known of their <c>_id</c>.</param>
    /// <param name="naturally">A capped collection in the order of insertion.</param>
    /// <param name="cancellation">Gives up.</param>
    internal async ValueTask<DocumentCursor> OpenAsync(
        ExportItem item,
        IdCondition id,
        bool naturally,
        CancellationToken cancellation
    )
    {
        if (restore.Source is not { Reader: var reader } || item.Uuid is not { } uuid || (naturally && id.IsNone))
        {
            return item.Open();
        }

        return id.Points is { } points
            ? new PointCursor(reader, uuid, points)
            : await reader.OpenInIdOrderAsync(uuid, new KeyRange(Bound(id.From), Bound(id.To)), cancellation);
    }

    /// <summary>How many documents and bytes there are; null where only reading tells, and an estimate is not wanted.</summary>
    internal async Task<CollectionSize?> SizeAsync(ExportItem item, bool exactly, CancellationToken cancellation) =>
        restore.Source is { } source && item.Uuid is { } uuid && (source.IsPlain || !exactly)
            ? await source.Reader.MeasureAsync(one => one.Uuid == uuid, cancellation)
            : null;

    public ValueTask DisposeAsync() => restore.DisposeAsync();

    private static byte[]? Bound(BsonDocument? value) => value is { } bound ? KeyRange.Key(bound.View.First) : null;

    /// <summary>Single documents by their <c>_id</c>, in the order of these.</summary>
    private sealed class PointCursor(SnapshotReader reader, Guid uuid, IReadOnlyList<BsonDocument> points)
        : DocumentCursor
    {
        private BsonDocument _current;
        private int _next;

        public override ReadOnlyMemory<byte> Current => _current.Memory;

        public override async ValueTask<bool> MoveNextAsync(CancellationToken cancellation = default)
        {
            while (_next < points.Count)
            {
                if (await reader.FindAsync(uuid, points[_next++].View.First, cancellation) is { } found)
                {
                    _current = found;
                    return true;
                }
            }

            return false;
        }

        public override ValueTask DisposeAsync() => ValueTask.CompletedTask;
    }
}
