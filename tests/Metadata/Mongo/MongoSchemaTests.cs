using Backup.Metadata.Mongo;
using Backup.MongoWire.Bson;
using Shouldly;
using Xunit;

namespace Backup.Tests.Metadata.Mongo;

public sealed class MongoSchemaTests
{
    [Fact]
    public async Task Names_of_collections_fields_and_indexes_are_frozen()
    {
        var frozen = await File.ReadAllTextAsync(Path.Combine(AppContext.BaseDirectory, "data", "mongo-schema.txt"));
        Text()
            .ShouldBe(
                frozen,
                "a field may be added (with its line here); what is there is renamed or dropped by a step of MongoMigrations alone"
            );
    }

    [Fact]
    public void Every_collection_and_index_has_a_name_of_its_own()
    {
        MongoSchema.All.Select(one => one.Name).ShouldBeUnique();
        foreach (var collection in MongoSchema.All)
        {
            collection.Indexes.Select(index => index.Name).ShouldBeUnique();
            collection.FieldNames.ShouldBeUnique();
        }
    }

    private static string Text() =>
        string.Concat(
            MongoSchema
                .All.OrderBy(one => one.Name, StringComparer.Ordinal)
                .Select(one =>
                    $"{one.Name}: {string.Join(' ', one.FieldNames)}\n"
                    + string.Concat(one.Indexes.Select(index => $"    {ExtendedJson.ToText(index.Spec().View)}\n"))
                )
        );
}
