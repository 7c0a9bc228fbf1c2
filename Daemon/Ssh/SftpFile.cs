namespace Backup.Daemon.Ssh;

/// <summary>An open file on the far side. Writes are pipelined; one writer at a time.</summary>
internal sealed class SftpFile(SftpConnection connection, byte[] handle, bool canSync)
{
    /// <summary>What every server takes in one request.</summary>
    internal const int BlockLength = 32 * 1024;

    /// <summary>Requests under way at the same time: 2 MiB, enough for a far and fast line.</summary>
    private const int Window = 64;

    private readonly Queue<Task> _written = new(Window);

    internal Task<SftpAttributes> StatAsync(CancellationToken cancellation) =>
        connection.AskAsync(
            SftpMessages.FileStat,
            packet => packet.String(handle),
            SftpClient.ReadAttributes,
            cancellation
        );

    /// <summary>Cuts it to that length.</summary>
    internal Task SetLengthAsync(long length, CancellationToken cancellation) =>
        connection.AskAsync(
            SftpMessages.FileSetStat,
            packet => packet.String(handle).UInt32(SftpMessages.HasSize).UInt64((ulong)length),
            SftpConnection.Done,
            cancellation
        );

    /// <summary>Reads up to the buffer's length, or <see cref="BlockLength"/>; 0 at the end.</summary>
    internal Task<int> ReadAsync(long offset, Memory<byte> into, CancellationToken cancellation)
    {
        var length = Math.Min(into.Length, BlockLength);
        return connection.AskAsync(
            SftpMessages.Read,
            packet => packet.String(handle).UInt64((ulong)offset).UInt32((uint)length),
            (byte type, ref SftpReply reply) => TakeData(type, ref reply, into.Span[..length]),
            cancellation
        );
    }

    /// <summary>
    /// Sends bytes without waiting until they are written, as long as no more than a bounded number is under way. What failed is thrown by a later
    /// write or by <see cref="FlushAsync"/>.
    /// </summary>
    internal async Task WriteAsync(long offset, ReadOnlyMemory<byte> content, CancellationToken cancellation)
    {
        while (content.Length > 0)
        {
            var block = content[..Math.Min(content.Length, BlockLength)];
            while (_written.Count >= Window || (_written.TryPeek(out var first) && first.IsCompleted))
            {
                await OldestAsync(cancellation);
            }

            var at = (ulong)offset;
            _written.Enqueue(
                await connection.StartAsync(
                    SftpMessages.Write,
                    packet => packet.String(handle).UInt64(at).String(block.Span),
                    BlockLength + 512,
                    cancellation
                )
            );
            offset += block.Length;
            content = content[block.Length..];
        }
    }

    /// <summary>Until everything that was sent is written, as far as the server says.</summary>
    internal async Task FlushAsync(CancellationToken cancellation)
    {
        while (_written.Count > 0)
        {
            await OldestAsync(cancellation);
        }
    }

    /// <summary>Makes it durable on the far side. False where the server cannot.</summary>
    internal async Task<bool> SyncAsync(CancellationToken cancellation)
    {
        await FlushAsync(cancellation);
        return canSync
            && await connection.AskAsync(
                SftpMessages.Extended,
                packet => packet.String(SftpMessages.Sync).String(handle),
                SftpConnection.Done,
                cancellation
            );
    }

    /// <summary>Closes it; some servers say only now what went wrong.</summary>
    internal async Task CloseAsync(CancellationToken cancellation)
    {
        await FlushAsync(cancellation);
        _ = await connection.AskAsync(
            SftpMessages.Close,
            packet => packet.String(handle),
            SftpConnection.Done,
            cancellation
        );
    }

    private Task OldestAsync(CancellationToken cancellation) =>
        connection.PatientlyAsync(_written.Dequeue(), cancellation);

    private static int TakeData(byte type, ref SftpReply reply, Span<byte> into)
    {
        if (type == SftpMessages.Status)
        {
            try
            {
                SftpConnection.Want(SftpMessages.Data, type, ref reply);
            }
            catch (SftpException end) when (end.Status == SftpStatus.EndOfFile)
            {
                return 0;
            }
        }

        SftpConnection.Want(SftpMessages.Data, type, ref reply);
        var content = reply.String();
        if (content.Length > into.Length || content.IsEmpty)
        {
            throw new SftpBrokenException(
                $"{content.Length} bytes where up to {into.Length} were asked for",
                isNonsense: true
            );
        }

        content.CopyTo(into);
        return content.Length;
    }
}
