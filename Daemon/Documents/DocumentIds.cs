using Backup.Foundation.Errors;
using Backup.MongoWire.Bson;
using Backup.Snapshots.Keys;

namespace Backup.Daemon.Documents;

/// <summary>
/// An <c>_id</c> as a person wrote it: extended JSON (<c>17</c>, <c>"x"</c>, <c>{"$oid": "…"}</c>, <c>{"a": 1}</c>), or plain text. Text of 24 hex digits
/// may be an ObjectId or a string, text in the form of a UUID a binary or a string: then all that it may be are looked for.
/// </summary>
public sealed class DocumentIds
{
    private const int ObjectIdDigits = 24;
    private const int LongestId = 16 * 1024;

    private DocumentIds(string text, IReadOnlyList<BsonDocument> holders)
    {
        Text = text;
        Holders = holders;
        Keys = [.. holders.Select(static one => DocumentKey.Of(one.View))];
    }

    /// <summary>As it was written.</summary>
    public string Text { get; }

    /// <summary>Documents <c>{_id: …}</c>, the likeliest first.</summary>
    internal IReadOnlyList<BsonDocument> Holders { get; }

    /// <summary>Their keys.</summary>
    internal IReadOnlyList<byte[]> Keys { get; }

    /// <exception cref="BackupException">9150 where it is empty, too long, or of a type that no <c>_id</c> has.</exception>
    public static DocumentIds Parse(string text)
    {
        if (text.Length is 0 or > LongestId)
        {
            throw DaemonErrors.NoId(text, "it is empty or longer than 16 KiB");
        }

        if (FromJson(text) is { } json)
        {
            return json.View.First.Type is BsonType.Array or BsonType.RegularExpression or BsonType.Undefined
                ? throw DaemonErrors.NoId(text, "no _id is an array, a regular expression or undefined")
                : new DocumentIds(text, [json]);
        }

        var plain = BsonDocument.Build(w => w.String("_id"u8, text));
        if (text.Length == ObjectIdDigits && text.All(char.IsAsciiHexDigit))
        {
            return new DocumentIds(text, [ExtendedJson.Parse($$$"""{"_id": {"$oid": "{{{text}}}"}}"""), plain]);
        }

        return Guid.TryParseExact(text, "D", out _)
            ? new DocumentIds(text, [ExtendedJson.Parse($$$"""{"_id": {"$uuid": "{{{text}}}"}}"""), plain])
            : new DocumentIds(text, [plain]);
    }

    /// <summary>Null where it is no JSON: then it is plain text.</summary>
    private static BsonDocument? FromJson(string text)
    {
        // Twenty-four digits are a number too, but nobody means that.
        if (text.Length == ObjectIdDigits && text.All(char.IsAsciiDigit))
        {
            return null;
        }

        try
        {
            var document = ExtendedJson.Parse($$"""{"_id": {{text}}}""");
            var fields = 0;
            foreach (var _ in document.View)
            {
                fields++;
            }

            return fields == 1 ? document : null;
        }
        catch (BackupException)
        {
            return null;
        }
    }
}
