namespace Backup.MongoWire.Protocol;

/// <summary>The kinds of messages that are still spoken. Source: the MongoDB wire protocol.</summary>
public enum OpCode
{
    /// <summary>Answer to <see cref="Query"/>.</summary>
    Reply = 1,

    /// <summary>Only for the first isMaster/hello of a client that does not know the server yet.</summary>
    Query = 2004,

    /// <summary>Another message, compressed.</summary>
    Compressed = 2012,

    Msg = 2013,
}

/// <summary>Flag bits of OP_MSG. Bits 0 to 15 must be known to the reader, the others may be ignored.</summary>
[Flags]
public enum MsgFlags : uint
{
    None = 0,

    /// <summary>A CRC-32C of the whole message stands at its end.</summary>
    ChecksumPresent = 1,

    /// <summary>On a request: no answer is wanted. On a reply: another one follows without a request.</summary>
    MoreToCome = 2,

    /// <summary>The client can take several replies to this request.</summary>
    ExhaustAllowed = 1 << 16,
}

/// <summary>Ids in OP_COMPRESSED. Snappy (1) is not spoken here.</summary>
public enum CompressorId : byte
{
    Noop = 0,
    Zlib = 2,
    Zstd = 3,
}

/// <summary>What the protocol and the server allow.</summary>
public static class WireLimits
{
    /// <summary>Bytes of a message, header included (<c>maxMessageSizeBytes</c>).</summary>
    public const int MaxMessageLength = 48_000_000;

    /// <summary>Bytes of a document that a user may store (<c>maxBsonObjectSize</c>).</summary>
    public const int MaxDocumentLength = 16 * 1024 * 1024;

    /// <summary>Operations in one write command (<c>maxWriteBatchSize</c>).</summary>
    public const int MaxWriteBatch = 100_000;

    /// <summary>MongoDB 3.6: the first with OP_MSG.</summary>
    public const int MinWireVersion = 6;

    /// <summary>What a server may ask of its clients at most; all released ones ask 0.</summary>
    public const int MaxWireVersion = 29;

    /// <summary>MongoDB 4.2: the first that is fully supported.</summary>
    public const int SupportedWireVersion = 8;
}
