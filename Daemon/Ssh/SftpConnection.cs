using System.Buffers;
using System.Buffers.Binary;
using System.Collections.Concurrent;
using System.Text;

namespace Backup.Daemon.Ssh;

/// <summary>
/// Requests and replies of SFTP over a pair of streams: any number under way at the same time, each reply given to whoever waits for it. There is one
/// way to die: <see cref="Break"/>, by which everybody who waits hears why. Thread-safe.
/// </summary>
internal sealed class SftpConnection : IAsyncDisposable
{
    /// <summary>A reply longer than this is none: OpenSSH's own bound.</summary>
    internal const int LongestReply = 256 * 1024;

    private readonly Stream _input;
    private readonly Stream _output;
    private readonly TimeSpan _patience;
    private readonly TimeProvider _time;
    private readonly SemaphoreSlim _writing = new(1);
    private readonly CancellationTokenSource _stop = new();
    private readonly ConcurrentDictionary<uint, Pending> _pending = new();
    private Task _reading = Task.CompletedTask;
    private SftpBrokenException? _broken;
    private uint _last;

    private SftpConnection(Stream input, Stream output, TimeSpan patience, TimeProvider time) =>
        (_input, _output, _patience, _time) = (input, output, patience, time);

    /// <summary>What the server can do beside the protocol: name and version.</summary>
    internal IReadOnlyDictionary<string, string> Extensions { get; private set; } = new Dictionary<string, string>();

    /// <summary>Agrees on the version. The streams are the caller's to close.</summary>
    /// <param name="input">What the server says.</param>
    /// <param name="output">What it hears.</param>
    /// <param name="patience">How long one reply may take.</param>
    /// <param name="time">The clock.</param>
    /// <param name="cancellation">Gives up.</param>
    /// <exception cref="SftpBrokenException">Nobody answers, or not in SFTP.</exception>
    internal static async Task<SftpConnection> OpenAsync(
        Stream input,
        Stream output,
        TimeSpan patience,
        TimeProvider time,
        CancellationToken cancellation
    )
    {
        var connection = new SftpConnection(input, output, patience, time);
        try
        {
            await connection.AgreeAsync(cancellation).WaitAsync(patience, time, cancellation);
        }
        catch (TimeoutException failure)
        {
            throw new SftpBrokenException($"no answer within {patience.TotalSeconds:0} s", inner: failure);
        }
        catch (IOException failure)
        {
            throw new SftpBrokenException(failure.Message, inner: failure);
        }

        connection._reading = Task.Run(connection.ReadAsync, CancellationToken.None);
        return connection;
    }

    /// <summary>Sends one request and reads its reply.</summary>
    /// <param name="type">Of the message.</param>
    /// <param name="fill">Adds what follows on the request's number.</param>
    /// <param name="read">Reads the reply: its type, and what follows on the number.</param>
    /// <param name="cancellation">Stops waiting; the request stays under way.</param>
    /// <exception cref="SftpException">The server refused it.</exception>
    /// <exception cref="SftpBrokenException">The connection is over.</exception>
    internal async Task<T> AskAsync<T>(
        byte type,
        Action<SftpPacket> fill,
        ReplyReader<T> read,
        CancellationToken cancellation
    )
    {
        var pending = new Pending<T>(read);
        await SendAsync(type, fill, pending, 256, cancellation);
        await PatientlyAsync(pending.Result, cancellation);
        return await pending.Result;
    }

    /// <summary>Waits for what was started, for as long as one reply may take; then the connection is given up.</summary>
    internal async Task PatientlyAsync(Task started, CancellationToken cancellation)
    {
        try
        {
            await (started.IsCompleted ? started : started.WaitAsync(_patience, _time, cancellation));
        }
        catch (TimeoutException)
        {
            throw Break(new SftpBrokenException($"no answer within {_patience.TotalMinutes:0.#} minutes"));
        }
    }

    /// <summary>Sends one request; what becomes of it is told by the task that is given back.</summary>
    /// <param name="type">Of the message.</param>
    /// <param name="fill">Adds what follows on the request's number.</param>
    /// <param name="expected">Bytes of the request, about.</param>
    /// <param name="cancellation">Stops waiting until it can be sent.</param>
    internal async Task<Task> StartAsync(
        byte type,
        Action<SftpPacket> fill,
        int expected,
        CancellationToken cancellation
    )
    {
        var pending = new Pending<bool>(Done);
        await SendAsync(type, fill, pending, expected, cancellation);
        return pending.Result;
    }

