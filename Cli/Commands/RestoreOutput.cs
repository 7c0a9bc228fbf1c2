using System.Formats.Tar;
using System.IO.Pipelines;
using Backup.Cli.Control;
using Backup.Foundation.Files;

namespace Backup.Cli.Commands;

/// <summary>Where a restore is written: under a temporary name, renamed when it is whole.</summary>
internal static class RestoreOutput
{
    internal static async Task<RestoreView> ToFileAsync(string path, Func<Stream, Task<RestoreView>> restore)
    {
        using var file = DurableFile.Create(path);
        await using var stream = new PendingFileStream(file);
        var result = await restore(stream);
        file.Publish();
        return result;
    }

    /// <summary>Unpacks the tar stream of a directory dump on the fly.</summary>
    internal static async Task<RestoreView> ToFolderAsync(
        string path,
        Func<Stream, Task<RestoreView>> restore,
        CancellationToken cancellation
    )
    {
        var temporary = Path.GetFullPath(path) + DurableFile.TemporarySuffix;
        if (Directory.Exists(temporary))
        {
            Directory.Delete(temporary, recursive: true);
        }

        Directory.CreateDirectory(temporary);
        try
        {
            var pipe = new Pipe(new PipeOptions(pauseWriterThreshold: 4 * 1024 * 1024));
            var unpacking = UnpackAsync(pipe.Reader, temporary, cancellation);
            var result = await FeedAsync(pipe.Writer, restore);
            await unpacking;
            Directory.Move(temporary, Path.GetFullPath(path));
            return result;
        }
        catch
        {
            Directory.Delete(temporary, recursive: true);
            throw;
        }
    }

    private static async Task<RestoreView> FeedAsync(PipeWriter writer, Func<Stream, Task<RestoreView>> restore)
    {
        try
        {
            var result = await restore(writer.AsStream(leaveOpen: true));
            await writer.CompleteAsync();
            return result;
        }
        catch (Exception failure)
        {
            await writer.CompleteAsync(failure);
            throw;
        }
    }

    private static async Task UnpackAsync(PipeReader reader, string folder, CancellationToken cancellation)
    {
        try
        {
            await using var stream = reader.AsStream(leaveOpen: true);
            await TarFile.ExtractToDirectoryAsync(stream, folder, overwriteFiles: false, cancellation);

            // What stands behind the archive's end mark is read too: the sender's hash covers every byte.
            await stream.CopyToAsync(Stream.Null, cancellation);
            await reader.CompleteAsync();
        }
        catch (Exception failure)
        {
            await reader.CompleteAsync(failure);
            throw;
        }
    }

    /// <summary>A stream onto a <see cref="PendingFile"/>.</summary>
    private sealed class PendingFileStream(PendingFile file) : Stream
    {
        public override bool CanRead => false;

        public override bool CanSeek => false;

        public override bool CanWrite => true;

        public override long Length => file.Length;

        public override long Position
        {
            get => file.Length;
            set => throw new NotSupportedException();
        }

        public override void Write(byte[] buffer, int offset, int count) => file.Append(buffer.AsSpan(offset, count));

        public override void Write(ReadOnlySpan<byte> buffer) => file.Append(buffer);

        public override Task WriteAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken)
        {
            file.Append(buffer.AsSpan(offset, count));
            return Task.CompletedTask;
        }

        public override ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
        {
            file.Append(buffer.Span);
            return ValueTask.CompletedTask;
        }

        public override void Flush() { }

        public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

        public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

        public override void SetLength(long value) => throw new NotSupportedException();
    }
}
