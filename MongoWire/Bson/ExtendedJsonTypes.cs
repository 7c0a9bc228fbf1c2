using System.Buffers;
using System.Buffers.Text;
using System.Globalization;
using System.Text;
using System.Text.Json;

namespace Backup.MongoWire.Bson;

/// <summary>The forms of single types in extended JSON, each read from its first name on.</summary>
internal static class ExtendedJsonTypes
{
    private const int LongestName = 18;

    private const NumberStyles FloatingPoint =
        NumberStyles.AllowLeadingSign | NumberStyles.AllowDecimalPoint | NumberStyles.AllowExponent;

    /// <summary>Reads the value behind the type's name, up to its last token.</summary>
    /// <param name="type">The first name of the object; <paramref name="json"/> stands on it.</param>
    /// <returns>False, with nothing read, where it is the name of no type.</returns>
    internal static bool TryRead(
        scoped ReadOnlySpan<byte> type,
        ref Utf8JsonReader json,
        BsonWriter target,
        scoped ReadOnlySpan<byte> name
    )
    {
        if (type.Length > LongestName)
        {
            return false;
        }

        // The value's reader stands on the value; the caller's is moved over it only if the type is known.
        var value = json;
        value.Read();
        switch (Encoding.UTF8.GetString(type))
        {
            case "$oid":
                ObjectId(ref value, target, name);
                break;
            case "$numberInt":
                target.Int32(name, (int)Whole(ref value, int.MinValue, int.MaxValue));
                break;
            case "$numberLong":
                target.Int64(name, Whole(ref value, long.MinValue, long.MaxValue));
                break;
            case "$numberDouble":
                Double(ref value, target, name);
                break;
            case "$numberDecimal":
                Decimal(ref value, target, name);
                break;
            case "$binary":
                Binary(ref value, target, name);
                break;
            case "$uuid":
                Uuid(ref value, target, name);
                break;
            case "$date":
                Date(ref value, target, name);
                break;
            case "$timestamp":
                Timestamp(ref value, target, name);
                break;
            case "$regularExpression":
                RegularExpression(ref value, target, name);
                break;
            case "$dbPointer":
                DbPointer(ref value, target, name);
                break;
            case "$symbol":
                target.Symbol(name, ExtendedJsonToken.Text(ref value));
                break;
            case "$undefined":
                ExtendedJsonToken.Require(ref value, JsonTokenType.True, "true");
                target.Undefined(name);
                break;
            case "$minKey":
                One(ref value);
                target.MinKey(name);
                break;
            case "$maxKey":
                One(ref value);
                target.MaxKey(name);
                break;
            default:
                return false;
        }

        json.Read();
        json.Skip();
        return true;
    }

    private static void ObjectId(ref Utf8JsonReader json, BsonWriter target, scoped ReadOnlySpan<byte> name)
    {
        Span<byte> bytes = stackalloc byte[12];
        ObjectIdBytes(ref json, bytes);
        target.ObjectId(name, bytes);
    }

    private static void ObjectIdBytes(ref Utf8JsonReader json, scoped Span<byte> bytes)
    {
        var text = ExtendedJsonToken.Text(ref json);
        if (text.Length != 24 || Convert.FromHexString(text, bytes, out _, out _) != OperationStatus.Done)
        {
            throw ExtendedJsonToken.Unexpected(ref json, "24 hexadecimal digits");
        }
    }

    private static long Whole(ref Utf8JsonReader json, long minimum, long maximum) =>
        long.TryParse(
            ExtendedJsonToken.Text(ref json),
            NumberStyles.AllowLeadingSign,
            CultureInfo.InvariantCulture,
            out var value
        )
        && value >= minimum
        && value <= maximum
            ? value
            : throw ExtendedJsonToken.Unexpected(ref json, $"a whole number from {minimum} to {maximum}");

    private static void Double(ref Utf8JsonReader json, BsonWriter target, scoped ReadOnlySpan<byte> name)
    {
        var text = ExtendedJsonToken.Text(ref json);
        if (!double.TryParse(text, FloatingPoint, CultureInfo.InvariantCulture, out var value))
        {
            throw ExtendedJsonToken.Unexpected(ref json, "a number");
        }

        target.Double(name, value);
    }

    private static void Decimal(ref Utf8JsonReader json, BsonWriter target, scoped ReadOnlySpan<byte> name)
    {
        if (!Decimal128.TryParse(ExtendedJsonToken.Text(ref json), out var value))
        {
            throw ExtendedJsonToken.Unexpected(ref json, "a number of at most 34 digits in decimal128's range");
        }

        target.Decimal(name, value);
    }

