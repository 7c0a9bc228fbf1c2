using Backup.MongoWire.Bson;

namespace Backup.MongoWire.Client;

/// <summary>Fields of a raw document as slices of its memory, where a span would not live long enough.</summary>
internal static class RawFields
{
    /// <summary>The bytes of a field's value; empty where there is none.</summary>
    internal static ReadOnlyMemory<byte> Find(ReadOnlyMemory<byte> document, ReadOnlySpan<byte> name)
    {
        var fields = new BsonView(document.Span).GetEnumerator();
        while (fields.MoveNext())
        {
            if (fields.Current.NameIs(name))
            {
                return document.Slice(fields.Offset + 1 + name.Length + 1, fields.Current.Value.Length);
            }
        }

        return default;
    }

    internal static string? Text(BsonView view, ReadOnlySpan<byte> name) =>
        view.TryGet(name, out var field) && field.Type == BsonType.String ? field.AsString : null;

    internal static int Number(BsonView view, ReadOnlySpan<byte> name, int otherwise = 0) =>
        view.TryGet(name, out var field) && field.IsNumber ? (int)field.ToInt64() : otherwise;

    internal static int? NumberOrNull(BsonView view, ReadOnlySpan<byte> name) =>
        view.TryGet(name, out var field) && field.IsNumber ? (int)field.ToInt64() : null;

    internal static bool Flag(BsonView view, ReadOnlySpan<byte> name) =>
        view.TryGet(name, out var field) && field.ToBoolean();

    internal static List<string> Texts(BsonView view, ReadOnlySpan<byte> name)
    {
        var texts = new List<string>();
        if (!view.TryGet(name, out var field) || field.Type != BsonType.Array)
        {
            return texts;
        }

        foreach (var item in field.AsDocument)
        {
            if (item.Type == BsonType.String)
            {
                texts.Add(item.AsString);
            }
        }

        return texts;
    }
}
