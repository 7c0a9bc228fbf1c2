using System.Formats.Tar;
using System.IO.Pipelines;

namespace Backup.Snapshots.Exports;

/// <summary>
/// An export as a tar stream. A tar says how long a file is before its content: each is written twice, first to be measured. That costs a second
/// reading and no disk.
/// </summary>
internal sealed class TarFiles(Stream output, DateTimeOffset modified) : IExportFiles, IAsyncDisposable
{
    private readonly TarWriter _tar = new(output, TarEntryFormat.Pax, leaveOpen: true);

    public async Task AddAsync(string path, Func<Stream, bool, Task> write, CancellationToken cancellation)
    {
        await using var measure = new HashingStream(Stream.Null);
        await write(measure, false);
        var pipe = new Pipe();
        var writing = FillAsync(pipe.Writer, write);
        await using var content = new KnownLengthStream(pipe.Reader.AsStream(), measure.Count);
        var entry = new PaxTarEntry(TarEntryType.RegularFile, path)
        {
            DataStream = content,
            ModificationTime = modified,
            Mode = UnixFileMode.UserRead | UnixFileMode.UserWrite,
        };
        try
        {
            await _tar.WriteEntryAsync(entry, cancellation);
        }
        finally
        {
            // Whoever still writes would wait for a reader for ever.
            await pipe.Reader.CompleteAsync();
            await writing;
        }
    }

    public ValueTask DisposeAsync() => _tar.DisposeAsync();

    private static async Task FillAsync(PipeWriter writer, Func<Stream, bool, Task> write)
    {
        try
        {
            await write(writer.AsStream(leaveOpen: true), true);
            await writer.CompleteAsync();
        }
        catch (Exception failure)
        {
            // Reaches the reader, and through it the caller.
            await writer.CompleteAsync(failure);
        }
    }
}

/// <summary>A stream that can only be read on, whose length is known.</summary>
internal sealed class KnownLengthStream(Stream inner, long length) : Stream
{
    private long _position;

    public override bool CanRead => true;

    // The tar writer takes the length from streams that can be sought, and never seeks.
    public override bool CanSeek => true;

    public override bool CanWrite => false;

    public override long Length => length;

    public override long Position
    {
        get => _position;
        set => throw new NotSupportedException();
    }

    public override int Read(byte[] buffer, int offset, int count) => Advance(inner.Read(buffer, offset, count));

    public override async ValueTask<int> ReadAsync(
        Memory<byte> buffer,
        CancellationToken cancellationToken = default
    ) => Advance(await inner.ReadAsync(buffer, cancellationToken));

    public override Task<int> ReadAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) =>
        ReadAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

    public override void Flush() { }

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();

    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            inner.Dispose();
        }

        base.Dispose(disposing);
    }

    private int Advance(int read)
    {
        _position += read;
        return read;
    }
}
