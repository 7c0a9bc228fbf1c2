using System.Buffers;

namespace Backup.MongoWire.Bson;

/// <summary>How numbers and dates are written. Source: the Extended JSON specification, version 2.</summary>
public enum ExtendedJsonMode
{
    /// <summary>Every type kept: reading it back gives the same bytes.</summary>
    Canonical,

    /// <summary>Readable: plain numbers and ISO dates; int, long and double may read back as one another.</summary>
    Relaxed,
}

/// <summary>MongoDB Extended JSON v2: written straight from raw BSON, read into raw BSON.</summary>
public static class ExtendedJson
{
    /// <summary>Writes a document on one line, without a line end; nothing is held but the buffer's own chunks.</summary>
    /// <exception cref="Foundation.Errors.BackupException">2001 malformed, 2003 where a string is not UTF-8 and so cannot stand in JSON.</exception>
    public static void Write(BsonView document, IBufferWriter<byte> output, ExtendedJsonMode mode) =>
        throw new NotSupportedException();

    /// <summary>Writes one value, without its name.</summary>
    public static void WriteValue(BsonElement element, IBufferWriter<byte> output, ExtendedJsonMode mode) =>
        throw new NotSupportedException();

    public static string ToText(BsonView document, ExtendedJsonMode mode = ExtendedJsonMode.Relaxed) =>
        throw new NotSupportedException();

    /// <summary>Reads an object, canonical, relaxed or mixed.</summary>
    /// <exception cref="Foundation.Errors.BackupException">2004 where it is no extended JSON of a document.</exception>
    public static BsonDocument Parse(string json) => throw new NotSupportedException();

    /// <inheritdoc cref="Parse(string)"/>
    public static BsonDocument Parse(ReadOnlySpan<byte> utf8) => throw new NotSupportedException();

    /// <summary>Reads an array at the top as the BSON array it is: a document with the names "0", "1", …</summary>
    /// <exception cref="Foundation.Errors.BackupException">2004.</exception>
    public static BsonDocument ParseArray(string json) => throw new NotSupportedException();
}
