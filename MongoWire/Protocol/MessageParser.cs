using System.Buffers.Binary;
using System.Text;
using Backup.MongoWire.Bson;

namespace Backup.MongoWire.Protocol;

/// <summary>Takes a whole, uncompressed message apart. Every bound is checked; damaged bytes end in a numbered error.</summary>
internal static class MessageParser
{
    private const MsgFlags RequiredMask = (MsgFlags)0xFFFF;
    private const MsgFlags KnownRequired = MsgFlags.ChecksumPresent | MsgFlags.MoreToCome;
    private const int MaxSequences = 64;

    /// <param name="message">The message with its header; its documents become slices of this.</param>
    /// <exception cref="Foundation.Errors.BackupException">2001, 2010 or 2012.</exception>
    internal static WireMessage Parse(
        MessageHeader header,
        ReadOnlyMemory<byte> message,
        CompressorId? compressor,
        IReceiveBufferOwner? owner
    ) =>
        header.OpCode switch
        {
            OpCode.Msg => ParseMsg(header, message, compressor, owner),
            OpCode.Query => ParseQuery(header, message, compressor, owner),
            OpCode.Reply => ParseReply(header, message, compressor, owner),
            _ => throw MongoWireErrors.Unknown($"operation code {(int)header.OpCode}"),
        };

    private static WireMessage ParseMsg(
        MessageHeader header,
        ReadOnlyMemory<byte> message,
        CompressorId? compressor,
        IReceiveBufferOwner? owner
    )
    {
        var flags = (MsgFlags)ReadInt32(message, MessageHeader.Size);
        if ((flags & RequiredMask & ~KnownRequired) != 0)
        {
            throw MongoWireErrors.BadMessage($"unknown required flags 0x{(uint)flags:x8}");
        }

        var sections = message[(MessageHeader.Size + 4)..];
        if ((flags & MsgFlags.ChecksumPresent) != 0)
        {
            sections = WithoutChecksum(message, sections);
        }

        BsonDocument? body = null;
        List<DocumentSequence>? sequences = null;
        while (!sections.IsEmpty)
        {
            var kind = sections.Span[0];
            sections = sections[1..];
            switch (kind)
            {
                case 0 when body is null:
                    body = new BsonDocument(sections);
                    sections = sections[body.Value.Length..];
                    break;
                case 1 when (sequences?.Count ?? 0) < MaxSequences:
                    (sequences ??= []).Add(ParseSequence(ref sections));
                    break;
                default:
                    throw MongoWireErrors.BadMessage($"a section of kind {kind} is unknown or one too many");
            }
        }

        return new WireMessage(owner)
        {
            OpCode = OpCode.Msg,
            RequestId = header.RequestId,
            ResponseTo = header.ResponseTo,
            Flags = flags,
            Body = body ?? throw MongoWireErrors.BadMessage("no section of kind 0"),
            Sequences = sequences ?? [],
            Compressor = compressor,
        };
    }

    private static ReadOnlyMemory<byte> WithoutChecksum(ReadOnlyMemory<byte> message, ReadOnlyMemory<byte> sections)
    {
        if (sections.Length < 4)
        {
            throw MongoWireErrors.BadMessage("the checksum is cut off");
        }

        var stated = BinaryPrimitives.ReadUInt32LittleEndian(sections.Span[^4..]);
        var computed = Crc32C.Compute(message.Span[..^4]);
        return stated == computed ? sections[..^4] : throw MongoWireErrors.BadChecksum(stated, computed);
    }

    private static DocumentSequence ParseSequence(ref ReadOnlyMemory<byte> sections)
    {
        var size = ReadInt32(sections, 0);
        if (size < 5 || size > sections.Length)
        {
            throw MongoWireErrors.BadMessage($"a document sequence of {size} bytes with {sections.Length} at hand");
        }

        var sequence = sections[4..size];
        sections = sections[size..];
        var (name, documents) = ReadCString(sequence);
        for (var rest = documents.Span; !rest.IsEmpty; )
        {
            rest = rest[BsonView.LengthOf(rest)..];
        }

        return new DocumentSequence(name, documents);
    }

    /// <summary>flags, collection, skip, limit, query, and perhaps a projection that nobody needs.</summary>
    private static WireMessage ParseQuery(
        MessageHeader header,
        ReadOnlyMemory<byte> message,
        CompressorId? compressor,
        IReceiveBufferOwner? owner
    )
    {
        _ = ReadInt32(message, MessageHeader.Size);
        var (collection, rest) = ReadCString(message[(MessageHeader.Size + 4)..]);
        _ = ReadInt32(rest, 4);
        return new WireMessage(owner)
        {
            OpCode = OpCode.Query,
            RequestId = header.RequestId,
            ResponseTo = header.ResponseTo,
            Collection = collection,
            Body = new BsonDocument(rest[8..]),
            Compressor = compressor,
        };
    }

    /// <summary>flags, cursor, first number, count, documents: the answer to a command is exactly one.</summary>
    private static WireMessage ParseReply(
        MessageHeader header,
        ReadOnlyMemory<byte> message,
        CompressorId? compressor,
        IReceiveBufferOwner? owner
    )
    {
        var count = ReadInt32(message, MessageHeader.Size + 16);
        return count == 1
            ? new WireMessage(owner)
            {
                OpCode = OpCode.Reply,
                RequestId = header.RequestId,
                ResponseTo = header.ResponseTo,
                Body = new BsonDocument(message[(MessageHeader.Size + 20)..]),
                Compressor = compressor,
            }
            : throw MongoWireErrors.BadMessage($"a reply of {count} documents");
    }

    private static int ReadInt32(ReadOnlyMemory<byte> bytes, int offset) =>
        bytes.Length - offset >= 4
            ? BinaryPrimitives.ReadInt32LittleEndian(bytes.Span[offset..])
            : throw MongoWireErrors.BadMessage("it is cut off");

    private static (string Text, ReadOnlyMemory<byte> After) ReadCString(ReadOnlyMemory<byte> bytes)
    {
        var end = bytes.Span.IndexOf((byte)0);
        return end >= 0
            ? (Encoding.UTF8.GetString(bytes.Span[..end]), bytes[(end + 1)..])
            : throw MongoWireErrors.BadMessage("a name has no end");
    }
}
