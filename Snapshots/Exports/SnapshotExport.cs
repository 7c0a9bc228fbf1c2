using System.IO.Compression;
using Backup.Snapshots.Reading;

namespace Backup.Snapshots.Exports;

/// <summary>Writes a snapshot in a form that other tools read; streams, in bounded memory.</summary>
public static class SnapshotExport
{
    private const int BufferLength = 128 * 1024;

    /// <summary>To one stream: an archive, lines, or a tar of the other formats. The stream is flushed, not closed.</summary>
    public static async Task<ExportResult> ToStreamAsync(
        SnapshotReader snapshot,
        ExportFormat format,
        Stream output,
        ExportOptions? options = null,
        IProgress<ReadProgress>? progress = null,
        CancellationToken cancellation = default
    )
    {
        options ??= new ExportOptions();
        var told = new ProgressTeller(progress, snapshot.Manifest.Statistics.DocumentBytes);
        var items = await ExportPlan.MakeAsync(snapshot, options, cancellation);
        await using var hashing = new HashingStream(output);
        if (format == ExportFormat.Archive)
        {
            await using var compressed = options.Gzip
                ? new GZipStream(hashing, CompressionLevel.Fastest, leaveOpen: true)
                : null;
            await using var buffered = new BufferedStream(new Unclosed(compressed ?? (Stream)hashing), BufferLength);
            await MongodumpArchive.WriteAsync(snapshot, items, buffered, told, cancellation);
        }
        else if (format == ExportFormat.NdjsonLines)
        {
            await using var buffered = new BufferedStream(new Unclosed(hashing), BufferLength);
            await NdjsonLines.WriteAsync(snapshot, items, buffered, told, cancellation);
        }
        else
        {
            await using var tar = new TarFiles(hashing, snapshot.Manifest.Position.Optime.WallClock);
            await ExportFiles.WriteAsync(snapshot, items, format, options.Gzip, tar, told, cancellation);
        }

        await hashing.FlushAsync(cancellation);
        return new ExportResult(items.Count, told.Documents, told.Bytes, hashing.Count, hashing.HashToHex());
    }

    /// <summary>To a folder that is made, or is there and empty: <see cref="ExportFormat.Directory"/> or <see cref="ExportFormat.Ndjson"/>.</summary>
    /// <exception cref="Foundation.Errors.BackupException">4008 where the folder is not empty.</exception>
    public static async Task<ExportResult> ToFolderAsync(
        SnapshotReader snapshot,
        ExportFormat format,
        string folder,
        ExportOptions? options = null,
        IProgress<ReadProgress>? progress = null,
        CancellationToken cancellation = default
    )
    {
        if (format is not (ExportFormat.Directory or ExportFormat.Ndjson))
        {
            throw new ArgumentOutOfRangeException(nameof(format), format, "This form is a stream, not a folder.");
        }

        if (Directory.Exists(folder) && Directory.EnumerateFileSystemEntries(folder).Any())
        {
            throw SnapshotsErrors.NotEmpty(folder);
        }

        options ??= new ExportOptions();
        Directory.CreateDirectory(folder);
        var told = new ProgressTeller(progress, snapshot.Manifest.Statistics.DocumentBytes);
        var items = await ExportPlan.MakeAsync(snapshot, options, cancellation);
        var files = new FolderFiles(folder);
        await ExportFiles.WriteAsync(snapshot, items, format, options.Gzip, files, told, cancellation);
        return new ExportResult(items.Count, told.Documents, told.Bytes, files.Bytes, files.HashToHex());
    }
}

/// <summary>Keeps a stream open when what stands before it is closed.</summary>
internal sealed class Unclosed(Stream inner) : Stream
{
    public override bool CanRead => false;

    public override bool CanSeek => false;

    public override bool CanWrite => true;

    public override long Length => throw new NotSupportedException();

    public override long Position
    {
        get => throw new NotSupportedException();
        set => throw new NotSupportedException();
    }

    public override void Write(byte[] buffer, int offset, int count) => inner.Write(buffer, offset, count);

    public override void Write(ReadOnlySpan<byte> buffer) => inner.Write(buffer);

    public override Task WriteAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) =>
        inner.WriteAsync(buffer, offset, count, cancellationToken);

    public override ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default) =>
        inner.WriteAsync(buffer, cancellationToken);

    public override void Flush() => inner.Flush();

    public override Task FlushAsync(CancellationToken cancellationToken) => inner.FlushAsync(cancellationToken);

    public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();
}
