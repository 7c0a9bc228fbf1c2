using System.Buffers;
using System.Buffers.Binary;
using Backup.Foundation;
using Backup.MongoWire.Bson;

namespace Backup.Snapshots.Records;

/// <summary>Writes records, appended to a buffer. Layout: docs/formats/record.md.</summary>
public static class RecordWriter
{
    public static void Put(
        ArrayBufferWriter<byte> output,
        ReadOnlySpan<byte> document,
        ulong ordinal = 0,
        RecordFlags flags = RecordFlags.None
    )
    {
        PutHeader(output, ordinal, flags);
        output.Write(document);
    }

    /// <summary>The header of a put; the document's bytes must follow.</summary>
    internal static void PutHeader(
        ArrayBufferWriter<byte> output,
        ulong ordinal,
        RecordFlags flags = RecordFlags.None
    ) => Header(output, RecordKind.Put, flags, ordinal);

    /// <param name="output">Receives the record.</param>
    /// <param name="idHolder">A document with an <c>_id</c>; its other fields are left out.</param>
    public static void Delete(ArrayBufferWriter<byte> output, BsonView idHolder)
    {
        Header(output, RecordKind.Delete, RecordFlags.None, 0);
        IdAlone(output, idHolder);
    }

    /// <summary>The start of a merge; exactly <paramref name="operands"/> calls of <see cref="Operand"/> must follow.</summary>
    public static void BeginMerge(ArrayBufferWriter<byte> output, BsonView idHolder, int operands, ulong ordinal = 0)
    {
        Header(output, RecordKind.Merge, RecordFlags.None, ordinal);
        output.Write(idHolder.Bytes);
        BinaryPrimitives.WriteInt32LittleEndian(output.GetSpan(RecordLayout.OperandCountLength), operands);
        output.Advance(RecordLayout.OperandCountLength);
    }

    public static void Operand(ArrayBufferWriter<byte> output, OperandFlags flags, Optime at, BsonView update)
    {
        var head = output.GetSpan(RecordLayout.OperandUpdate);
        head[RecordLayout.OperandFlags] = (byte)flags;
        BinaryPrimitives.WriteUInt64LittleEndian(head[RecordLayout.OperandTimestamp..], at.Timestamp);
        BinaryPrimitives.WriteInt64LittleEndian(head[RecordLayout.OperandTerm..], at.Term);
        output.Advance(RecordLayout.OperandUpdate);
        output.Write(update.Bytes);
    }

    /// <summary>Writes <c>{_id: …}</c>.</summary>
    public static void IdAlone(ArrayBufferWriter<byte> output, BsonView idHolder)
    {
        var id = Keys.DocumentKey.IdOf(idHolder);
        var length = 4 + id.Whole.Length + 1;
        var target = output.GetSpan(length)[..length];
        BinaryPrimitives.WriteInt32LittleEndian(target, length);
        id.Whole.CopyTo(target[4..]);
        target[^1] = 0;
        output.Advance(length);
    }

    private static void Header(ArrayBufferWriter<byte> output, RecordKind kind, RecordFlags flags, ulong ordinal)
    {
        var head = output.GetSpan(RecordLayout.Body);
        head[RecordLayout.Kind] = (byte)kind;
        head[RecordLayout.Flags] = (byte)flags;
        BinaryPrimitives.WriteUInt64LittleEndian(head[RecordLayout.Ordinal..], ordinal);
        output.Advance(RecordLayout.Body);
    }
}
