namespace Backup.MongoWire.Bson;

/// <summary>The two parts of a value of type <see cref="BsonType.JavaScriptWithScope"/>.</summary>
internal readonly ref struct BsonCodeWithScope
{
    /// <summary>UTF-8, without length and closing zero.</summary>
    internal ReadOnlySpan<byte> Code { get; private init; }

    internal BsonView Scope { get; private init; }

    /// <param name="value">Total length, code as a string, scope as a document.</param>
    /// <exception cref="Foundation.Errors.BackupException">2001.</exception>
    internal static BsonCodeWithScope Read(ReadOnlySpan<byte> value)
    {
        var text = value[4..];
        var length = BsonValue.LengthOf(BsonType.JavaScript, text, 0);
        var scope = new BsonView(text[length..]);
        return length + scope.Length == text.Length
            ? new BsonCodeWithScope { Code = text[4..(length - 1)], Scope = scope }
            : throw MongoWireErrors.Malformed("code and scope do not fill their length", 0);
    }
}
