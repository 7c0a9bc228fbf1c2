using Backup.Foundation;
using Backup.MongoWire.Bson;

namespace Backup.Oplog;

/// <summary>
/// The header fields of one oplog entry, read in place; everything else stays in <see cref="Raw"/>. Fields that this version does not
/// know are left alone. Source: the server's OplogEntry, 3.6 to 9.0.
/// </summary>
public ref struct OplogEntry
{
    public BsonView Raw { get; private init; }

    /// <summary><c>ts</c> and <c>t</c>.</summary>
    public Optime Optime { get; private set; }

    /// <summary><c>op</c>: one or two letters.</summary>
    public ReadOnlySpan<byte> Operation { get; private set; }

    /// <summary><c>ns</c>, UTF-8: <c>db.collection</c>, for commands <c>db.$cmd</c>.</summary>
    public ReadOnlySpan<byte> Namespace { get; private set; }

    /// <summary><c>ui</c>: the collection's UUID; null in entries older than 3.6 and where no collection is meant.</summary>
    public Guid? Collection { get; private set; }

    /// <summary><c>o</c></summary>
    public BsonView Object { get; private set; }

    /// <summary><c>o2</c>; empty where there is none.</summary>
    public BsonView Object2 { get; private set; }

    public bool HasObject2 { get; private set; }

    /// <summary><c>b</c>: an update that may insert.</summary>
    public bool IsUpsert { get; private set; }

    /// <summary><c>h</c>, servers up to 4.0.</summary>
    public long? Hash { get; private set; }

    /// <summary><c>lsid</c>: the raw document; empty where there is none.</summary>
    public ReadOnlySpan<byte> Session { get; private set; }

    public long? TransactionNumber { get; private set; }

    /// <summary><c>prevOpTime</c>; zero for the first entry of a chain.</summary>
    public Optime? Previous { get; private set; }

    public bool IsFromMigration { get; private set; }

    /// <summary><c>multiOpType</c>: 1 is a vectored insert, which is no transaction.</summary>
    public int MultiOperation { get; private set; }

    /// <summary>Milliseconds since 1970-01-01 UTC; 0 where there is none.</summary>
    public long WallClock { get; private set; }

    /// <summary>Whether an <c>applyOps</c> of this entry is a transaction, or a link of one.</summary>
    public readonly bool IsTransaction => !Session.IsEmpty && TransactionNumber.HasValue && MultiOperation != 1;

    /// <exception cref="Foundation.Errors.BackupException">2001 or 3001</exception>
    public static OplogEntry Read(BsonView raw)
    {
        var entry = ReadFields(raw);
        if (entry.Optime.IsZero)
        {
            throw OplogErrors.Entry(entry.Optime, "it has no ts");
        }

        return entry;
    }

    /// <summary>Reads an operation inside an <c>applyOps</c>, which bears the optime of the entry around it.</summary>
    public static OplogEntry ReadInner(BsonView raw, Optime at)
    {
        var entry = ReadFields(raw);
        entry.Optime = at;
        return entry;
    }

    private static OplogEntry ReadFields(BsonView raw)
    {
        var entry = new OplogEntry { Raw = raw };
        ulong timestamp = 0;
        long term = -1;
        var hasObject = false;
        foreach (var field in raw)
        {
            switch (field.Name)
            {
                case [(byte)'t', (byte)'s']:
                    timestamp = field.AsTimestamp;
                    break;
                case [(byte)'t']:
                    term = field.ToInt64();
                    break;
                case [(byte)'o', (byte)'p']:
                    entry.Operation = field.AsUtf8;
                    break;
                case [(byte)'n', (byte)'s']:
                    entry.Namespace = field.AsUtf8;
                    break;
                case [(byte)'u', (byte)'i']:
                    entry.Collection = field.AsUuid;
                    break;
                case [(byte)'o']:
                    entry.Object = field.AsDocument;
                    hasObject = true;
                    break;
                case [(byte)'o', (byte)'2']:
                    entry.HasObject2 = field.Type == BsonType.Document;
                    entry.Object2 = entry.HasObject2 ? field.AsDocument : default;
                    break;
                case [(byte)'b']:
                    entry.IsUpsert = field.ToBoolean();
                    break;
                case [(byte)'h']:
                    entry.Hash = field.ToInt64();
                    break;
                case { Length: >= 4 }:
                    entry.ReadLongName(field);
                    break;
            }
        }

        entry.Optime = Optime.FromTimestamp(timestamp, term);
        return hasObject && !entry.Operation.IsEmpty
            ? entry
            : throw OplogErrors.Entry(entry.Optime, "it lacks op or o");
    }

    private void ReadLongName(BsonElement field)
    {
        if (field.NameIs("lsid"u8))
        {
            Session = field.AsDocument.Bytes;
        }
        else if (field.NameIs("txnNumber"u8))
        {
            TransactionNumber = field.ToInt64();
        }
        else if (field.NameIs("prevOpTime"u8))
        {
            var optime = field.AsDocument;
            Previous = Optime.FromTimestamp(
                optime["ts"u8].AsTimestamp,
                optime.TryGet("t"u8, out var term) ? term.ToInt64() : -1
            );
        }
        else if (field.NameIs("multiOpType"u8))
        {
            MultiOperation = (int)field.ToInt64();
        }
        else if (field.NameIs("fromMigrate"u8))
        {
            IsFromMigration = field.ToBoolean();
        }
        else if (field.NameIs("wall"u8) && field.Type == BsonType.DateTime)
        {
            WallClock = field.AsDateTime;
        }
    }
}