    /// <summary>The reader of a reply that says only whether it was done.</summary>
    internal static bool Done(byte type, ref SftpReply reply)
    {
        ThrowUnlessOk(type, ref reply);
        return true;
    }

    /// <summary>For replies that are a status where they are not of the wanted type.</summary>
    internal static void Want(byte wanted, byte type, ref SftpReply reply)
    {
        if (type == wanted)
        {
            return;
        }

        ThrowUnlessOk(type, ref reply);
        throw new SftpBrokenException($"an empty success where a reply of type {wanted} was due", isNonsense: true);
    }

    /// <summary>Ends the connection for everybody; the first cause stays. Gives it back, to be thrown.</summary>
    internal SftpBrokenException Break(SftpBrokenException cause)
    {
        cause = Interlocked.CompareExchange(ref _broken, cause, null) ?? cause;
        foreach (var id in _pending.Keys)
        {
            if (_pending.TryRemove(id, out var pending))
            {
                pending.Fail(cause);
            }
        }

        return cause;
    }

    public async ValueTask DisposeAsync()
    {
        _ = Break(new SftpBrokenException("the connection was closed"));
        await _stop.CancelAsync();
        await _input.DisposeAsync();
        await _reading.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        _stop.Dispose();
    }

    private static void ThrowUnlessOk(byte type, ref SftpReply reply)
    {
        if (type != SftpMessages.Status)
        {
            throw new SftpBrokenException($"a reply of type {type} to a request that has none", isNonsense: true);
        }

        var status = (SftpStatus)reply.UInt32();
        if (status == SftpStatus.Ok)
        {
            return;
        }

        // The text came with version 3; some servers leave it out.
        var said = reply.IsAtEnd ? "" : Printable(reply.Text());
        throw new SftpException(status, said.Length > 0 ? said : status.ToString());
    }

