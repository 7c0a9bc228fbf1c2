using Backup.Foundation;
using Backup.MongoWire.Bson;

namespace Backup.Snapshots.Exports;

/// <summary>The same documents under other names: of collections, and of what views look at.</summary>
public static class RenamedContent
{
    /// <param name="content">As it was.</param>
    /// <param name="renames">The first that is about a namespace counts.</param>
    /// <exception cref="Foundation.Errors.BackupException">4012 where two would have one name, or a view would look into another database.</exception>
    public static ExportContent Of(ExportContent content, IReadOnlyList<NamespaceRename> renames)
    {
        if (renames.Count == 0)
        {
            return content;
        }

        var items = content.Items.Select(item => Of(item, renames)).ToList();
        foreach (
            var same in items
                .GroupBy(static one => one.Namespace, StringComparer.Ordinal)
                .Where(static one => one.Count() > 1)
        )
        {
            throw SnapshotsErrors.Rename($"two namespaces would be called '{same.Key}'");
        }

        return content with
        {
            Items = items,
        };
    }

    private static ExportItem Of(ExportItem item, IReadOnlyList<NamespaceRename> renames)
    {
        var to = NamespaceRename.Of(renames, item.Namespace);
        var dot = to.IndexOf('.', StringComparison.Ordinal);
        var (database, name) = (to[..dot], to[(dot + 1)..]);
        if (item.Type == ExportItem.View)
        {
            return item with { Database = database, Name = name, Options = View(item, database, renames) };
        }

        var isBuckets = item.DataName!.StartsWith(UserData.Buckets, StringComparison.Ordinal);
        return item with
        {
            Database = database,
            Name = name,
            DataName = isBuckets ? UserData.Buckets + name : name,
            Origin = item.Origin,
        };
    }

    private static BsonDocument View(ExportItem item, string database, IReadOnlyList<NamespaceRename> renames) =>
        BsonDocument.Build(w =>
        {
            foreach (var option in item.Options.View)
            {
                if (option.NameIs("viewOn"u8) && option.Type == BsonType.String)
                {
                    w.String("viewOn"u8, Beside(option.AsString));
                }
                else if (option.NameIs("pipeline"u8) && option.Type == BsonType.Array)
                {
                    w.BeginArray(option.Name);
                    Stages(w, option.AsDocument);
                    w.EndArray();
                }
                else
                {
                    w.Element(option);
                }
            }

            void Stages(BsonWriter writer, BsonView fields)
            {
                foreach (var field in fields)
                {
                    var isLookup = field.NameIs("$lookup"u8) || field.NameIs("$graphLookup"u8);
                    if (field.NameIs("$unionWith"u8) && field.Type == BsonType.String)
                    {
                        writer.String(field.Name, Beside(field.AsString));
                    }
                    else if (field.Type == BsonType.Document)
                    {
                        writer.BeginDocument(field.Name);
                        Argument(
                            writer,
                            field.AsDocument,
                            isLookup ? "from"
                                : field.NameIs("$unionWith"u8) ? "coll"
                                : null
                        );
                        writer.EndDocument();
                    }
                    else if (field.Type == BsonType.Array)
                    {
                        writer.BeginArray(field.Name);
                        Stages(writer, field.AsDocument);
                        writer.EndArray();
                    }
                    else
                    {
                        writer.Element(field);
                    }
                }
            }

            void Argument(BsonWriter writer, BsonView fields, string? collection)
            {
                if (collection is null)
                {
                    Stages(writer, fields);
                    return;
                }

                foreach (var field in fields)
                {
                    if (field.Type == BsonType.String && field.NameText == collection)
                    {
                        writer.String(field.Name, Beside(field.AsString));
                    }
                    else if (field.Type == BsonType.Array)
                    {
                        writer.BeginArray(field.Name);
                        Stages(writer, field.AsDocument);
                        writer.EndArray();
                    }
                    else
                    {
                        writer.Element(field);
                    }
                }
            }

            // What it looks at is called otherwise now, and has to stay in one database with it.
            string Beside(string name)
            {
                var to = NamespaceRename.Of(renames, $"{item.Database}.{name}");
                var dot = to.IndexOf('.', StringComparison.Ordinal);
                return to.AsSpan(0, dot).SequenceEqual(database)
                    ? to[(dot + 1)..]
                    : throw SnapshotsErrors.Rename(
                        $"the view '{item.Namespace}' would be in '{database}' and look at '{to}'"
                    );
            }
        });
}
