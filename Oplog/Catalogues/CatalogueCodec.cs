using Backup.MongoWire.Bson;

namespace Backup.Oplog.Catalogues;

/// <summary>
/// The stored form of a catalogue: an array, in order of namespaces, of
/// <c>{uuid, db, name, type, options, indexes: [...], excluded?}</c>. Fields of later versions are kept as they are.
/// </summary>
internal static class CatalogueCodec
{
    internal static void Write(Catalogue catalogue, BsonWriter writer, ReadOnlySpan<byte> name)
    {
        Span<byte> scratch = stackalloc byte[11];
        writer.BeginArray(name);
        foreach (
            var collection in catalogue
                .Collections.OrderBy(c => c.Namespace, StringComparer.Ordinal)
                .ThenBy(c => c.Uuid)
        )
        {
            writer.BeginDocument(writer.ArrayItemName(scratch));
            writer.Uuid("uuid"u8, collection.Uuid);
            writer.String("db"u8, collection.Database);
            writer.String("name"u8, collection.Name);
            writer.Int32("type"u8, (int)collection.Type);
            writer.Document("options"u8, collection.Options);
            writer.BeginArray("indexes"u8);
            foreach (var index in collection.Indexes)
            {
                writer.Document(writer.ArrayItemName(scratch), index);
            }

            writer.EndArray();
            if (collection.ExcludedBecause is { } reason)
            {
                writer.String("excluded"u8, reason);
            }

            foreach (var field in collection.Unknown.View)
            {
                writer.Element(field);
            }

            writer.EndDocument();
        }

        writer.EndArray();
    }

    internal static Catalogue Read(BsonView array)
    {
        var catalogue = new Catalogue();
        foreach (var item in array)
        {
            var collection = ReadOne(item.AsDocument);
            if (catalogue.Find(collection.Uuid) is not null)
            {
                throw OplogErrors.Catalogue($"the UUID {collection.Uuid} stands in it twice");
            }

            catalogue.Set(collection);
        }

        return catalogue;
    }

    private static CatalogueCollection ReadOne(BsonView stored)
    {
        using var unknown = new BsonWriter();
        unknown.BeginDocument();
        var indexes = new List<BsonDocument>();
        string? excluded = null;
        foreach (var field in stored)
        {
            switch (field.NameText)
            {
                case "uuid" or "db" or "name" or "type" or "options":
                    break;
                case "indexes":
                    foreach (var index in field.AsDocument)
                    {
                        indexes.Add(index.AsDocument.ToDocument());
                    }

                    break;
                case "excluded":
                    excluded = field.AsString;
                    break;
                default:
                    unknown.Element(field);
                    break;
            }
        }

        var type = (CollectionType)stored["type"u8].AsInt32;
        if (!Enum.IsDefined(type))
        {
            throw OplogErrors.Catalogue($"a collection has the type {(int)type}");
        }

        return new CatalogueCollection(
            stored["uuid"u8].AsUuid,
            stored["db"u8].AsString,
            stored["name"u8].AsString,
            type,
            stored["options"u8].AsDocument.ToDocument(),
            indexes
        )
        {
            ExcludedBecause = excluded,
            Unknown = unknown.EndDocument().ToDocument(),
        };
    }
}
