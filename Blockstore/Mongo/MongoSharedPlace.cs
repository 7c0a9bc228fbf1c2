using System.Runtime.InteropServices;
using Backup.Blockstore.Shared;
using Backup.MongoWire.Bson;

namespace Backup.Blockstore.Mongo;

/// <summary>The state as one document of the collection <c>state</c>, replaced by its token; what sessions hold in <c>held</c>.</summary>
internal sealed class MongoSharedPlace(MongoTalk talk) : ISharedPlace
{
    internal const string StateCollection = "state";
    internal const string HeldCollection = "held";

    // 400,000 ids are 12.8 MB.
    private const int MostIds = 400_000;
    private const int MostHeld = 10_000;

    private static readonly BsonDocument Query = BsonDocument.Build(w =>
        w.String("find"u8, StateCollection)
            .BeginDocument("filter"u8)
            .String("_id"u8, "state")
            .EndDocument()
            .Int32("limit"u8, 1)
            .Boolean("singleBatch"u8, true)
    );

    public string Name => talk.NameOf("blocks");

    public async Task<(StoreState State, string Token)?> ReadAsync(CancellationToken cancellation)
    {
        var found = await talk.FindAsync(
            Query,
            view => (StateDocument.Read(view, Name), view["token"u8].AsUuid.ToString("N")),
            cancellation
        );
        return found.Count > 0 ? found[0] : null;
    }

    public async Task<string?> TryReplaceAsync(StoreState state, string? token, CancellationToken cancellation)
    {
        var next = Guid.NewGuid();
        var document = BsonDocument.Build(w =>
        {
            w.String("_id"u8, "state").Uuid("token"u8, next);
            StateDocument.Write(w, state);
        });
        bool isDone;
        if (token is null)
        {
            isDone = (await talk.InsertAsync(StateCollection, document.Memory, cancellation)).Count == 0;
        }
        else
        {
            var statement = BsonDocument.Build(w =>
            {
                w.BeginDocument("q"u8).String("_id"u8, "state").Uuid("token"u8, Guid.ParseExact(token, "N"));
                w.EndDocument().Document("u"u8, document);
            });
            isDone = await talk.UpdateAsync(StateCollection, statement.Memory, cancellation) == 1;
        }

        return isDone ? next.ToString("N") : null;
    }

    public async Task WriteHeldAsync(
        Guid session,
        Guid groom,
        IReadOnlyCollection<BlockId> roots,
        CancellationToken cancellation
    )
    {
        var chunks = roots.Chunk(MostIds).DefaultIfEmpty([]).ToList();
        foreach (var (n, chunk) in chunks.Index())
        {
            var ids = MemoryMarshal.AsBytes(chunk.AsSpan()).ToArray();
            var statement = BsonDocument.Build(w =>
            {
                w.BeginDocument("q"u8).BeginDocument("_id"u8).Uuid("session"u8, session).Int32("n"u8, n);
                w.EndDocument().EndDocument().BeginDocument("u"u8);
                w.BeginDocument("_id"u8).Uuid("session"u8, session).Int32("n"u8, n).EndDocument();
                w.Uuid("session"u8, session).Uuid("groom"u8, groom).Int32("count"u8, roots.Count);
                w.Binary("ids"u8, ids).EndDocument().Boolean("upsert"u8, true);
            });
            await talk.UpdateAsync(HeldCollection, statement.Memory, cancellation);
        }
    }

    public async Task<List<BlockId>> ReadHeldAsync(Guid session, Guid groom, CancellationToken cancellation)
    {
        var held = new List<BlockId>();
        for (var n = 0; ; n++)
        {
            var number = n;
            var find = BsonDocument.Build(w =>
            {
                w.String("find"u8, HeldCollection).BeginDocument("filter"u8);
                w.BeginDocument("_id"u8).Uuid("session"u8, session).Int32("n"u8, number).EndDocument();
                w.Uuid("groom"u8, groom).EndDocument().Int32("limit"u8, 1).Boolean("singleBatch"u8, true);
            });
            var counts = await talk.FindAsync(
                find,
                view =>
                {
                    held.AddRange(MemoryMarshal.Cast<byte, BlockId>(view["ids"u8].AsBinary));
                    return view["count"u8].AsInt32;
                },
                cancellation
            );
            if (counts is not [var count])
            {
                throw BlockstoreErrors.GroomOvertaken(Name);
            }

            if (held.Count >= count)
            {
                return held;
            }
        }
    }

    public Task<List<Guid>> ListHeldAsync(CancellationToken cancellation)
    {
        var find = BsonDocument.Build(static w =>
        {
            w.String("find"u8, HeldCollection).BeginDocument("filter"u8).EndDocument();
            w.BeginDocument("projection"u8).Int32("session"u8, 1).EndDocument();
            w.Int32("batchSize"u8, MostHeld).Boolean("singleBatch"u8, true);
        });
        return talk.FindAsync(find, static view => view["session"u8].AsUuid, cancellation);
    }

    public async Task RemoveHeldAsync(Guid groom, IReadOnlyCollection<Guid> gone, CancellationToken cancellation)
    {
        using var writer = new BsonWriter();
        Delete("groom"u8, groom);
        foreach (var session in gone)
        {
            Delete("session"u8, session);
        }

        await talk.DeleteAsync(HeldCollection, writer.WrittenMemory, cancellation);

        void Delete(ReadOnlySpan<byte> field, Guid id) =>
            writer.BeginDocument().BeginDocument("q"u8).Uuid(field, id).EndDocument().Int32("limit"u8, 0).EndDocument();
    }
}
