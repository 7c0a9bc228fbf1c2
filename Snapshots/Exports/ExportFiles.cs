using System.Buffers;
using Backup.MongoWire.Bson;
using Backup.Snapshots.Reading;

namespace Backup.Snapshots.Exports;

/// <summary>Where the files of an export go. The content is written when it is asked for, perhaps twice (once to be measured).</summary>
public interface IExportFiles
{
    /// <param name="path">With <c>/</c>, below the export's top.</param>
    /// <param name="write">Writes the content; the flag says whether it counts or is only measured.</param>
    /// <param name="cancellation">Stops.</param>
    Task AddAsync(string path, Func<Stream, bool, Task> write, CancellationToken cancellation);
}

/// <summary>The files of a mongodump directory or of an NDJSON export.</summary>
internal static class ExportFiles
{
    internal static async Task<int> WriteAsync(
        ExportContent content,
        ExportFormat format,
        bool gzip,
        IExportFiles files,
        ProgressTeller told,
        CancellationToken cancellation
    )
    {
        var suffix = gzip ? ".gz" : "";
        // Before there is a file: all can be written, or nothing is.
        var folders = content
            .Items.Select(static item => item.Database)
            .Distinct(StringComparer.Ordinal)
            .ToDictionary(static name => name, FileNames.OfDatabase, StringComparer.Ordinal);
        foreach (var item in content.Items)
        {
            var folder = folders[item.Database];
            // The small file first: of a tar something can be read at once, while the large one is still measured.
            await files.AddAsync(
                $"{folder}/{FileNames.Of(item.Name)}.metadata.json{suffix}",
                (output, _) => CompressedAsync(output, gzip, to => to.WriteAsync(item.Metadata, cancellation).AsTask()),
                cancellation
            );
            if (item.DataName is { } name)
            {
                var extension = format == ExportFormat.Directory ? ".bson" : ".ndjson";
                var path =
                    $"{folder}/{FileNames.Of(format == ExportFormat.Directory ? name : item.Name)}{extension}{suffix}";
                await files.AddAsync(path, (output, counts) => Documents(item, output, counts), cancellation);
            }
        }

        return content.Items.Count;

        Task Documents(ExportItem item, Stream output, bool counts) =>
            CompressedAsync(
                output,
                gzip,
                to => WriteDocumentsAsync(item, format, to, counts ? told : null, cancellation)
            );
    }

    private static async Task WriteDocumentsAsync(
        ExportItem item,
        ExportFormat format,
        Stream output,
        ProgressTeller? told,
        CancellationToken cancellation
    )
    {
        await using var cursor = item.Open();
        if (format == ExportFormat.Directory)
        {
            while (await cursor.MoveToBatchAsync(cancellation))
            {
                told?.Add(item.Namespace, cursor.Batch.Length, cursor.BatchCount);
                await output.WriteAsync(cursor.Batch, cancellation);
            }

            return;
        }

        var line = new ArrayBufferWriter<byte>(1024);
        while (await cursor.MoveNextAsync(cancellation))
        {
            told?.Add(item.Namespace, cursor.Current.Length);
            line.ResetWrittenCount();
            ExtendedJson.Write(cursor.View, line, ExtendedJsonMode.Canonical);
            line.Write("\n"u8);
            await output.WriteAsync(line.WrittenMemory, cancellation);
        }
    }

    private static async Task CompressedAsync(Stream output, bool gzip, Func<Stream, Task> write)
    {
        if (gzip)
        {
            await using var compressed = new GzipFile(output);
            await using var buffered = new BufferedStream(compressed, 128 * 1024);
            await write(buffered);
        }
        else
        {
            await using var buffered = new BufferedStream(new Unclosed(output), 128 * 1024);
            await write(buffered);
        }
    }
}
