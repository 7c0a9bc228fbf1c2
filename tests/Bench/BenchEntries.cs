using Backup.Foundation;
using Backup.MongoWire.Bson;

namespace Backup.Tests.Bench;

/// <summary>
/// Small oplog entries of the collection <c>bench.c</c>, documents by ObjectId. Of six: three inserts, an update of a document inserted lately, an update
/// of an older one, a delete of one inserted lately.
/// </summary>
internal static class BenchEntries
{
    /// <summary>How far before an update of what was inserted lately its insert was: of kind 2, so that none is updated that was deleted.</summary>
    internal const int UpdateDistance = 301;

    /// <summary>How far before a delete its insert was: of kind 0.</summary>
    internal const int DeleteDistance = 299;

    /// <param name="i">Its number: the kind is that modulo 6, and an insert's document has that id.</param>
    /// <param name="at">Its place in the oplog.</param>
    /// <param name="collection">UUID.</param>
    /// <param name="late">The document that an entry of kind 3 updates.</param>
    /// <param name="old">The document that an entry of kind 4 updates.</param>
    /// <param name="gone">The document that an entry of kind 5 deletes.</param>
    internal static BsonDocument Entry(int i, Optime at, Guid collection, int late, int old, int gone)
    {
        var kind = i % 6;
        return BsonDocument.Build(w =>
        {
            w.Timestamp("ts"u8, at.Timestamp).Int64("t"u8, 1).Int64("h"u8, 0).Int32("v"u8, 2);
            w.String(
                    "op"u8,
                    kind < 3 ? "i"
                        : kind < 5 ? "u"
                        : "d"
                )
                .String("ns"u8, "bench.c")
                .Uuid("ui"u8, collection);
            if (kind is 3 or 4)
            {
                w.BeginDocument("o2"u8).ObjectId("_id"u8, Id(kind == 3 ? late : old)).EndDocument();
            }

            w.DateTime("wall"u8, 1_600_000_000_000 + i).BeginDocument("o"u8);
            if (kind < 3)
            {
                Fields(w, i);
            }
            else if (kind < 5)
            {
                w.Int32("$v"u8, 1).BeginDocument("$set"u8).Int32("n"u8, i).String("status"u8, "shipped").EndDocument();
            }
            else
            {
                w.ObjectId("_id"u8, Id(gone));
            }

            w.EndDocument();
        });
    }

    internal static BsonDocument Document(int i) => BsonDocument.Build(w => Fields(w, i));

    private static void Fields(BsonWriter writer, int i) =>
        writer
            .ObjectId("_id"u8, Id(i))
            .Int32("n"u8, i)
            .String("status"u8, "ordered")
            .String("text"u8, "a small document, as most are");

    private static byte[] Id(int i)
    {
        var id = new byte[12];
        BitConverter.TryWriteBytes(id, 1_600_000_000 + i);
        BitConverter.TryWriteBytes(id.AsSpan(8), i);
        return id;
    }
}
