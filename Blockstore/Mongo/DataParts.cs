using Backup.MongoWire.Bson;

namespace Backup.Blockstore.Mongo;

/// <summary>Data that is too long for one document, cut into parts: <c>{_id: {of, write, n}, epoch, data}</c>. Thread-safe.</summary>
/// <param name="talk">To the server.</param>
/// <param name="collection">Of the parts.</param>
/// <param name="partBytes">Length of each part but the last.</param>
internal sealed class DataParts(MongoTalk talk, string collection, int partBytes)
{
    /// <summary>In how many parts so much goes.</summary>
    internal int CountOf(int length) => (length + partBytes - 1) / partBytes;

    /// <summary>Writes all parts.</summary>
    /// <param name="of">An element of any name: the <c>_id</c> of what they are parts of.</param>
    /// <param name="write">Of this writing alone.</param>
    /// <param name="epoch">Under which they are written.</param>
    /// <param name="data">All of it.</param>
    /// <param name="cancellation">Leaves the parts that are there.</param>
    internal async Task WriteAsync(
        BsonDocument of,
        Guid write,
        long epoch,
        ReadOnlyMemory<byte> data,
        CancellationToken cancellation
    )
    {
        for (var n = 0; n < CountOf(data.Length); n++)
        {
            var part = data[(n * partBytes)..Math.Min(data.Length, (n + 1) * partBytes)];
            using var writer = new BsonWriter(part.Length + 512);
            writer.BeginDocument();
            Id(writer, of, write, n);
            writer.Int64("epoch"u8, epoch).Binary("data"u8, part.Span).EndDocument();
            // That one is there already says that an answer was lost.
            await talk.InsertAsync(collection, writer.WrittenMemory, cancellation);
        }
    }

    /// <summary>Reads all parts; false where they are not all there, or not as long.</summary>
    internal async Task<bool> TryReadAsync(
        BsonDocument of,
        Guid write,
        int count,
        Memory<byte> into,
        CancellationToken cancellation
    )
    {
        var at = 0;
        for (var n = 0; n < count; n++)
        {
            var number = n;
            var find = BsonDocument.Build(w =>
            {
                w.String("find"u8, collection).BeginDocument("filter"u8);
                Id(w, of, write, number);
                w.EndDocument().Int32("limit"u8, 1).Boolean("singleBatch"u8, true);
            });
            var read = await talk.FindAsync(
                find,
                view =>
                {
                    var data = view["data"u8].AsBinary;
                    return data.TryCopyTo(into.Span[at..]) ? data.Length : -1;
                },
                cancellation
            );
            if (read is not [>= 0 and var length])
            {
                return false;
            }

            at += length;
        }

        return at == into.Length;
    }

    internal async Task RemoveAsync(BsonDocument of, Guid write, int count, CancellationToken cancellation)
    {
        if (count == 0)
        {
            return;
        }

        using var writer = new BsonWriter();
        for (var n = 0; n < count; n++)
        {
            writer.BeginDocument().BeginDocument("q"u8);
            Id(writer, of, write, n);
            writer.EndDocument().Int32("limit"u8, 1).EndDocument();
        }

        await talk.DeleteAsync(collection, writer.WrittenMemory, cancellation);
    }

    /// <summary>Every part that is there, without its data, in the order of their <c>_id</c>s.</summary>
    internal async IAsyncEnumerable<DataPart> ListAsync(
        [System.Runtime.CompilerServices.EnumeratorCancellation] CancellationToken cancellation
    )
    {
        const int page = 1000;
        var last = default(BsonDocument?);
        while (true)
        {
            var from = last;
            var find = BsonDocument.Build(w =>
            {
                w.String("find"u8, collection).BeginDocument("filter"u8);
                if (from is { } after)
                {
                    w.BeginDocument("_id"u8).Element("$gt"u8, after.View["_id"u8]).EndDocument();
                }

                w.EndDocument().BeginDocument("sort"u8).Int32("_id"u8, 1).EndDocument();
                BlockDocuments.WithoutData(w);
                w.Int32("limit"u8, page).Int32("batchSize"u8, page).Boolean("singleBatch"u8, true);
            });
            var found = await talk.FindAsync(find, static view => view.ToDocument(), cancellation);
            foreach (var part in found)
            {
                var id = part.View["_id"u8].AsDocument;
                yield return new DataPart(
                    BsonDocument.Build(w => w.Element("_id"u8, new BsonView(part.Span)["_id"u8].AsDocument["of"u8])),
                    id["write"u8].AsUuid,
                    id["n"u8].AsInt32,
                    part.View["epoch"u8].AsInt64
                );
            }

            if (found.Count < page)
            {
                yield break;
            }

            last = found[^1];
        }
    }

    /// <summary>Removes one part.</summary>
    internal Task RemoveAsync(DataPart part, CancellationToken cancellation)
    {
        var statement = BsonDocument.Build(w =>
        {
            w.BeginDocument("q"u8);
            Id(w, part.Of, part.Write, part.Number);
            w.EndDocument().Int32("limit"u8, 1);
        });
        return talk.DeleteAsync(collection, statement.Memory, cancellation);
    }

    private static void Id(BsonWriter writer, BsonDocument of, Guid write, int number)
    {
        writer.BeginDocument("_id"u8).Element("of"u8, of.View.First);
        writer.Uuid("write"u8, write).Int32("n"u8, number).EndDocument();
    }
}

/// <param name="Of">A document whose first element is the <c>_id</c> of what it is a part of.</param>
/// <param name="Write">Of which writing.</param>
/// <param name="Number">From 0.</param>
/// <param name="Epoch">Under which it was written.</param>
internal readonly record struct DataPart(BsonDocument Of, Guid Write, int Number, long Epoch);
