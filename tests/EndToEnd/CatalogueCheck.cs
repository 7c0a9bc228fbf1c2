using System.Text;
using Backup.MongoWire.Bson;
using Shouldly;

namespace Backup.Tests.EndToEnd;

/// <summary>Options and indexes of every collection and view: what the source lists is what stands in the metadata of a restored directory.</summary>
internal static class CatalogueCheck
{
    /// <summary>By namespace: options and indexes (in order of their names) as extended JSON.</summary>
    internal static async Task<SortedDictionary<string, string>> ReadSourceAsync(
        TestSource source,
        IEnumerable<string> databases
    )
    {
        var found = new SortedDictionary<string, string>(StringComparer.Ordinal);
        foreach (var database in databases)
        {
            foreach (var collection in await source.ListAsync(database, """{"listCollections":1}"""))
            {
                var name = collection.View["name"u8].AsString;
                if (name.StartsWith("system.", StringComparison.Ordinal))
                {
                    continue;
                }

                var isView = collection.View["type"u8].AsString == "view";
                var command = BsonDocument.Build(w => w.String("listIndexes"u8, name));
                found[$"{database}.{name}"] = Describe(
                    collection.View["options"u8].AsDocument.ToDocument(),
                    isView ? [] : await source.ListAsync(database, command)
                );
            }
        }

        return found;
    }

    /// <summary>Of the files <c>*.metadata.json</c> of those databases.</summary>
    internal static SortedDictionary<string, string> ReadDirectory(string folder, IReadOnlySet<string> databases)
    {
        var found = new SortedDictionary<string, string>(StringComparer.Ordinal);
        foreach (var file in Directory.EnumerateFiles(folder, "*.metadata.json", SearchOption.AllDirectories))
        {
            var database = Path.GetFileName(Path.GetDirectoryName(file))!;
            if (databases.Contains(database))
            {
                var metadata = ExtendedJson.Parse(File.ReadAllBytes(file)).View;
                var indexes = new List<BsonDocument>();
                foreach (var index in metadata["indexes"u8].AsDocument)
                {
                    indexes.Add(index.AsDocument.ToDocument());
                }

                found[$"{database}.{metadata["collectionName"u8].AsString}"] = Describe(
                    metadata["options"u8].AsDocument.ToDocument(),
                    indexes
                );
            }
        }

        return found;
    }

    internal static string Describe(BsonDocument options, IEnumerable<BsonDocument> indexes)
    {
        var text = new StringBuilder(ExtendedJson.ToText(options.View, ExtendedJsonMode.Canonical));
        foreach (var index in indexes.OrderBy(index => index.View["name"u8].AsString, StringComparer.Ordinal))
        {
            text.Append('\n').Append(ExtendedJson.ToText(index.View, ExtendedJsonMode.Canonical));
        }

        return text.ToString();
    }

    /// <summary>Fails with what differs, both sides of it.</summary>
    internal static void ShouldBeSame(
        SortedDictionary<string, string> restored,
        SortedDictionary<string, string> source
    ) =>
        source
            .Keys.Union(restored.Keys)
            .Where(name => source.GetValueOrDefault(name) != restored.GetValueOrDefault(name))
            .Select(name =>
                $"{name}\nsource:   {source.GetValueOrDefault(name, "none")}\nrestored: {restored.GetValueOrDefault(name, "none")}"
            )
            .ShouldBeEmpty();
}
