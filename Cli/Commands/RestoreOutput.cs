using System.Formats.Tar;
using System.IO.Pipelines;
using Backup.Cli.Control;
using Backup.Daemon.Restores;
using Backup.Foundation.Files;

namespace Backup.Cli.Commands;

/// <summary>Where a restore is written: under a temporary name, renamed when it is whole.</summary>
internal static class RestoreOutput
{
    /// <summary>Where the request says: standard output, a file, or a folder.</summary>
    /// <param name="request">Not into MongoDB, and not pushed.</param>
    /// <param name="restore">Writes all of it to the stream.</param>
    /// <param name="cancellation">Nothing is left then.</param>
    /// <exception cref="Foundation.Errors.BackupException">9511 it cannot be written.</exception>
    internal static async Task<T> WriteAsync<T>(
        RestoreRequest request,
        Func<Stream, Task<T>> restore,
        CancellationToken cancellation
    )
    {
        if (request.ToStandardOutput)
        {
            await using var standard = Console.OpenStandardOutput();
            return await restore(standard);
        }

        try
        {
            return request.Format == RestoreFormat.Directory
                ? await ToFolderAsync(request.Output!, restore, cancellation)
                : await ToFileAsync(request.Output!, restore);
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            throw CliErrors.Output(request.Output!, failure);
        }
    }

    internal static async Task<T> ToFileAsync<T>(string path, Func<Stream, Task<T>> restore)
    {
        using var file = DurableFile.Create(path);
        await using var stream = new PendingFileStream(file);
        var result = await restore(stream);
        file.Publish();
        return result;
    }

    /// <summary>A file in a folder that appears as a whole: flushed to the disk when it is closed.</summary>
    internal static Stream CreateFile(string path) => new FlushedFileStream(path);

    /// <summary>Unpacks the tar stream of a directory dump on the fly.</summary>
    internal static async Task<T> ToFolderAsync<T>(
        string path,
        Func<Stream, Task<T>> restore,
        CancellationToken cancellation
    )
    {
        var temporary = Path.GetFullPath(path) + DurableFile.TemporarySuffix;
        if (Directory.Exists(temporary))
        {
            Directory.Delete(temporary, recursive: true);
        }

        Directory.CreateDirectory(temporary);
        var pipe = new Pipe(new PipeOptions(pauseWriterThreshold: 4 * 1024 * 1024));
        var unpacking = UnpackAsync(pipe.Reader, temporary, cancellation);
        try
        {
            var result = await FeedAsync(pipe.Writer, restore);
            await unpacking;
            Directory.Move(temporary, Path.GetFullPath(path));
            return result;
        }
        catch
        {
            // What is unpacked until the feed's end is seen would come back behind the deletion.
            await unpacking.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            Directory.Delete(temporary, recursive: true);
            throw;
        }
    }

    private static async Task<T> FeedAsync<T>(PipeWriter writer, Func<Stream, Task<T>> restore)
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

    /// <summary>What is written is durable once it is closed.</summary>
    private sealed class FlushedFileStream(string path)
        : FileStream(path, FileMode.CreateNew, FileAccess.Write, FileShare.Read, 128 * 1024)
    {
        protected override void Dispose(bool disposing)
        {
            if (disposing)
            {
                Flush(flushToDisk: true);
            }

            base.Dispose(disposing);
        }

        public override async ValueTask DisposeAsync()
        {
            await FlushAsync();
            Flush(flushToDisk: true);
            await base.DisposeAsync();
        }
    }
}
