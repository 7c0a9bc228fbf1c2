using System.IO.Compression;

namespace Backup.Snapshots.Exports;

/// <summary>
/// A gzip file, of nothing too: the library's own has no end then, and mongorestore takes it for a broken one. The output stays open.
/// </summary>
internal sealed class GzipFile(Stream output) : GZipStream(output, CompressionLevel.Fastest, leaveOpen: true)
{
    // RFC 1952 and 1951: a header without time or name, one last block of no bytes, checksum and length 0.
    private static readonly byte[] OfNothing = [0x1F, 0x8B, 8, 0, 0, 0, 0, 0, 0, 0xFF, 3, 0, 0, 0, 0, 0, 0, 0, 0, 0];

    private bool _isSettled;

    public override void Write(ReadOnlySpan<byte> buffer)
    {
        _isSettled |= buffer.Length > 0;
        base.Write(buffer);
    }

    public override void Write(byte[] buffer, int offset, int count)
    {
        _isSettled |= count > 0;
        base.Write(buffer, offset, count);
    }

    public override ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
    {
        _isSettled |= buffer.Length > 0;
        return base.WriteAsync(buffer, cancellationToken);
    }

    public override Task WriteAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken)
    {
        _isSettled |= count > 0;
        return base.WriteAsync(buffer, offset, count, cancellationToken);
    }

    // Before the first byte there is nothing to flush; the library would write the beginning of a file that it never ends.
    public override void Flush()
    {
        if (_isSettled)
        {
            base.Flush();
        }
    }

    public override Task FlushAsync(CancellationToken cancellationToken) =>
        _isSettled ? base.FlushAsync(cancellationToken) : Task.CompletedTask;

    public override async ValueTask DisposeAsync()
    {
        // Let go by the base once it is disposed.
        var inner = BaseStream;
        await base.DisposeAsync();
        if (!_isSettled)
        {
            _isSettled = true;
            await inner.WriteAsync(OfNothing);
        }
    }
}
