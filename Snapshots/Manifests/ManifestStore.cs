using Backup.Blockstore;
using Backup.Foundation.Errors;
using Backup.MongoWire.Bson;
using Backup.Snapshots.Heads;
using Backup.Snapshots.Keys;

namespace Backup.Snapshots.Manifests;

/// <summary>
/// Writes and reads manifests. Collections stand in pages of their own blocks, cut by content: ten thousand collections fit, and a snapshot in which
/// few of them changed shares most pages with the one before.
/// </summary>
public static class ManifestStore
{
    private const int MinPageLength = 64 * 1024;
    private const int MaxPageLength = 1024 * 1024;

    /// <summary>One collection in so many ends a page that is past the minimum.</summary>
    private const int PageEndsOneIn = 32;

    /// <summary>Puts it; durable with the store's next flush.</summary>
    public static async Task<BlockId> WriteAsync(
        IBlockStore store,
        SnapshotManifest manifest,
        CancellationToken cancellation = default
    )
    {
        var pages = new List<BlockId>();
        foreach (var page in Pages(manifest.Collections))
        {
            pages.Add((await store.PutAsync(page, cancellation)).Id);
        }

        var root = ManifestEnvelope.Wrap(ManifestEnvelope.RootMagic, Root(manifest, pages).Span);
        return (await store.PutAsync(root, cancellation)).Id;
    }

    /// <exception cref="BackupException">4003 where it is damaged, 4006 where it is of a newer format; 5001, 5002 of the store.</exception>
    public static async Task<SnapshotManifest> ReadAsync(
        IBlockStore store,
        BlockId id,
        CancellationToken cancellation = default
    )
    {
        var root = await GetAsync(store, ManifestEnvelope.RootMagic, id, cancellation);
        var collections = new List<ManifestCollection>();
        foreach (var page in Parse(id, () => PageIds(root.View)))
        {
            var body = await GetAsync(store, ManifestEnvelope.PageMagic, page, cancellation);
            Parse(page, () => ReadPage(body.View, collections));
        }

        return Parse(id, () => ReadRoot(root.View, collections));
    }

    /// <summary>The manifest's pages, for whoever must know every block it is made of.</summary>
    public static async Task<IReadOnlyList<BlockId>> ReadPagesAsync(
        IBlockStore store,
        BlockId id,
        CancellationToken cancellation = default
    )
    {
        var root = await GetAsync(store, ManifestEnvelope.RootMagic, id, cancellation);
        return Parse(id, () => PageIds(root.View));
    }

    /// <summary>The roots of all runs of the collections in one of the manifest's pages.</summary>
    public static async Task<IReadOnlyList<BlockId>> ReadRunsAsync(
        IBlockStore store,
        BlockId page,
        CancellationToken cancellation = default
    )
    {
        var body = await GetAsync(store, ManifestEnvelope.PageMagic, page, cancellation);
        var collections = new List<ManifestCollection>();
        Parse(page, () => ReadPage(body.View, collections));
        return [.. collections.SelectMany(static one => one.Runs).Select(static run => run.Root)];
    }

    private static IEnumerable<byte[]> Pages(IEnumerable<ManifestCollection> collections)
    {
        using var writer = new BsonWriter(MinPageLength);
        var count = 0;
        foreach (var collection in collections.OrderBy(one => one.Definition.Uuid))
        {
            Append(writer, collection, isFirst: count++ == 0);
            if (writer.Length >= MaxPageLength || (writer.Length >= MinPageLength && EndsAfter(collection)))
            {
                yield return Close(writer);
                count = 0;
            }
        }

        if (count > 0)
        {
            yield return Close(writer);
        }
    }

    private static void Append(BsonWriter writer, ManifestCollection collection, bool isFirst)
    {
        Span<byte> item = stackalloc byte[11];
        if (isFirst)
        {
            writer.BeginDocument().BeginArray("collections"u8);
        }

        writer.BeginDocument(writer.ArrayItemName(item));
        ManifestFields.Write(writer, collection);
        writer.EndDocument();
    }

    private static byte[] Close(BsonWriter writer)
    {
        writer.EndArray().EndDocument();
        var page = ManifestEnvelope.Wrap(ManifestEnvelope.PageMagic, writer.Written);
        writer.Clear();
        return page;
    }

    private static bool EndsAfter(ManifestCollection collection)
    {
        Span<byte> uuid = stackalloc byte[16];
        collection.Definition.Uuid.TryWriteBytes(uuid, bigEndian: true, out _);
        return KeyHash.Of(uuid) < ulong.MaxValue / PageEndsOneIn;
    }

