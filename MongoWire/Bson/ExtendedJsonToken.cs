using System.Text.Json;
using Backup.Foundation.Errors;

namespace Backup.MongoWire.Bson;

/// <summary>What the reader of extended JSON asks of single tokens.</summary>
internal static class ExtendedJsonToken
{
    /// <summary>The text of the current string: a part of the input, or a copy where it holds escapes.</summary>
    internal static ReadOnlySpan<byte> Text(scoped ref Utf8JsonReader json)
    {
        Require(ref json, JsonTokenType.String, "a string");
        return Unescaped(ref json);
    }

    /// <summary>As <see cref="Text"/>, for what BSON ends with a zero byte and so cannot hold one.</summary>
    internal static ReadOnlySpan<byte> TextWithoutZero(scoped ref Utf8JsonReader json)
    {
        var text = Text(ref json);
        return text.Contains((byte)0) ? throw Unexpected(ref json, "text without a zero byte") : text;
    }

    /// <summary>The current field name.</summary>
    internal static ReadOnlySpan<byte> Name(scoped ref Utf8JsonReader json)
    {
        var name = Unescaped(ref json);
        return name.Contains((byte)0) ? throw Unexpected(ref json, "a field name without a zero byte") : name;
    }

    /// <summary>Moves on to the next token, which must be the object's end.</summary>
    internal static void EndOfObject(scoped ref Utf8JsonReader json)
    {
        json.Read();
        Require(ref json, JsonTokenType.EndObject, "the end of the object");
    }

    /// <summary>Reads an object of exactly two fields in either order.</summary>
    /// <param name="first">A reader that stands on the value of the first.</param>
    /// <param name="second">A reader that stands on the value of the second.</param>
    internal static void Pair(
        scoped ref Utf8JsonReader json,
        scoped ReadOnlySpan<byte> firstName,
        scoped ReadOnlySpan<byte> secondName,
        out Utf8JsonReader first,
        out Utf8JsonReader second
    )
    {
        Require(ref json, JsonTokenType.StartObject, "an object");
        json.Read();
        var swapped = json.TokenType == JsonTokenType.PropertyName && json.ValueTextEquals(secondName);
        FieldValue(ref json, swapped ? secondName : firstName, out var one);
        FieldValue(ref json, swapped ? firstName : secondName, out var other);
        Require(ref json, JsonTokenType.EndObject, "the end of the object");
        first = swapped ? other : one;
        second = swapped ? one : other;
    }

    internal static void Require(scoped ref Utf8JsonReader json, JsonTokenType type, string wanted)
    {
        if (json.TokenType != type)
        {
            throw Unexpected(ref json, wanted);
        }
    }

    internal static BackupException Unexpected(scoped ref Utf8JsonReader json, string wanted) =>
        MongoWireErrors.NotExtendedJson($"{wanted} was expected", json.TokenStartIndex);

    /// <summary>Keeps the place of a field's value and moves on behind it.</summary>
    private static void FieldValue(
        scoped ref Utf8JsonReader json,
        scoped ReadOnlySpan<byte> name,
        out Utf8JsonReader value
    )
    {
        if (json.TokenType != JsonTokenType.PropertyName || !json.ValueTextEquals(name))
        {
            throw Unexpected(ref json, $"'{System.Text.Encoding.UTF8.GetString(name)}'");
        }

        json.Read();
        value = json;
        json.Skip();
        json.Read();
    }

    private static ReadOnlySpan<byte> Unescaped(scoped ref Utf8JsonReader json)
    {
        if (!json.ValueIsEscaped)
        {
            return System.Text.Unicode.Utf8.IsValid(json.ValueSpan)
                ? json.ValueSpan
                : throw Unexpected(ref json, "UTF-8");
        }

        var text = new byte[json.ValueSpan.Length];
        return text.AsSpan(0, json.CopyString(text));
    }
}
