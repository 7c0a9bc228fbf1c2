using Backup.Foundation.Errors;
using Backup.MongoWire.Bson;

namespace Backup.Snapshots.Records;

/// <summary>An `_id` for people: extended JSON, cut at 200 characters.</summary>
internal static class IdText
{
    private const int MaxLength = 200;

    internal static string Of(BsonView idHolder)
    {
        try
        {
            var alone = new System.Buffers.ArrayBufferWriter<byte>();
            RecordWriter.IdAlone(alone, idHolder);
            var text = ExtendedJson.ToText(new BsonView(alone.WrittenSpan));
            return text.Length <= MaxLength ? text : string.Concat(text.AsSpan(0, MaxLength), "…");
        }
        catch (BackupException)
        {
            // It stands in the text of another error, which must not be lost over it.
            return "(not printable)";
        }
    }
}
