using Backup.Foundation;
using Backup.Foundation.Errors;
using Backup.MongoWire.Bson;

namespace Backup.BackupHttpServer.Slices;

/// <summary>Looks into a slice's documents once: each well-formed, as many as announced, in their order.</summary>
internal static class SliceContent
{
    /// <summary>Checks a slice of documents.</summary>
    /// <returns>The first and the last document's <c>_id</c>, each as a document's only field.</returns>
    /// <exception cref="BackupException">8012 malformed, 8013 another count, 8025 a document without _id.</exception>
    public static (BsonDocument First, BsonDocument Last) CheckDocuments(ReadOnlySpan<byte> raw, int announced)
    {
        var count = 0;
        var first = BsonDocument.Empty;
        var last = ReadOnlySpan<byte>.Empty;
        var all = new BsonSequence(raw, BsonLimits.AsStored).GetEnumerator();
        while (Next(ref all))
        {
            count++;
            if (!all.Current.Has("_id"u8))
            {
                throw BackupHttpServerErrors.NoId(count);
            }

            first = count == 1 ? IdOf(all.Current) : first;
            last = all.Current.Bytes;
        }

        return count == announced
            ? (first, IdOf(new BsonView(last)))
            : throw BackupHttpServerErrors.BadCount(announced, count);
    }

    /// <summary>Checks a slice of oplog entries: their optimes rise, their terms do not fall, first and last are those announced.</summary>
    /// <exception cref="BackupException">8012, 8013, 8016.</exception>
    public static void CheckEntries(ReadOnlySpan<byte> raw, int announced, Optime first, Optime last)
    {
        var count = 0;
        var before = Optime.Zero;
        var all = new BsonSequence(raw, BsonLimits.AsStored).GetEnumerator();
        while (Next(ref all))
        {
            count++;
            var optime = OptimeOf(all.Current);
            if (count == 1 && optime != first)
            {
                throw BackupHttpServerErrors.BadOptimes($"the first entry is {optime}, {first} was announced");
            }

            if (count > 1 && (optime <= before || optime.Term < before.Term))
            {
                throw BackupHttpServerErrors.BadOptimes($"{optime} comes after {before}");
            }

            before = optime;
        }

        if (count != announced)
        {
            throw BackupHttpServerErrors.BadCount(announced, count);
        }

        if (before != last)
        {
            throw BackupHttpServerErrors.BadOptimes($"the last entry is {before}, {last} was announced");
        }
    }

    private static bool Next(ref BsonSequence.Enumerator all)
    {
        try
        {
            return all.MoveNext();
        }
        catch (BackupException malformed)
        {
            throw BackupHttpServerErrors.BadBson(malformed);
        }
    }

    private static BsonDocument IdOf(BsonView document)
    {
        using var writer = new BsonWriter();
        writer.BeginDocument().Element(document["_id"u8]).EndDocument();
        return writer.ToDocument();
    }

    private static Optime OptimeOf(BsonView entry)
    {
        try
        {
            return Optime.FromTimestamp(
                entry["ts"u8].AsTimestamp,
                entry.TryGet("t"u8, out var term) ? term.AsInt64 : -1
            );
        }
        catch (BackupException malformed)
        {
            throw BackupHttpServerErrors.BadBson(malformed);
        }
    }
}
