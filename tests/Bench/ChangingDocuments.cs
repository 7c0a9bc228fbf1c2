using System.Buffers;
using Backup.Blockstore;
using Backup.Blockstore.Grooming;
using Backup.Blockstore.Packs;
using Backup.Foundation;
using Backup.Foundation.Compression;
using Backup.MongoWire.Bson;
using Backup.Oplog.Catalogues;
using Backup.Sandbox;
using Backup.Snapshots.Heads;
using Backup.Snapshots.Manifests;

namespace Backup.Tests.Bench;

/// <summary>A collection of which a few documents are replaced at random, again and again; in a head over a pack store, and as a dump.</summary>
internal sealed class ChangingDocuments : IAsyncDisposable
{
    private static readonly Guid Uuid = Guid.NewGuid();

    private readonly SyntheticCollection _documents;
    private readonly int[] _versions;
    private readonly Random _random = new(1);
    private readonly Head _head;
    private uint _moment = 1;

    private ChangingDocuments(PackBlockStore store, SyntheticCollection documents)
    {
        (Store, _documents) = (store, documents);
        _versions = new int[documents.Count];
        _head = Head.Create(store, new ReplicaSetIdentity("bench", "", "4.2.4", "4.2", "wiredTiger"));
        _head.Catalogue.Set(
            new CatalogueCollection(Uuid, "bench", "c", CollectionType.Collection, BsonDocument.Empty, [])
        );
    }

    internal PackBlockStore Store { get; }

    /// <summary>Raw bytes of all of it, and of what the last change replaced; the latter as zstd 3 makes it of stretches as long as a block.</summary>
    internal (long Raw, long Changed, long Compressed) Bytes { get; private set; }

    internal static async Task<ChangingDocuments> MakeAsync(string folder, long bytes)
    {
        var store = await PackBlockStore.OpenAsync(folder);
        var made = new ChangingDocuments(store, BenchDocuments.Collections(1, bytes)[1]);
        await made.CopyAsync();
        return made;
    }

    /// <summary>Replaces that share of the documents, and flushes as a daemon does.</summary>
    /// <returns>The manifest of the state after that.</returns>
    internal async Task<BlockId> ChangeAsync(double share)
    {
        var chosen = Enumerable.Range(0, (int)(_versions.Length * share)).Select(_ => _random.Next(_versions.Length));
        var (changed, compressed) = (0L, 0L);
        var stretch = new ArrayBufferWriter<byte>(1 << 18);
        foreach (var id in chosen.Distinct().Order())
        {
            _versions[id]++;
            var document = Document(id);
            _head.Put(Uuid, document.View, isInsert: false);
            changed += document.Length;
            stretch.Write(document.Span);
            if (stretch.WrittenCount >= 1 << 18)
            {
                compressed += Compressed(stretch);
            }
        }

        compressed += Compressed(stretch);
        Bytes = Bytes with { Changed = changed, Compressed = compressed };
        return await FlushAsync();
    }

    /// <summary>Puts together what is too much, as a daemon does beside it.</summary>
    internal async Task<BlockId> MergeAsync()
    {
        await _head.MergeAsync();
        return await FlushAsync();
    }

    /// <summary>The documents one after another, as mongodump writes them.</summary>
    internal void Dump(string path)
    {
        using var file = File.Create(path, 1 << 20);
        for (var id = 0; id < _versions.Length; id++)
        {
            file.Write(Document(id).Span);
        }
    }

    public async ValueTask DisposeAsync()
    {
        _head.Dispose();
        await Store.DisposeAsync();
    }

    private async Task CopyAsync()
    {
        using var work = Store.Holds.Begin();
        await using var builder = new BaseRunBuilder(Store, capped: false);
        var raw = 0L;
        for (var id = 0; id < _versions.Length; id++)
        {
            var document = Document(id);
            raw += document.Length;
            await builder.AddAsync(document);
        }

        _head.SetBaseRun(Uuid, await builder.CompleteAsync());
        Bytes = Bytes with { Raw = raw };
        await FlushAsync();
    }

    private async Task<BlockId> FlushAsync()
    {
        var at = new Optime(_moment++, 1, 1);
        return (await _head.FlushAsync(new HeadPosition(at, at, Consistent: true, Optime.Zero, Optime.Zero))).Manifest;
    }

    // What replaces a document is another one of the pool, under its id.
    private BsonDocument Document(int id)
    {
        var content = _documents.Generate(id + (_versions[id] * 7919L)).Span.ToArray();
        BenchDocuments.SetId(content, id);
        return new BsonDocument(content);
    }

    private static long Compressed(ArrayBufferWriter<byte> stretch)
    {
        if (stretch.WrittenCount == 0)
        {
            return 0;
        }

        var frame = new byte[Zstd.MaxCompressedLength(stretch.WrittenCount)];
        var length = Zstd.Compress(stretch.WrittenSpan, frame, Zstd.DefaultLevel);
        stretch.ResetWrittenCount();
        return length;
    }
}

/// <summary>Manifests that are kept.</summary>
internal sealed class KeptManifests(IBlockStore store, IReadOnlyList<BlockId> manifests) : IBlockRoots
{
    public Task<IReadOnlyList<BlockRoot>> ListAsync(CancellationToken cancellation = default) =>
        Task.FromResult<IReadOnlyList<BlockRoot>>([.. manifests.Select(static one => new BlockRoot(one, "kept"))]);

    public Task TraceAsync(BlockId root, IBlockMarks marks, CancellationToken cancellation = default) =>
        BlockTracer.TraceAsync(store, root, marks, cancellation);
}
