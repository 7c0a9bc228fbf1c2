using Backup.Metadata;

namespace Backup.Tests.Metadata;

/// <summary>Block stores as an appliance may be configured with them.</summary>
internal static class SomeStores
{
    /// <summary>Without tags.</summary>
    internal static IReadOnlyList<TaggedStore> Plain(params string[] names) =>
        [.. names.Select(static one => new TaggedStore(one, []))];

    internal static TaggedStore Having(string name, params string[] tags) => new(name, tags);
}
