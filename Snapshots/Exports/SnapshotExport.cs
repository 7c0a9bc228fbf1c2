using Backup.Foundation.Streams;
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
        var content = await ExportContent.OfAsync(snapshot, options, cancellation);
        return await ToStreamAsync(content, format, output, options?.Gzip ?? false, progress, cancellation);
    }

    /// <summary>The same of what is planned.</summary>
    /// <exception cref="Foundation.Errors.BackupException">4013 a database that cannot be a folder, 4014 a time series as lines: nothing was written.</exception>
    public static async Task<ExportResult> ToStreamAsync(
        ExportContent content,
        ExportFormat format,
        Stream output,
        bool gzip = false,
        IProgress<ReadProgress>? progress = null,
        CancellationToken cancellation = default,
        bool hashes = true
    )
    {
        RequireFit(content, format);
        var told = new ProgressTeller(progress, content.ExpectedBytes);
        await using var behind = new WriteBehindStream(output, hashes, cancellation);
        if (format is ExportFormat.Archive or ExportFormat.NdjsonLines)
        {
            await using var compressed = gzip ? new GzipFile(behind) : null;
            await using var buffered = compressed is null
                ? null
                : new BufferedStream(new Unclosed(compressed), BufferLength);
            var into = buffered ?? (Stream)behind;
            await (
                format == ExportFormat.Archive
                    ? MongodumpArchive.WriteAsync(content, into, told, cancellation)
                    : NdjsonLines.WriteAsync(content, into, told, cancellation)
            );
        }
        else
        {
            var tar = new TarFiles(behind, content.At);
            await ExportFiles.WriteAsync(content, format, gzip, tar, told, cancellation);
            await tar.EndAsync(cancellation);
        }

        await behind.FlushAsync(cancellation);
        return new ExportResult(content.Items.Count, told.Documents, told.Bytes, behind.Length, behind.HashToHex());
    }

    /// <summary>File by file: <see cref="ExportFormat.Directory"/> or <see cref="ExportFormat.Ndjson"/>.</summary>
    /// <param name="content">What.</param>
    /// <param name="format">One of the two.</param>
    /// <param name="files">Takes them, one after another.</param>
    /// <param name="gzip">Each compressed by itself.</param>
    /// <param name="cancellation">Gives up.</param>
    public static Task ToFilesAsync(
        ExportContent content,
        ExportFormat format,
        IExportFiles files,
        bool gzip = false,
        CancellationToken cancellation = default
    )
    {
        RequireFit(content, format);
        return format is ExportFormat.Directory or ExportFormat.Ndjson
            ? ExportFiles.WriteAsync(content, format, gzip, files, new ProgressTeller(null, 0), cancellation)
            : throw new ArgumentOutOfRangeException(nameof(format), format, "This form is a stream, not files.");
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

        var content = await ExportContent.OfAsync(snapshot, options, cancellation);
        RequireFit(content, format);
        Directory.CreateDirectory(folder);
        var told = new ProgressTeller(progress, content.ExpectedBytes);
        var files = new FolderFiles(folder);
        await ExportFiles.WriteAsync(content, format, options?.Gzip ?? false, files, told, cancellation);
        return new ExportResult(content.Items.Count, told.Documents, told.Bytes, files.Bytes, files.HashToHex());
    }

    /// <summary>
    /// Lines are documents as users see them. A time series is kept in buckets of measurements, which servers compress from 5.2 on: they are no documents of the user's
    /// collection, and mongoimport would put them there as such.
    /// </summary>
    private static void RequireFit(ExportContent content, ExportFormat format)
    {
        if (format is not (ExportFormat.Ndjson or ExportFormat.NdjsonLines))
        {
            return;
        }

        var series = content.Items.Where(static item => item.Type == ExportItem.TimeSeries).ToList();
        if (series.Count > 0)
        {
            throw SnapshotsErrors.SeriesAsLines([.. series.Select(static item => item.Namespace)]);
        }
    }
}

/// <summary>Keeps a stream open when what stands before it is closed.</summary>
internal sealed class Unclosed(Stream inner) : WriteOnlyStream
{
    public override void Write(ReadOnlySpan<byte> buffer) => inner.Write(buffer);

    public override ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default) =>
        inner.WriteAsync(buffer, cancellationToken);

    public override void Flush() => inner.Flush();

    public override Task FlushAsync(CancellationToken cancellationToken) => inner.FlushAsync(cancellationToken);
}
