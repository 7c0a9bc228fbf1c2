using Backup.MongoWire.Bson;

namespace Backup.MongoWire.Protocol;

/// <summary>
/// Messages over a byte stream, for client and server alike. One receive and one send at a time. After any exception
/// the stream is of no further use.
/// </summary>
internal sealed class WireStream : IAsyncDisposable
{
    /// <summary>From here on a reply is sent from its own memory instead of being copied behind its header.</summary>
    private const int CopyLimit = 64 * 1024;

    private readonly Stream _stream;
    private readonly int _maxLength;
    private readonly ReceiveBuffers _buffers = new();
    private readonly SendBuffer _message = new();
    private readonly SendBuffer _compressed = new();
    private readonly byte[] _header = new byte[MessageHeader.Size];
    private byte[] _scratch = [];

    internal WireStream(Stream stream, int maxLength = WireLimits.MaxMessageLength)
    {
        _stream = stream;
        _maxLength = maxLength;
    }

    /// <summary>Waits for the next header; null at a clean end of the stream.</summary>
    /// <exception cref="Foundation.Errors.BackupException">2010, 2011, 2013: it is none that is allowed.</exception>
    /// <exception cref="EndOfStreamException">The stream ended within a header.</exception>
    internal async ValueTask<MessageHeader?> ReceiveHeaderAsync(CancellationToken cancellation)
    {
        var read = await _stream.ReadAtLeastAsync(_header, _header.Length, throwOnEndOfStream: false, cancellation);
        return read switch
        {
            0 => null,
            MessageHeader.Size => MessageHeader.Read(_header, _maxLength),
            _ => throw new EndOfStreamException("The stream ended within a header."),
        };
    }

    /// <summary>The rest of the message whose header came in.</summary>
    internal async ValueTask<WireMessage> ReceiveBodyAsync(MessageHeader header, CancellationToken cancellation)
    {
        return header.OpCode == OpCode.Compressed
            ? await ReceiveCompressedAsync(header, cancellation)
            : await ReceivePlainAsync(header, cancellation);
    }

    /// <summary>The next message.</summary>
    /// <exception cref="EndOfStreamException">There is none any more.</exception>
    internal async ValueTask<WireMessage> ReceiveAsync(CancellationToken cancellation)
    {
        var header = await ReceiveHeaderAsync(cancellation);
        return await ReceiveBodyAsync(
            header ?? throw new EndOfStreamException("The peer closed the connection."),
            cancellation
        );
    }

    internal async ValueTask SendMsgAsync(
        int requestId,
        int responseTo,
        BsonDocument body,
        ReadOnlyMemory<byte> trailer,
        IReadOnlyList<DocumentSequence> sequences,
        SendOptions options,
        CancellationToken cancellation
    )
    {
        var alone = trailer.IsEmpty && sequences.Count == 0 && options.Compressor is null && !options.Checksum;
        if (alone && body.Length >= CopyLimit)
        {
            MessageWriter.WriteMsgPrefix(_message, requestId, responseTo, body.Length, options.Flags);
            await _stream.WriteAsync(_message.Memory, cancellation);
            await _stream.WriteAsync(body.Memory, cancellation);
        }
        else
        {
            MessageWriter.WriteMsg(_message, requestId, responseTo, body, trailer.Span, sequences, options);
            await SendWrittenAsync(options.Compressor, cancellation);
        }

        await _stream.FlushAsync(cancellation);
    }

    internal async ValueTask SendQueryAsync(
        int requestId,
        string database,
        BsonDocument command,
        CancellationToken cancellation
    )
    {
        MessageWriter.WriteQuery(_message, requestId, database, command);
        await SendWrittenAsync(null, cancellation);
        await _stream.FlushAsync(cancellation);
    }

    internal async ValueTask SendReplyAsync(
        int requestId,
        int responseTo,
        BsonDocument reply,
        CancellationToken cancellation
    )
    {
        MessageWriter.WriteReply(_message, requestId, responseTo, reply);
        await SendWrittenAsync(null, cancellation);
        await _stream.FlushAsync(cancellation);
    }

    public async ValueTask DisposeAsync()
    {
        await _stream.DisposeAsync();
        await _message.DisposeAsync();
        await _compressed.DisposeAsync();
    }

    private async ValueTask SendWrittenAsync(CompressorId? compressor, CancellationToken cancellation)
    {
        if (_message.Count > _maxLength)
        {
            throw MongoWireErrors.TooLarge(_message.Count, _maxLength);
        }

        if (compressor is { } id)
        {
            MessageWriter.WriteCompressed(_message, _compressed, id);
            await _stream.WriteAsync(_compressed.Memory, cancellation);
            return;
        }

        await _stream.WriteAsync(_message.Memory, cancellation);
    }

    private async ValueTask<WireMessage> ReceivePlainAsync(MessageHeader header, CancellationToken cancellation)
    {
        var loan = _buffers.Take(header.Length);
        try
        {
            _header.CopyTo(loan.Memory);
            await _stream.ReadExactlyAsync(loan.Memory[MessageHeader.Size..header.Length], cancellation);
            return MessageParser.Parse(header, loan.Memory[..header.Length], null, loan);
        }
        catch
        {
            loan.Release();
            throw;
        }
    }

    private async ValueTask<WireMessage> ReceiveCompressedAsync(MessageHeader header, CancellationToken cancellation)
    {
        var length = header.Length - MessageHeader.Size;
        if (_scratch.Length < length)
        {
            _scratch = GC.AllocateUninitializedArray<byte>(Math.Max(length, 16 * 1024));
        }

        await _stream.ReadExactlyAsync(_scratch.AsMemory(0, length), cancellation);
        return Decompressed(header, length);
    }

    private WireMessage Decompressed(MessageHeader header, int length)
    {
        var (opCode, rawLength, id) = Compressors.ReadPrefix(_scratch.AsSpan(0, length), _maxLength);
        var inner = header with { Length = rawLength + MessageHeader.Size, OpCode = opCode };
        var loan = _buffers.Take(inner.Length);
        try
        {
            inner.Write(loan.Memory.Span);
            Compressors.Decompress(
                id,
                _scratch,
                Compressors.PrefixLength,
                length - Compressors.PrefixLength,
                loan.Memory.Span.Slice(MessageHeader.Size, rawLength)
            );
            return MessageParser.Parse(inner, loan.Memory[..inner.Length], id, loan);
        }
        catch
        {
            loan.Release();
            throw;
        }
    }
}
