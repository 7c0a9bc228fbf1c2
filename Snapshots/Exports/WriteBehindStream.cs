using System.Collections.Concurrent;
using System.Runtime.ExceptionServices;
using System.Security.Cryptography;
using System.Threading.Channels;
using Backup.Foundation.Files;
using Backup.Foundation.Memory;
using Backup.Foundation.Streams;

namespace Backup.Snapshots.Exports;

/// <summary>
/// Hashes and passes on in a task of its own what is written, so that documents are read meanwhile; while a part is written the next is hashed. Holds at most five
/// buffers of 1 MiB, which stand in memory as <see cref="WrittenFile"/> likes them; the first is filled less, so that whoever waits for the first byte has it soon. Does
/// not close what it writes to. An error of the output comes with the next write, or the flush.
/// </summary>
internal sealed class WriteBehindStream : WriteOnlyStream
{
    private const int FirstLength = 64 * 1024;
    private const int BufferLength = 1024 * 1024;

    /// <summary>Full buffers that wait; one is filled, one is hashed and one is written beside them.</summary>
    private const int Waiting = 2;

    private readonly Channel<Chunk> _full = Channel.CreateBounded<Chunk>(
        new BoundedChannelOptions(Waiting) { SingleReader = true, SingleWriter = true }
    );
    private readonly Stream _output;
    private readonly IncrementalHash? _hash;
    private readonly CancellationToken _cancellation;
    private readonly Task _writing;
    private readonly ConcurrentBag<NativeBuffer> _free = [];
    private NativeBuffer _buffer = NewBuffer();
    private int _capacity = FirstLength;
    private int _used;
    private long _handedOver;
    private volatile ExceptionDispatchInfo? _failure;

    /// <param name="output">Where to.</param>
    /// <param name="hashes">False where somebody else hashes what arrives.</param>
    /// <param name="cancellation">Ends a write that does not go on.</param>
    internal WriteBehindStream(Stream output, bool hashes, CancellationToken cancellation)
    {
        (_output, _cancellation) = (output, cancellation);
        _hash = hashes ? IncrementalHash.CreateHash(HashAlgorithmName.SHA256) : null;
        _writing = Task.Run(WriteOnAsync, CancellationToken.None);
    }

    /// <summary>Bytes written so far.</summary>
    public override long Length => _handedOver + _used;

    /// <summary>Of what was written before the last <see cref="FlushAsync"/>; empty where nothing is hashed.</summary>
    internal string HashToHex() => _hash is null ? "" : Convert.ToHexStringLower(_hash.GetCurrentHash());

    public override void Write(ReadOnlySpan<byte> buffer)
    {
        while (buffer.Length > 0)
        {
            if (_used == _capacity)
            {
                HandOverAsync(null, CancellationToken.None).AsTask().GetAwaiter().GetResult();
            }

            buffer = buffer[Take(buffer)..];
        }
    }

    public override ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
    {
        if (buffer.Length > _capacity - _used)
        {
            return WriteAcrossAsync(buffer, cancellationToken);
        }

        Take(buffer.Span);
        return ValueTask.CompletedTask;
    }

    /// <summary>Waits until the output has everything.</summary>
    public override async Task FlushAsync(CancellationToken cancellationToken)
    {
        var flushed = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await HandOverAsync(flushed, cancellationToken);
        await flushed.Task.WaitAsync(cancellationToken);
        _failure?.Throw();
    }

    public override async ValueTask DisposeAsync()
    {
        // What was not flushed belongs to an export that failed.
        _full.Writer.TryComplete();
        await _writing;
        Release();
    }

    protected override void Dispose(bool disposing)
    {
        if (disposing && _full.Writer.TryComplete())
        {
            _writing.GetAwaiter().GetResult();
            Release();
        }
    }

    private void Release()
    {
        _buffer.Free();
        while (_free.TryTake(out var free))
        {
            free.Free();
        }

        _hash?.Dispose();
    }

    private static NativeBuffer NewBuffer() => new(BufferLength, WrittenFile.Alignment);

    private int Take(ReadOnlySpan<byte> bytes)
    {
        var taken = Math.Min(bytes.Length, _capacity - _used);
        bytes[..taken].CopyTo(_buffer.GetSpan()[_used..]);
        _used += taken;
        return taken;
    }

    private async ValueTask WriteAcrossAsync(ReadOnlyMemory<byte> bytes, CancellationToken cancellation)
    {
        while (bytes.Length > 0)
        {
            if (_used == _capacity)
            {
                await HandOverAsync(null, cancellation);
            }

            bytes = bytes[Take(bytes.Span)..];
        }
    }

    private async ValueTask HandOverAsync(TaskCompletionSource? flushed, CancellationToken cancellation)
    {
        _failure?.Throw();
        await _full.Writer.WriteAsync(new Chunk(_buffer, _used, flushed), cancellation);
        _handedOver += _used;
        (_buffer, _capacity, _used) = (_free.TryTake(out var free) ? free : NewBuffer(), BufferLength, 0);
    }

    private async Task WriteOnAsync()
    {
        var writing = Task.CompletedTask;
        await foreach (var chunk in _full.Reader.ReadAllAsync(CancellationToken.None))
        {
            if (_failure is null)
            {
                _hash?.AppendData(chunk.Bytes.Span);
            }

            await writing;
            writing = PassOnAsync(chunk);
        }

        await writing;
    }

    /// <summary>Takes everything, after an error too: nobody may wait for room that never comes.</summary>
    private async Task PassOnAsync(Chunk chunk)
    {
        try
        {
            if (_failure is null)
            {
                await _output.WriteAsync(chunk.Bytes, _cancellation);
                if (chunk.Flushed is not null)
                {
                    await _output.FlushAsync(_cancellation);
                }
            }
        }
#pragma warning disable CA1031 // It is thrown again where the writing goes on.
        catch (Exception failure)
#pragma warning restore CA1031
        {
            _failure = ExceptionDispatchInfo.Capture(failure);
        }

        _free.Add(chunk.Buffer);
        chunk.Flushed?.SetResult();
    }

    private readonly record struct Chunk(NativeBuffer Buffer, int Length, TaskCompletionSource? Flushed)
    {
        internal ReadOnlyMemory<byte> Bytes => Buffer.Memory[..Length];
    }
}
