using System.Text.Json;

namespace Backup.MongoWire.Bson;

/// <summary>Reads extended JSON token by token into a <see cref="BsonWriter"/>.</summary>
/// <remarks>
/// An object whose first name is that of a type (<c>$oid</c>, <c>$date</c>, …) must be exactly that type's form; every
/// other object, query operators included, is a document.
/// </remarks>
internal static class ExtendedJsonReader
{
    /// <summary>A type's form adds up to three levels to the document's own.</summary>
    private const int MaximumDepth = 256;

    internal static BsonDocument Read(ReadOnlySpan<byte> utf8, bool asArray)
    {
        using var target = new BsonWriter(Math.Max(256, utf8.Length));
        var json = new Utf8JsonReader(utf8, new JsonReaderOptions { MaxDepth = MaximumDepth });
        try
        {
            ReadTop(ref json, target, asArray);
        }
        catch (JsonException malformed)
        {
            throw MongoWireErrors.NotExtendedJson("it is no JSON", json.BytesConsumed, malformed);
        }
        catch (InvalidOperationException malformed)
        {
            // A string that is half of a surrogate pair, or bytes that are no UTF-8.
            throw MongoWireErrors.NotExtendedJson("a string is no Unicode text", json.BytesConsumed, malformed);
        }

        return target.ToDocument();
    }

    private static void ReadTop(ref Utf8JsonReader json, BsonWriter target, bool asArray)
    {
        json.Read();
        var wanted = asArray ? JsonTokenType.StartArray : JsonTokenType.StartObject;
        if (json.TokenType != wanted)
        {
            throw ExtendedJsonToken.Unexpected(ref json, asArray ? "an array" : "an object");
        }

        target.BeginDocument();
        if (asArray)
        {
            ReadItems(ref json, target);
        }
        else
        {
            json.Read();
            ReadFields(ref json, target);
        }

        target.EndDocument();
        // Only white space may follow; anything else is a JsonException.
        json.Read();
    }

    /// <summary>From the first name, or the end of the object, to the end of the object.</summary>
    private static void ReadFields(ref Utf8JsonReader json, BsonWriter target)
    {
        while (json.TokenType == JsonTokenType.PropertyName)
        {
            var name = ExtendedJsonToken.Name(ref json);
            json.Read();
            ReadValue(ref json, target, name);
            json.Read();
        }
    }

    private static void ReadItems(ref Utf8JsonReader json, BsonWriter target)
    {
        Span<byte> scratch = stackalloc byte[11];
        while (json.Read() && json.TokenType != JsonTokenType.EndArray)
        {
            ReadValue(ref json, target, target.ArrayItemName(scratch));
        }
    }

    /// <summary>The value at the current token, up to its last token.</summary>
    private static void ReadValue(ref Utf8JsonReader json, BsonWriter target, scoped ReadOnlySpan<byte> name)
    {
        switch (json.TokenType)
        {
            case JsonTokenType.StartObject:
                ReadObject(ref json, target, name);
                break;
            case JsonTokenType.StartArray:
                target.BeginArray(name);
                ReadItems(ref json, target);
                target.EndArray();
                break;
            case JsonTokenType.String:
                target.String(name, ExtendedJsonToken.Text(ref json));
                break;
            case JsonTokenType.Number:
                ReadNumber(ref json, target, name);
                break;
            case JsonTokenType.True or JsonTokenType.False:
                target.Boolean(name, json.TokenType == JsonTokenType.True);
                break;
            case JsonTokenType.Null:
                target.Null(name);
                break;
            default:
                throw ExtendedJsonToken.Unexpected(ref json, "a value");
        }
    }

    private static void ReadNumber(ref Utf8JsonReader json, BsonWriter target, scoped ReadOnlySpan<byte> name)
    {
        if (json.ValueSpan.ContainsAny((byte)'.', (byte)'e', (byte)'E') || !json.TryGetInt64(out var whole))
        {
            target.Double(name, json.GetDouble());
        }
        else if (whole == (int)whole)
        {
            target.Int32(name, (int)whole);
        }
        else
        {
            target.Int64(name, whole);
        }
    }

    private static void ReadObject(ref Utf8JsonReader json, BsonWriter target, scoped ReadOnlySpan<byte> name)
    {
        json.Read();
        if (json.TokenType == JsonTokenType.PropertyName && json.ValueSpan is [(byte)'$' or (byte)'\\', ..])
        {
            var first = ExtendedJsonToken.Name(ref json);
            if (first.SequenceEqual("$code"u8) || first.SequenceEqual("$scope"u8))
            {
                ReadCode(ref json, target, name);
                return;
            }

            if (ExtendedJsonTypes.TryRead(first, ref json, target, name))
            {
                ExtendedJsonToken.EndOfObject(ref json);
                return;
            }
        }

        target.BeginDocument(name);
        ReadFields(ref json, target);
        target.EndDocument();
    }

    /// <summary><c>{"$code": text}</c>, with <c>"$scope": {…}</c> before or behind it, or without.</summary>
    private static void ReadCode(ref Utf8JsonReader json, BsonWriter target, scoped ReadOnlySpan<byte> name)
    {
        ReadOnlySpan<byte> code = default;
        var hasCode = false;
        BsonDocument? scope = null;
        for (; json.TokenType == JsonTokenType.PropertyName; json.Read())
        {
            if (!hasCode && json.ValueTextEquals("$code"u8))
            {
                json.Read();
                code = ExtendedJsonToken.Text(ref json);
                hasCode = true;
            }
            else if (scope is null && json.ValueTextEquals("$scope"u8))
            {
                json.Read();
                scope = ReadScope(ref json);
            }
            else
            {
                throw ExtendedJsonToken.Unexpected(ref json, "'$code' and '$scope'");
            }
        }

        if (!hasCode)
        {
            throw ExtendedJsonToken.Unexpected(ref json, "'$code'");
        }

        if (scope is null)
        {
            target.JavaScript(name, code);
        }
        else
        {
            target.JavaScriptWithScope(name, code, scope.Value.Span);
        }
    }

    private static BsonDocument ReadScope(ref Utf8JsonReader json)
    {
        ExtendedJsonToken.Require(ref json, JsonTokenType.StartObject, "an object");
        using var scope = new BsonWriter();
        scope.BeginDocument();
        json.Read();
        ReadFields(ref json, scope);
        scope.EndDocument();
        return scope.ToDocument();
    }
}
