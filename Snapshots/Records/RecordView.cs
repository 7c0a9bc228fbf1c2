using System.Buffers.Binary;
using Backup.Foundation;
using Backup.MongoWire.Bson;

namespace Backup.Snapshots.Records;

/// <summary>Frozen: the numbers are persisted.</summary>
public enum RecordKind : byte
{
    Put = 1,
    Delete = 2,
    Merge = 3,
}

/// <summary>Frozen: the bits are persisted.</summary>
[Flags]
public enum RecordFlags : byte
{
    None = 0,

    /// <summary>Inserted anew, whatever older runs hold: its ordinal is its own.</summary>
    Reborn = 1,
}

/// <summary>Frozen: the bits are persisted.</summary>
[Flags]
public enum OperandFlags : byte
{
    None = 0,

    /// <summary>The entry's <c>b</c>: where the document is missing it is made.</summary>
    Upsert = 1,

    /// <summary>Applied during the catch-up of an initial sync: where the document is missing nothing happens.</summary>
    TolerateMissing = 2,
}

/// <summary>Where things stand in a record. Keep in sync with docs/formats/record.md.</summary>
internal static class RecordLayout
{
    internal const int Kind = 0;
    internal const int Flags = 1;
    internal const int Ordinal = 2;

    /// <summary>A put's document; a delete's or merge's <c>{_id: …}</c>.</summary>
    internal const int Body = 10;

    /// <summary>After a merge's <c>{_id: …}</c>: how many operands, 4 bytes.</summary>
    internal const int OperandCountLength = 4;

    internal const int OperandFlags = 0;
    internal const int OperandTimestamp = 1;
    internal const int OperandTerm = 9;
    internal const int OperandUpdate = 17;

    internal const int SmallestRecord = Body + BsonView.MinimumLength;
    internal const int SmallestOperand = OperandUpdate + BsonView.MinimumLength;
}

/// <summary>One update not yet resolved.</summary>
public readonly ref struct Operand
{
    internal Operand(ReadOnlySpan<byte> bytes)
    {
        Flags = (OperandFlags)bytes[RecordLayout.OperandFlags];
        At = Optime.FromTimestamp(
            BinaryPrimitives.ReadUInt64LittleEndian(bytes[RecordLayout.OperandTimestamp..]),
            BinaryPrimitives.ReadInt64LittleEndian(bytes[RecordLayout.OperandTerm..])
        );
        Update = new BsonView(bytes[RecordLayout.OperandUpdate..]);
    }

    public OperandFlags Flags { get; }

    public Optime At { get; }

    public BsonView Update { get; }

    internal int Length => RecordLayout.OperandUpdate + Update.Length;
}

/// <summary>A record read in place; every bound is checked when it is made.</summary>
public readonly ref struct RecordView
{
    private readonly ReadOnlySpan<byte> _bytes;

    /// <param name="bytes">A record; what stands behind it is left out.</param>
    /// <exception cref="Foundation.Errors.BackupException">2001 where it is damaged.</exception>
    public RecordView(ReadOnlySpan<byte> bytes)
    {
        _bytes = bytes[..LengthOf(bytes)];
    }

    private RecordView(ReadOnlySpan<byte> bytes, bool _)
    {
        _bytes = bytes;
    }

    /// <summary>A record whose length was taken from <see cref="LengthOf"/> just now.</summary>
    internal static RecordView Checked(ReadOnlySpan<byte> bytes) => new(bytes, true);

    public ReadOnlySpan<byte> Bytes => _bytes;

    public RecordKind Kind => (RecordKind)_bytes[RecordLayout.Kind];

    public RecordFlags Flags => (RecordFlags)_bytes[RecordLayout.Flags];

    /// <summary>From 1 in capped collections; 0 in others.</summary>
    public ulong Ordinal => BinaryPrimitives.ReadUInt64LittleEndian(_bytes[RecordLayout.Ordinal..]);

    /// <summary>A put's whole document; of others a document with the <c>_id</c> alone.</summary>
    public BsonView Document => new(_bytes[RecordLayout.Body..]);

    public OperandEnumerator Operands => new(Kind == RecordKind.Merge ? OperandArea : []);

    /// <summary>The operands' bytes, to be copied as they are.</summary>
    internal ReadOnlySpan<byte> OperandBytes => OperandArea[RecordLayout.OperandCountLength..];

    internal int OperandCount => BinaryPrimitives.ReadInt32LittleEndian(OperandArea);

    private ReadOnlySpan<byte> OperandArea => _bytes[(RecordLayout.Body + Document.Length)..];

    /// <summary>The length of the record at the start of these bytes, every part of it inside them.</summary>
    public static int LengthOf(ReadOnlySpan<byte> bytes)
    {
        if (bytes.Length < RecordLayout.SmallestRecord)
        {
            throw MongoWire.MongoWireErrors.Malformed($"a record is cut off after {bytes.Length} bytes", 0);
        }

        var body = RecordLayout.Body + BsonView.LengthOf(bytes[RecordLayout.Body..]);
        return (RecordKind)bytes[RecordLayout.Kind] switch
        {
            RecordKind.Put or RecordKind.Delete => body,
            RecordKind.Merge => body + OperandsLength(bytes[body..]),
            var kind => throw MongoWire.MongoWireErrors.Malformed($"unknown record kind {(int)kind}", 0),
        };
    }

    private static int OperandsLength(ReadOnlySpan<byte> area)
    {
        var operands = new OperandEnumerator(area);
        var length = RecordLayout.OperandCountLength;
        while (operands.MoveNext())
        {
            length += operands.Current.Length;
        }

        return length;
    }

    public ref struct OperandEnumerator
    {
        private ReadOnlySpan<byte> _rest;
        private int _left;

        internal OperandEnumerator(ReadOnlySpan<byte> area)
        {
            if (area.IsEmpty)
            {
                return;
            }

            if (area.Length < RecordLayout.OperandCountLength)
            {
                throw MongoWire.MongoWireErrors.Malformed("a merge record is cut off", 0);
            }

            _left = BinaryPrimitives.ReadInt32LittleEndian(area);
            _rest = area[RecordLayout.OperandCountLength..];
            if (_left < 1 || _left > _rest.Length / RecordLayout.SmallestOperand)
            {
                throw MongoWire.MongoWireErrors.Malformed($"a merge record of {_left} operands", 0);
            }
        }

        public Operand Current { get; private set; }

        public readonly OperandEnumerator GetEnumerator() => this;

        public bool MoveNext()
        {
            if (_left == 0)
            {
                return false;
            }

            if (_rest.Length < RecordLayout.SmallestOperand)
            {
                throw MongoWire.MongoWireErrors.Malformed("an operand is cut off", 0);
            }

            _left--;
            Current = new Operand(_rest);
            _rest = _rest[Current.Length..];
            return true;
        }
    }
}
