using System.Text;
using Backup.MongoWire.Bson;

namespace Backup.Oplog.Catalogues;

/// <summary>Single fields of small raw documents, set and removed.</summary>
internal static class RawFields
{
    /// <summary>Sets a field at its place or, where it is new, before the first field that says so, else at the end.</summary>
    /// <param name="document">Unchanged.</param>
    /// <param name="name">The field.</param>
    /// <param name="value">Its value, whatever its own name.</param>
    /// <param name="standsBehind">Whether the field of a given name belongs behind the new one; null: none.</param>
    internal static BsonDocument Set(
        BsonDocument document,
        string name,
        BsonElement value,
        Func<string, bool>? standsBehind = null
    )
    {
        var utf8 = Encoding.UTF8.GetBytes(name);
        var isNew = !document.View.Has(utf8);
        var isWritten = false;
        using var writer = new BsonWriter();
        writer.BeginDocument();
        foreach (var field in document.View)
        {
            var isHere = isNew ? standsBehind?.Invoke(field.NameText) ?? false : field.NameIs(utf8);
            if (isHere && !isWritten)
            {
                writer.Element(utf8, value);
                isWritten = true;
            }

            if (!field.NameIs(utf8))
            {
                writer.Element(field);
            }
        }

        if (!isWritten)
        {
            writer.Element(utf8, value);
        }

        return writer.EndDocument().ToDocument();
    }

    internal static BsonDocument Remove(BsonDocument document, string name)
    {
        var utf8 = Encoding.UTF8.GetBytes(name);
        using var writer = new BsonWriter();
        writer.BeginDocument();
        foreach (var field in document.View)
        {
            if (!field.NameIs(utf8))
            {
                writer.Element(field);
            }
        }

        return writer.EndDocument().ToDocument();
    }
}
