using System.Buffers;
using System.Text;

namespace Backup.MongoWire.Bson;

/// <summary>How numbers and dates are written. Source: the Extended JSON specification, version 2.</summary>
public enum ExtendedJsonMode
{
    /// <summary>Every type kept: reading it back gives the same document.</summary>
    Canonical,

    /// <summary>Readable: plain numbers and ISO dates; int, long and double may read back as one another.</summary>
    Relaxed,
}

/// <summary>MongoDB Extended JSON v2: written straight from raw BSON, read into raw BSON.</summary>
public static class ExtendedJson
{
    /// <summary>Writes a document on one line, without a line end; nothing is held but the buffer's own chunks.</summary>
    /// <exception cref="Foundation.Errors.BackupException">
    /// 2001 malformed, 2002 nested too deep, 2003 where text is not UTF-8 and so cannot stand in JSON.
    /// </exception>
    public static void Write(BsonView document, IBufferWriter<byte> output, ExtendedJsonMode mode)
    {
        var writer = new ExtendedJsonWriter(output, mode);
        writer.Document(document);
        writer.Flush();
    }

    /// <summary>Writes one value, without its name.</summary>
    /// <exception cref="Foundation.Errors.BackupException">As <see cref="Write"/>.</exception>
    public static void WriteValue(BsonElement element, IBufferWriter<byte> output, ExtendedJsonMode mode)
    {
        var writer = new ExtendedJsonWriter(output, mode);
        writer.Value(element);
        writer.Flush();
    }

    public static string ToText(BsonView document, ExtendedJsonMode mode = ExtendedJsonMode.Relaxed)
    {
        var output = new ArrayBufferWriter<byte>(Math.Max(256, document.Length * 2));
        Write(document, output, mode);
        return Encoding.UTF8.GetString(output.WrittenSpan);
    }

    /// <summary>Reads an object, canonical, relaxed or mixed; of number forms that fit several types the narrowest is taken.</summary>
    /// <exception cref="Foundation.Errors.BackupException">2004 where it is no extended JSON of a document.</exception>
    public static BsonDocument Parse(string json) => Parse(Encoding.UTF8.GetBytes(json));

    /// <inheritdoc cref="Parse(string)"/>
    public static BsonDocument Parse(ReadOnlySpan<byte> utf8) => ExtendedJsonReader.Read(utf8, asArray: false);

    /// <summary>Reads an array at the top as the BSON array it is: a document with the names "0", "1", …</summary>
    /// <exception cref="Foundation.Errors.BackupException">2004.</exception>
    public static BsonDocument ParseArray(string json) =>
        ExtendedJsonReader.Read(Encoding.UTF8.GetBytes(json), asArray: true);

    /// <summary>
    /// The specification has a regular expression's options in the order of the alphabet. What is no letters, and so no
    /// options of any server, stays as it is.
    /// </summary>
    internal static void SortOptions(Span<byte> options)
    {
        if (Ascii.IsValid(options))
        {
            options.Sort();
        }
    }
}