    private static void Binary(ref Utf8JsonReader json, BsonWriter target, scoped ReadOnlySpan<byte> name)
    {
        ExtendedJsonToken.Pair(ref json, "base64"u8, "subType"u8, out var payload, out var subtype);
        var digits = ExtendedJsonToken.Text(ref subtype);
        if (
            digits.Length is not (1 or 2)
            || !byte.TryParse(digits, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var number)
        )
        {
            throw ExtendedJsonToken.Unexpected(ref subtype, "one or two hexadecimal digits");
        }

        var text = ExtendedJsonToken.Text(ref payload);
        var bytes = new byte[Base64.GetMaxDecodedFromUtf8Length(text.Length)];
        if (Base64.DecodeFromUtf8(text, bytes, out _, out var length) != OperationStatus.Done)
        {
            throw ExtendedJsonToken.Unexpected(ref payload, "base64");
        }

        target.Binary(name, bytes.AsSpan(0, length), number);
    }

    private static void Uuid(ref Utf8JsonReader json, BsonWriter target, scoped ReadOnlySpan<byte> name)
    {
        var text = Encoding.UTF8.GetString(ExtendedJsonToken.Text(ref json));
        if (!Guid.TryParseExact(text, "D", out var uuid))
        {
            throw ExtendedJsonToken.Unexpected(ref json, "a UUID of 8-4-4-4-12 hexadecimal digits");
        }

        target.Uuid(name, uuid);
    }

    /// <summary><c>{"$numberLong": milliseconds}</c>, or ISO 8601 text; without a zone it is UTC.</summary>
    private static void Date(ref Utf8JsonReader json, BsonWriter target, scoped ReadOnlySpan<byte> name)
    {
        if (json.TokenType == JsonTokenType.StartObject)
        {
            json.Read();
            if (json.TokenType != JsonTokenType.PropertyName || !json.ValueTextEquals("$numberLong"u8))
            {
                throw ExtendedJsonToken.Unexpected(ref json, "'$numberLong'");
            }

            json.Read();
            target.DateTime(name, Whole(ref json, long.MinValue, long.MaxValue));
            ExtendedJsonToken.EndOfObject(ref json);
            return;
        }

        var text = Encoding.UTF8.GetString(ExtendedJsonToken.Text(ref json));
        if (
            !DateTimeOffset.TryParseExact(
                text,
                ["yyyy-MM-ddTHH:mm:ss.FFFFFFFK", "yyyy-MM-ddTHH:mm:ssK"],
                CultureInfo.InvariantCulture,
                DateTimeStyles.AssumeUniversal,
                out var date
            )
        )
        {
            throw ExtendedJsonToken.Unexpected(ref json, "a date as 2012-12-24T12:15:30.501Z");
        }

        target.DateTime(name, date.ToUnixTimeMilliseconds());
    }

    private static void Timestamp(ref Utf8JsonReader json, BsonWriter target, scoped ReadOnlySpan<byte> name)
    {
        ExtendedJsonToken.Pair(ref json, "t"u8, "i"u8, out var seconds, out var ordinal);
        target.Timestamp(name, ((ulong)UInt32(ref seconds) << 32) | UInt32(ref ordinal));
    }

    private static uint UInt32(ref Utf8JsonReader json) =>
        json.TokenType == JsonTokenType.Number && json.TryGetUInt32(out var value)
            ? value
            : throw ExtendedJsonToken.Unexpected(ref json, "a whole number of 32 bits");

    private static void RegularExpression(ref Utf8JsonReader json, BsonWriter target, scoped ReadOnlySpan<byte> name)
    {
        ExtendedJsonToken.Pair(ref json, "pattern"u8, "options"u8, out var pattern, out var options);
        var letters = ExtendedJsonToken.TextWithoutZero(ref options).ToArray();
        ExtendedJson.SortOptions(letters);
        target.RegularExpression(name, ExtendedJsonToken.TextWithoutZero(ref pattern), letters);
    }

    private static void DbPointer(ref Utf8JsonReader json, BsonWriter target, scoped ReadOnlySpan<byte> name)
    {
        ExtendedJsonToken.Pair(ref json, "$ref"u8, "$id"u8, out var collection, out var id);
        ExtendedJsonToken.Require(ref id, JsonTokenType.StartObject, "an ObjectId");
        id.Read();
        if (id.TokenType != JsonTokenType.PropertyName || !id.ValueTextEquals("$oid"u8))
        {
            throw ExtendedJsonToken.Unexpected(ref id, "'$oid'");
        }

        id.Read();
        Span<byte> bytes = stackalloc byte[12];
        ObjectIdBytes(ref id, bytes);
        ExtendedJsonToken.EndOfObject(ref id);
        target.DbPointer(name, ExtendedJsonToken.Text(ref collection), bytes);
    }

    private static void One(ref Utf8JsonReader json)
    {
        if (json.TokenType != JsonTokenType.Number || !json.TryGetInt32(out var value) || value != 1)
        {
            throw ExtendedJsonToken.Unexpected(ref json, "1");
        }
    }
}
