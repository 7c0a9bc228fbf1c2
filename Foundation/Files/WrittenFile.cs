using Backup.Foundation.Errors;
using Backup.Foundation.Streams;
using Microsoft.Win32.SafeHandles;

namespace Backup.Foundation.Files;

/// <summary>
/// An open file that is written front to back, for somebody else who will publish it. What is written goes to the disk meanwhile, so that little is left to wait
/// for at the end: after <see cref="FlushAsync"/> all of it is there.
/// </summary>
/// <param name="handle">Opened to be written; closed with this.</param>
/// <param name="path">For errors.</param>
public sealed class WrittenFile(SafeFileHandle handle, string path) : WriteOnlyStream
{
    /// <summary>Bytes after which the disk is asked to take what is there.</summary>
    private const long SyncStep = 32 * 1024 * 1024;

    private long _length;
    private long _nextSync = SyncStep;
    private Task _syncing = Task.CompletedTask;

    /// <summary>Bytes written so far.</summary>
    public override long Length => _length;

    /// <exception cref="BackupException">1003 where the disk is full, 1004 where it cannot be written otherwise.</exception>
    public override void Write(ReadOnlySpan<byte> buffer)
    {
        try
        {
            RandomAccess.Write(handle, buffer, _length);
        }
        catch (IOException failure)
        {
            throw DurableFile.Translate(path, failure);
        }

        _length += buffer.Length;
        if (_length >= _nextSync && _syncing.IsCompletedSuccessfully)
        {
            _nextSync = _length + SyncStep;
            _syncing = Task.Run(Sync);
        }
    }

    public override ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
    {
        Write(buffer.Span);
        return ValueTask.CompletedTask;
    }

    /// <summary>All that was written is on the disk.</summary>
    /// <exception cref="BackupException">As of a write.</exception>
    public override async Task FlushAsync(CancellationToken cancellationToken)
    {
        await _syncing;
        await Task.Run(Sync, CancellationToken.None);
    }

    public override async ValueTask DisposeAsync()
    {
        await _syncing.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        handle.Dispose();
        await base.DisposeAsync();
    }

    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            handle.Dispose();
        }

        base.Dispose(disposing);
    }

    private void Sync()
    {
        try
        {
            RandomAccess.FlushToDisk(handle);
        }
        catch (IOException failure)
        {
            throw DurableFile.Translate(path, failure);
        }
    }
}