    private static BsonDocument Root(SnapshotManifest manifest, List<BlockId> pages)
    {
        using var writer = new BsonWriter(1024);
        Span<byte> item = stackalloc byte[11];
        Span<byte> id = stackalloc byte[BlockId.Length];
        var (set, position) = (manifest.ReplicaSet, manifest.Position);
        writer.BeginDocument().String("replicaSet"u8, set.Name).String("setId"u8, set.SetId);
        writer.String("mongoVersion"u8, set.MongoVersion).String("fcv"u8, set.FeatureCompatibilityVersion);
        writer.String("storageEngine"u8, set.StorageEngine).Boolean("consistent"u8, position.Consistent);
        ManifestFields.Write(writer, "optime"u8, position.Optime);
        ManifestFields.Write(writer, "replayFrom"u8, position.ReplayFrom);
        ManifestFields.Write(writer, "begin"u8, position.Begin);
        ManifestFields.Write(writer, "end"u8, position.End);
        writer.BeginArray("prepared"u8);
        foreach (var transaction in manifest.PreparedTransactions)
        {
            writer.Document(writer.ArrayItemName(item), transaction);
        }

        writer.EndArray().Int32("collections"u8, manifest.Collections.Count).BeginDocument("statistics"u8);
        ManifestFields.Write(writer, manifest.Statistics);
        writer.EndDocument().BeginArray("pages"u8);
        foreach (var page in pages)
        {
            page.CopyTo(id);
            writer.Binary(writer.ArrayItemName(item), id);
        }

        writer.EndArray();
        ManifestFields.Write(writer, manifest.Filters);
        ManifestFields.Write(writer, manifest.AppliedAhead);
        return writer.EndDocument().ToDocument();
    }

    private static async Task<BsonDocument> GetAsync(
        IBlockStore store,
        uint magic,
        BlockId id,
        CancellationToken cancellation
    )
    {
        using var raw = await store.GetAsync(id, cancellation);
        return ManifestEnvelope.Unwrap(magic, raw.Memory.Span, id);
    }

    private static List<BlockId> PageIds(BsonView root)
    {
        var pages = new List<BlockId>();
        foreach (var page in root["pages"u8].AsDocument)
        {
            pages.Add(
                page.AsBinary.Length == BlockId.Length
                    ? new BlockId(page.AsBinary)
                    : throw MongoWire.MongoWireErrors.Malformed("a page is no block id", 0)
            );
        }

        return pages;
    }

    private static bool ReadPage(BsonView page, List<ManifestCollection> collections)
    {
        foreach (var collection in page["collections"u8].AsDocument)
        {
            collections.Add(ManifestFields.ReadCollection(collection.AsDocument));
        }

        return true;
    }

    private static SnapshotManifest ReadRoot(BsonView root, List<ManifestCollection> collections)
    {
        if (root["collections"u8].AsInt32 != collections.Count)
        {
            throw MongoWire.MongoWireErrors.Malformed($"its pages hold {collections.Count} collections", 0);
        }

        var prepared = new List<BsonDocument>();
        foreach (var transaction in root["prepared"u8].AsDocument)
        {
            prepared.Add(transaction.AsDocument.ToDocument());
        }

        return new SnapshotManifest(
            new ReplicaSetIdentity(
                root["replicaSet"u8].AsString,
                root["setId"u8].AsString,
                root["mongoVersion"u8].AsString,
                root["fcv"u8].AsString,
                root["storageEngine"u8].AsString
            ),
            new HeadPosition(
                ManifestFields.ReadOptime(root["optime"u8]),
                ManifestFields.ReadOptime(root["replayFrom"u8]),
                root["consistent"u8].AsBoolean,
                ManifestFields.ReadOptime(root["begin"u8]),
                ManifestFields.ReadOptime(root["end"u8])
            ),
            collections,
            prepared,
            ManifestFields.ReadStatistics(root["statistics"u8].AsDocument)
        )
        {
            Filters = ManifestFields.ReadFilters(root),
            AppliedAhead = ManifestFields.ReadAppliedAhead(root),
        };
    }

    private static T Parse<T>(BlockId id, Func<T> read)
    {
        try
        {
            return read();
        }
        catch (BackupException damage) when (damage.Number == MongoWire.MongoWireErrors.MalformedBson)
        {
            throw SnapshotsErrors.Manifest(damage.Message, id.ToString(), damage);
        }
    }
}
