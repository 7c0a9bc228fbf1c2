using Backup.Foundation.Errors;
using Backup.Foundation.Streams;
using Backup.Foundation.Threads;
using Microsoft.Win32.SafeHandles;

namespace Backup.Foundation.Files;

/// <summary>
/// An open file that is written front to back, for somebody else who will publish it. What is written goes to the disk meanwhile, so that little is left to wait
/// for at the end: after <see cref="FlushAsync"/> all of it is there. A large one is written past the page cache from <see cref="DirectFrom"/> on, as long as what is
/// written stands as <see cref="DirectWrites"/> wants it.
/// </summary>
/// <param name="handle">Opened to be written; closed with this.</param>
/// <param name="path">For errors.</param>
public sealed class WrittenFile(SafeFileHandle handle, string path) : WriteOnlyStream
{
    /// <summary>Bytes: what is shorter is likely to be read again at once, and stays in memory.</summary>
    public const long DirectFrom = 32 * 1024 * 1024;

    /// <summary>A buffer for large writes begins at a multiple of this, and its length and those before it are multiples of it.</summary>
    public const int Alignment = DirectWrites.Alignment;

    /// <summary>Bytes after which the disk is asked to take what is there.</summary>
    private const long HintStep = 8 * 1024 * 1024;

    /// <summary>Bytes for which room is made at a time.</summary>
    private const long ReserveStep = 64 * 1024 * 1024;

    private readonly OwnThread _disk = new("file writer");
    private long _length;
    private long _hinted;
    private long _reserved;
    private bool _mayBeDirect = true;
    private volatile bool _isDirect;

    /// <summary>Bytes written so far.</summary>
    public override long Length => _length;

    /// <summary>Whether the last write went past the page cache.</summary>
    public bool IsDirect => _isDirect;

    /// <exception cref="BackupException">1003 where the disk is full, 1004 where it cannot be written otherwise.</exception>
    public override void Write(ReadOnlySpan<byte> buffer)
    {
        EndDirect();
        WriteAt(buffer, _length);
        _length += buffer.Length;
        if (_length - _hinted >= HintStep)
        {
            FileHints.Written(handle, _hinted, _length - _hinted);
            _hinted = _length;
        }
    }

    /// <exception cref="BackupException">As of <see cref="Write"/>.</exception>
    public override ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
    {
        if (!_mayBeDirect || _length < DirectFrom || !DirectWrites.Fit(buffer.Span, _length))
        {
            Write(buffer.Span);
            return ValueTask.CompletedTask;
        }

        var offset = _length;
        _length += buffer.Length;
        return new(_disk.RunAsync(() => WriteDirect(buffer.Span, offset)));
    }

    /// <summary>All that was written is on the disk.</summary>
    /// <exception cref="BackupException">As of a write.</exception>
    public override Task FlushAsync(CancellationToken cancellationToken) => _disk.RunAsync(Sync);

    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            _disk.Dispose();
            handle.Dispose();
        }

        base.Dispose(disposing);
    }

    private void WriteDirect(ReadOnlySpan<byte> buffer, long offset)
    {
        if (_mayBeDirect && (_isDirect || DirectWrites.TryBegin(handle)))
        {
            _isDirect = true;
            if (offset + buffer.Length > _reserved)
            {
                _reserved = offset + Math.Max(buffer.Length, ReserveStep);
                DirectWrites.Reserve(handle, offset, _reserved - offset);
            }

            try
            {
                RandomAccess.Write(handle, buffer, offset);
                return;
            }
            catch (IOException)
            {
                // A file system that takes the flag and not the write, or a disk that is full: the other way says which.
            }
        }

        _mayBeDirect = false;
        EndDirect();
        WriteAt(buffer, offset);
    }

    private void WriteAt(ReadOnlySpan<byte> buffer, long offset)
    {
        try
        {
            RandomAccess.Write(handle, buffer, offset);
        }
        catch (IOException failure)
        {
            throw DurableFile.Translate(path, failure);
        }
    }

    private void EndDirect()
    {
        if (_isDirect)
        {
            _isDirect = false;
            DirectWrites.End(handle);
        }
    }

    private void Sync()
    {
        EndDirect();
        try
        {
            if (_reserved > _length)
            {
                // Gives the room back that was not needed.
                RandomAccess.SetLength(handle, _length);
                _reserved = 0;
            }

            RandomAccess.FlushToDisk(handle);
        }
        catch (IOException failure)
        {
            throw DurableFile.Translate(path, failure);
        }
    }
}
