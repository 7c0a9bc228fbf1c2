using Backup.MongoWire.Bson;

namespace Backup.MongoWire.Protocol;

/// <summary>What a message is sent with.</summary>
/// <param name="Compressor">Null: uncompressed.</param>
/// <param name="Checksum">Whether a CRC-32C is added; never together with compression.</param>
internal readonly record struct SendOptions(
    MsgFlags Flags = MsgFlags.None,
    CompressorId? Compressor = null,
    bool Checksum = false
);

/// <summary>Puts messages together in a <see cref="SendBuffer"/>, which is cleared first.</summary>
internal static class MessageWriter
{
    /// <summary>An OP_MSG with one kind-0 section and kind-1 sections behind it.</summary>
    /// <param name="trailer">Elements (no document) put behind the body's own, for example <c>$db</c>.</param>
    internal static void WriteMsg(
        SendBuffer output,
        int requestId,
        int responseTo,
        BsonDocument body,
        ReadOnlySpan<byte> trailer,
        IReadOnlyList<DocumentSequence> sequences,
        SendOptions options
    )
    {
        output.Clear();
        Begin(output);
        var checksum = options.Checksum && options.Compressor is null;
        output.AppendInt32((int)(options.Flags | (checksum ? MsgFlags.ChecksumPresent : 0)));
        output.AppendByte(0);
        AppendBody(output, body, trailer);
        for (var i = 0; i < sequences.Count; i++)
        {
            AppendSequence(output, sequences[i]);
        }

        End(output, requestId, responseTo, OpCode.Msg, checksum ? 4 : 0);
        if (checksum)
        {
            output.AppendInt32((int)Crc32C.Compute(output.Bytes));
        }
    }

    /// <summary>Everything of an OP_MSG but the bytes of its only document, which follow on the wire.</summary>
    internal static void WriteMsgPrefix(
        SendBuffer output,
        int requestId,
        int responseTo,
        int bodyLength,
        MsgFlags flags
    )
    {
        output.Clear();
        Begin(output);
        output.AppendInt32((int)flags);
        output.AppendByte(0);
        End(output, requestId, responseTo, OpCode.Msg, bodyLength);
    }

    /// <summary>A legacy command, as a first hello is sent.</summary>
    internal static void WriteQuery(SendBuffer output, int requestId, string database, BsonDocument command)
    {
        const int secondaryOk = 4;
        output.Clear();
        Begin(output);
        output.AppendInt32(secondaryOk);
        output.Append(System.Text.Encoding.UTF8.GetBytes(database));
        output.Append(".$cmd\0"u8);
        output.AppendInt32(0);
        output.AppendInt32(-1);
        output.Append(command.Span);
        End(output, requestId, 0, OpCode.Query, 0);
    }

    /// <summary>The answer to a legacy command.</summary>
    internal static void WriteReply(SendBuffer output, int requestId, int responseTo, BsonDocument reply)
    {
        const int awaitCapable = 8;
        output.Clear();
        Begin(output);
        output.AppendInt32(awaitCapable);
        output.Append([0, 0, 0, 0, 0, 0, 0, 0]);
        output.AppendInt32(0);
        output.AppendInt32(1);
        output.Append(reply.Span);
        End(output, requestId, responseTo, OpCode.Reply, 0);
    }

    /// <summary>Turns a finished message into an OP_COMPRESSED in another buffer.</summary>
    internal static void WriteCompressed(SendBuffer message, SendBuffer output, CompressorId id)
    {
        var header = MessageHeader.Read(message.Bytes, int.MaxValue);
        var raw = message.Bytes[MessageHeader.Size..];
        output.Clear();
        Begin(output);
        output.AppendInt32((int)header.OpCode);
        output.AppendInt32(raw.Length);
        output.AppendByte((byte)id);
        Compressors.Compress(id, raw, output);
        End(output, header.RequestId, header.ResponseTo, OpCode.Compressed, 0);
    }

    private static void Begin(SendBuffer output)
    {
        output.Reserve(MessageHeader.Size);
        output.Advance(MessageHeader.Size);
    }

    private static void End(SendBuffer output, int requestId, int responseTo, OpCode opCode, int following) =>
        new MessageHeader(output.Count + following, requestId, responseTo, opCode).Write(output.Bytes);

    private static void AppendBody(SendBuffer output, BsonDocument body, ReadOnlySpan<byte> trailer)
    {
        var start = output.Count;
        output.Append(body.Span);
        if (trailer.IsEmpty)
        {
            return;
        }

        output.Advance(-1);
        output.Append(trailer);
        output.AppendByte(0);
        output.PatchInt32(start, output.Count - start);
    }

    private static void AppendSequence(SendBuffer output, DocumentSequence sequence)
    {
        output.AppendByte(1);
        var start = output.Count;
        output.AppendInt32(0);
        output.Append(System.Text.Encoding.UTF8.GetBytes(sequence.Name));
        output.AppendByte(0);
        output.Append(sequence.Bytes.Span);
        output.PatchInt32(start, output.Count - start);
    }
}
