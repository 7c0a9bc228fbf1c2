using System.Buffers;
using System.Text.Json;
using Backup.MongoWire.Bson;
using Backup.Snapshots.Reading;

namespace Backup.Snapshots.Exports;

/// <summary>Every document of a snapshot as one line that names its collection: for pipes, <c>grep</c> and <c>jq</c>.</summary>
internal static class NdjsonLines
{
    internal static async Task WriteAsync(
        ExportContent content,
        Stream output,
        ProgressTeller told,
        CancellationToken cancellation
    )
    {
        var line = new ArrayBufferWriter<byte>(1024);
        foreach (var item in content.Items)
        {
            if (item.DataName is null)
            {
                continue;
            }

            var start = JsonSerializer.SerializeToUtf8Bytes(item.Namespace);
            await using var cursor = item.Open();
            while (await cursor.MoveNextAsync(cancellation))
            {
                told.Add(item.Namespace, cursor.Current.Length);
                line.ResetWrittenCount();
                line.Write("{\"ns\":"u8);
                line.Write(start);
                line.Write(",\"doc\":"u8);
                ExtendedJson.Write(cursor.View, line, ExtendedJsonMode.Canonical);
                line.Write("}\n"u8);
                await output.WriteAsync(line.WrittenMemory, cancellation);
            }
        }
    }
}
