using Backup.MongoWire.Bson;

namespace Backup.MongoWire.Protocol;

/// <summary>
/// One message that was received; its documents are slices of a receive buffer that it lends until it is disposed.
/// </summary>
public sealed class WireMessage : IDisposable
{
    private IReceiveBufferOwner? _owner;

    internal WireMessage(IReceiveBufferOwner? owner) => _owner = owner;

    public OpCode OpCode { get; internal init; }

    public int RequestId { get; internal init; }

    public int ResponseTo { get; internal init; }

    /// <summary>Of OP_MSG; none for others.</summary>
    public MsgFlags Flags { get; internal init; }

    /// <summary>The command or the reply.</summary>
    public BsonDocument Body { get; internal init; }

    public IReadOnlyList<DocumentSequence> Sequences { get; internal init; } = [];

    /// <summary>How it was compressed; null where it was not.</summary>
    public CompressorId? Compressor { get; internal init; }

    /// <summary>Of OP_QUERY: the collection, for example <c>admin.$cmd</c>; empty for others.</summary>
    public string Collection { get; internal init; } = "";

    public void Dispose()
    {
        Interlocked.Exchange(ref _owner, null)?.Release();
    }
}

/// <summary>Takes a receive buffer back.</summary>
internal interface IReceiveBufferOwner
{
    void Release();
}
