using Backup.Blockstore;
using Backup.Foundation;
using Backup.MongoWire.Bson;
using Backup.Oplog;
using Backup.Oplog.Catalogues;
using Backup.Snapshots.Reading;
using Backup.Snapshots.Runs;

namespace Backup.Snapshots.Manifests;

/// <summary>The parts of a manifest as BSON. Keep in sync with docs/formats/manifest.md.</summary>
internal static class ManifestFields
{
    internal static void Write(BsonWriter writer, ReadOnlySpan<byte> name, Optime optime) =>
        writer.BeginDocument(name).Timestamp("ts"u8, optime.Timestamp).Int64("t"u8, optime.Term).EndDocument();

    internal static Optime ReadOptime(BsonElement element) =>
        Optime.FromTimestamp(element.AsDocument["ts"u8].AsTimestamp, element.AsDocument["t"u8].AsInt64);

    internal static void Write(BsonWriter writer, RunStatistics sums) =>
        writer
            .Int64("blocks"u8, sums.Blocks)
            .Int64("records"u8, sums.Records)
            .Int64("documents"u8, sums.Documents)
            .Int64("documentBytes"u8, sums.DocumentBytes)
            .Int64("rawBytes"u8, sums.RawBytes)
            .Int64("storedBytes"u8, sums.StoredBytes);

    internal static RunStatistics ReadStatistics(BsonView view) =>
        new(
            view["blocks"u8].AsInt64,
            view["records"u8].AsInt64,
            view["documents"u8].AsInt64,
            view["documentBytes"u8].AsInt64,
            view["rawBytes"u8].AsInt64,
            view["storedBytes"u8].AsInt64
        );

    /// <summary>Nothing where there is none.</summary>
    internal static void Write(BsonWriter writer, IReadOnlyList<NamespaceFilter> filters)
    {
        if (filters.Count == 0)
        {
            return;
        }

        Span<byte> item = stackalloc byte[11];
        writer.BeginArray("filters"u8);
        foreach (var filter in filters)
        {
            writer.BeginDocument(writer.ArrayItemName(item));
            Write(writer, "include"u8, filter.Include);
            Write(writer, "exclude"u8, filter.Exclude);
            writer.EndDocument();
        }

        writer.EndArray();
    }

    internal static IReadOnlyList<NamespaceFilter> ReadFilters(BsonView root)
    {
        var filters = new List<NamespaceFilter>();
        if (root.TryGet("filters"u8, out var stored))
        {
            foreach (var filter in stored.AsDocument)
            {
                var view = filter.AsDocument;
                filters.Add(
                    new NamespaceFilter(Texts(view["include"u8].AsDocument), Texts(view["exclude"u8].AsDocument))
                );
            }
        }

        return filters;
    }

    /// <summary>Nothing where there is none.</summary>
    internal static void Write(BsonWriter writer, IReadOnlyList<PreparedTransaction> appliedAhead)
    {
        if (appliedAhead.Count == 0)
        {
            return;
        }

        Span<byte> item = stackalloc byte[11];
        writer.BeginArray("appliedAhead"u8);
        foreach (var transaction in appliedAhead)
        {
            writer.Document(writer.ArrayItemName(item), SnapshotManifest.Describe(transaction));
        }

        writer.EndArray();
    }

    internal static IReadOnlyList<PreparedTransaction> ReadAppliedAhead(BsonView root)
    {
        var transactions = new List<PreparedTransaction>();
        if (root.TryGet("appliedAhead"u8, out var stored))
        {
            foreach (var transaction in stored.AsDocument)
            {
                var view = transaction.AsDocument;
                transactions.Add(
                    new PreparedTransaction(
                        Optime.FromTimestamp(view["start"u8].AsTimestamp),
                        Optime.FromTimestamp(view["prepared"u8].AsTimestamp),
                        view["txnNumber"u8].AsInt64,
                        view["lsid"u8].AsDocument.ToDocument()
                    )
                );
            }
        }

        return transactions;
    }

    private static void Write(BsonWriter writer, ReadOnlySpan<byte> name, IReadOnlyList<string> texts)
    {
        Span<byte> item = stackalloc byte[11];
        writer.BeginArray(name);
        foreach (var text in texts)
        {
            writer.String(writer.ArrayItemName(item), text);
        }

        writer.EndArray();
    }

    private static List<string> Texts(BsonView array)
    {
        var texts = new List<string>();
        foreach (var text in array)
        {
            texts.Add(text.AsString);
        }

        return texts;
    }

    internal static void Write(BsonWriter writer, ManifestCollection collection)
    {
        Span<byte> item = stackalloc byte[11];
        Span<byte> root = stackalloc byte[BlockId.Length];
        var definition = collection.Definition;
        writer.Uuid("uuid"u8, definition.Uuid);
        writer.String("db"u8, definition.Database).String("name"u8, definition.Name);
        writer.Int32("type"u8, (int)definition.Type).Document("options"u8, definition.Options);
        writer.BeginArray("indexes"u8);
        foreach (var index in definition.Indexes)
        {
            writer.Document(writer.ArrayItemName(item), index);
        }

        writer.EndArray().Int64("nextOrdinal"u8, (long)collection.NextOrdinal);
        writer.Int64("maxBytes"u8, collection.Limits.MaxBytes);
        writer.Int64("maxDocuments"u8, collection.Limits.MaxDocuments).BeginArray("runs"u8);
        foreach (var run in collection.Runs)
        {
            run.Root.CopyTo(root);
            writer.BeginDocument(writer.ArrayItemName(item)).Binary("root"u8, root);
            Write(writer, run.Statistics);
            writer.EndDocument();
        }

        writer.EndArray();
        if (definition.ExcludedBecause is { } reason)
        {
            writer.String("excluded"u8, reason);
        }
    }

    internal static ManifestCollection ReadCollection(BsonView view)
    {
        var indexes = new List<BsonDocument>();
        foreach (var index in view["indexes"u8].AsDocument)
        {
            indexes.Add(index.AsDocument.ToDocument());
        }

        var runs = new List<RunReference>();
        foreach (var run in view["runs"u8].AsDocument)
        {
            var root = run.AsDocument["root"u8].AsBinary;
            runs.Add(
                root.Length == BlockId.Length
                    ? new RunReference(new BlockId(root), ReadStatistics(run.AsDocument))
                    : throw MongoWire.MongoWireErrors.Malformed("a run's root is no block id", 0)
            );
        }

        var definition = new CatalogueCollection(
            view["uuid"u8].AsUuid,
            view["db"u8].AsString,
            view["name"u8].AsString,
            (CollectionType)view["type"u8].AsInt32,
            view["options"u8].AsDocument.ToDocument(),
            indexes
        )
        {
            ExcludedBecause = view.TryGet("excluded"u8, out var excluded) ? excluded.AsString : null,
        };
        var limits = new CappedLimits(view["maxDocuments"u8].AsInt64, view["maxBytes"u8].AsInt64);
        return new ManifestCollection(definition, runs, (ulong)view["nextOrdinal"u8].AsInt64, limits);
    }
}
