using Backup.Foundation.Errors;

namespace Backup.MongoWire;

/// <summary>Errors of BSON and extended JSON: 2001 to 2009.</summary>
public static partial class MongoWireErrors
{
    public const int BsonOverLimit = 2002;
    public const int BsonNotUtf8 = 2003;
    public const int MalformedJson = 2004;

    /// <param name="offset">Bytes from the start of what is read.</param>
    public static BackupException OverLimit(string what, long offset) =>
        new(
            BsonOverLimit,
            $"A document is too large at byte {offset}: {what}.",
            "No MongoDB server writes such a document: find out what sent it, and send the right data again."
        );

    /// <param name="offset">Bytes from the start of what is read; null where the reader does not know.</param>
    public static BackupException NotUtf8(long? offset = null) =>
        new(
            BsonNotUtf8,
            offset is null ? "A text in a document is not UTF-8." : $"The text at byte {offset} is not UTF-8.",
            "Correct the document at its source, or restore it in a form that keeps raw bytes: archive or directory."
        );

    /// <param name="offset">Bytes from the start of the text.</param>
    public static BackupException NotExtendedJson(string what, long offset, Exception? inner = null) =>
        new(
            MalformedJson,
            $"No extended JSON at byte {offset}: {what}.",
            "Correct the text at that place; the forms are those of MongoDB Extended JSON v2.",
            inner: inner
        );
}