    private async Task AgreeAsync(CancellationToken cancellation)
    {
        using (var hello = new SftpPacket(SftpMessages.Init))
        {
            _ = hello.UInt32(SftpMessages.ProtocolVersion);
            await _output.WriteAsync(hello.Finished(), cancellation);
            await _output.FlushAsync(cancellation);
        }

        var (buffer, length) = await NextAsync(isFirst: true, cancellation);
        try
        {
            Extensions = Agreed(new SftpReply(buffer.AsSpan(0, length)));
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    private static Dictionary<string, string> Agreed(SftpReply reply)
    {
        var type = reply.Byte();
        var version = type == SftpMessages.Version ? reply.UInt32() : 0;
        if (version != SftpMessages.ProtocolVersion)
        {
            throw new SftpBrokenException(
                type == SftpMessages.Version
                    ? $"it speaks version {version} of the protocol, not 3"
                    : $"its first message is of type {type}",
                isNonsense: true
            );
        }

        var extensions = new Dictionary<string, string>(StringComparer.Ordinal);
        while (!reply.IsAtEnd)
        {
            var name = reply.Text();
            extensions[name] = reply.Text();
        }

        return extensions;
    }

    private async Task SendAsync(
        byte type,
        Action<SftpPacket> fill,
        Pending pending,
        int expected,
        CancellationToken cancellation
    )
    {
        var id = Interlocked.Increment(ref _last);
        using var packet = new SftpPacket(type, expected);
        fill(packet.UInt32(id));
        _pending[id] = pending;
        if (Volatile.Read(ref _broken) is { } before)
        {
            _ = _pending.TryRemove(id, out _);
            throw before;
        }

        await _writing.WaitAsync(cancellation);
        try
        {
            await WholeAsync(packet).WaitAsync(_patience, _time, cancellation);
        }
        catch (Exception failure)
            when (failure
                    is IOException
                        or ObjectDisposedException
                        or InvalidOperationException
                        or OperationCanceledException
                        or TimeoutException
            )
        {
            // Half a request would spoil all that follow. What may still be under way keeps its buffer.
            packet.Abandon();
            _ = _pending.TryRemove(id, out _);
            var broken = Break(new SftpBrokenException(failure.Message, inner: failure));
            cancellation.ThrowIfCancellationRequested();
            throw broken;
        }
        finally
        {
            _writing.Release();
        }
    }

    private async Task WholeAsync(SftpPacket packet)
    {
        await _output.WriteAsync(packet.Finished(), _stop.Token);
        await _output.FlushAsync(_stop.Token);
    }

    private async Task ReadAsync()
    {
        try
        {
            while (true)
            {
                var (buffer, length) = await NextAsync(isFirst: false, _stop.Token);
                try
                {
                    Deliver(buffer.AsSpan(0, length));
                }
                finally
                {
                    ArrayPool<byte>.Shared.Return(buffer);
                }
            }
        }
        catch (SftpBrokenException failure)
        {
            _ = Break(failure);
        }
        catch (Exception failure) when (failure is IOException or ObjectDisposedException or OperationCanceledException)
        {
            _ = Break(new SftpBrokenException(failure.Message, inner: failure));
        }
    }

    private void Deliver(ReadOnlySpan<byte> message)
    {
        var reply = new SftpReply(message);
        var type = reply.Byte();
        var id = reply.UInt32();
        if (!_pending.TryRemove(id, out var pending))
        {
            throw new SftpBrokenException($"a reply to request {id}, which nobody made", isNonsense: true);
        }

        pending.Take(type, reply);
    }

    private async Task<(byte[] Buffer, int Length)> NextAsync(bool isFirst, CancellationToken cancellation)
    {
        var header = new byte[4];
        await FillAsync(
            header,
            isFirst ? "the far side ended before it said anything" : "the far side ended",
            cancellation
        );
        var length = BinaryPrimitives.ReadUInt32BigEndian(header);
        if (length is 0 or > LongestReply || (!isFirst && length < 5))
        {
            // What a shell prints at a login comes before the protocol, and is the usual cause.
            throw new SftpBrokenException(
                isFirst && header.All(static one => one is >= 0x20 and < 0x7F)
                    ? $"it says \"{Encoding.ASCII.GetString(header)}…\" where SFTP was due"
                    : $"a message of {length} bytes",
                isNonsense: true
            );
        }

        var buffer = ArrayPool<byte>.Shared.Rent((int)length);
        try
        {
            await FillAsync(
                buffer.AsMemory(0, (int)length),
                "the far side ended in the middle of a message",
                cancellation
            );
            return (buffer, (int)length);
        }
        catch
        {
            ArrayPool<byte>.Shared.Return(buffer);
            throw;
        }
    }

    private async Task FillAsync(Memory<byte> into, string atEnd, CancellationToken cancellation)
    {
        if (await _input.ReadAtLeastAsync(into, into.Length, throwOnEndOfStream: false, cancellation) < into.Length)
        {
            throw new SftpBrokenException(atEnd);
        }
    }

    /// <summary>What a stranger says, to be shown on one line.</summary>
    internal static string Printable(string text)
    {
        var line = string.Concat(text.Trim().Select(static one => char.IsControl(one) ? ' ' : one));
        return line.Length > 300 ? line[..300] + "…" : line;
    }

    /// <summary>Reads a reply behind its type and number.</summary>
    internal delegate T ReplyReader<out T>(byte type, ref SftpReply reply);

    private abstract class Pending
    {
        internal abstract void Take(byte type, SftpReply reply);

        internal abstract void Fail(Exception cause);
    }

    private sealed class Pending<T>(ReplyReader<T> read) : Pending
    {
        private readonly TaskCompletionSource<T> _result = new(TaskCreationOptions.RunContinuationsAsynchronously);

        internal Task<T> Result => _result.Task;

        internal override void Take(byte type, SftpReply reply)
        {
            try
            {
                _result.TrySetResult(read(type, ref reply));
            }
            catch (SftpException refused)
            {
                Fail(refused);
            }
            catch (SftpBrokenException nonsense)
            {
                Fail(nonsense);
                throw;
            }
        }

        internal override void Fail(Exception cause)
        {
            _result.TrySetException(cause);
            // Nobody may be waiting any more: that is no failure of its own.
            _ = _result.Task.Exception;
        }
    }
}
