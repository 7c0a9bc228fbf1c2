using System.Buffers.Binary;
using Backup.MongoWire.Bson;
using Backup.Snapshots.Reading;

namespace Backup.Snapshots.Exports;

/// <summary>
/// The form that <c>mongorestore --archive</c> reads. Layout in docs/formats/mongodump-archive.md; source: mongo-tools, common/archive.
/// </summary>
internal static class MongodumpArchive
{
    internal const uint Magic = 0x8199_E26D;
    internal const int Terminator = -1;
    private const string FormatVersion = "0.1";
    private const string ToolVersion = "100.0.0";

    internal static async Task<int> WriteAsync(
        ExportContent content,
        Stream output,
        ProgressTeller told,
        CancellationToken cancellation
    )
    {
        await WritePreludeAsync(content, output, cancellation);
        foreach (var item in content.Items)
        {
            if (item.DataName is { } name)
            {
                await using var cursor = item.Open();
                await WriteDocumentsAsync(item, name, cursor, output, told, cancellation);
            }
            else
            {
                await WriteEndOfNamespaceAsync(item.Database, item.Name, crc: 0, output, cancellation);
            }
        }

        return content.Items.Count;
    }

    private static async Task WritePreludeAsync(ExportContent content, Stream output, CancellationToken cancellation)
    {
        var magic = new byte[4];
        BinaryPrimitives.WriteUInt32LittleEndian(magic, Magic);
        await output.WriteAsync(magic, cancellation);
        var header = BsonDocument.Build(writer =>
            writer
                .Int32("concurrent_collections"u8, 1)
                .String("version"u8, FormatVersion)
                .String("server_version"u8, content.MongoVersion)
                .String("tool_version"u8, ToolVersion)
        );
        await output.WriteAsync(header.Memory, cancellation);
        foreach (var item in content.Items)
        {
            var metadata = BsonDocument.Build(writer =>
                writer
                    .String("db"u8, item.Database)
                    .String("collection"u8, item.Name)
                    .String("metadata"u8, item.Metadata)
                    .Int32("size"u8, 0)
                    .String("type"u8, item.Type)
            );
            await output.WriteAsync(metadata.Memory, cancellation);
        }

        await EndAsync(output, cancellation);
    }

    private static async Task WriteDocumentsAsync(
        ExportItem item,
        string name,
        DocumentCursor cursor,
        Stream output,
        ProgressTeller told,
        CancellationToken cancellation
    )
    {
        var crc = default(Crc64);
        var any = false;
        while (await cursor.MoveToBatchAsync(cancellation))
        {
            if (!any)
            {
                any = true;
                await output.WriteAsync(NamespaceHeader(item.Database, name, end: false, 0).Memory, cancellation);
            }

            crc.Append(cursor.Batch.Span);
            told.Add(item.Namespace, cursor.Batch.Length, cursor.BatchCount);
            await output.WriteAsync(cursor.Batch, cancellation);
        }

        if (any)
        {
            await EndAsync(output, cancellation);
        }

        await WriteEndOfNamespaceAsync(item.Database, name, crc.Value, output, cancellation);
    }

    /// <summary>Each namespace of the prelude has one, a view too: mongorestore counts them and calls an archive without it cut off.</summary>
    private static async Task WriteEndOfNamespaceAsync(
        string database,
        string name,
        ulong crc,
        Stream output,
        CancellationToken cancellation
    )
    {
        await output.WriteAsync(NamespaceHeader(database, name, end: true, crc).Memory, cancellation);
        await EndAsync(output, cancellation);
    }

    private static BsonDocument NamespaceHeader(string database, string name, bool end, ulong crc) =>
        BsonDocument.Build(writer =>
            writer.String("db"u8, database).String("collection"u8, name).Boolean("EOF"u8, end).Int64("CRC"u8, (long)crc)
        );

    private static ValueTask EndAsync(Stream output, CancellationToken cancellation)
    {
        var terminator = new byte[4];
        BinaryPrimitives.WriteInt32LittleEndian(terminator, Terminator);
        return output.WriteAsync(terminator, cancellation);
    }
}
