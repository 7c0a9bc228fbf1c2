using Backup.Cli.Configuration;
using Backup.Metadata;

namespace Backup.Cli.Stores;

/// <summary>What the configuration says that stores have.</summary>
internal static class StoreTagLines
{
    /// <summary>The same places, in the same order, with their tags.</summary>
    /// <exception cref="Foundation.Errors.BackupException">9703 there is no such store, 9704 something is no tag, or is there twice.</exception>
    internal static IReadOnlyList<StorePlace> Apply(
        ApplianceConfiguration configuration,
        IReadOnlyList<StorePlace> places
    )
    {
        var tags = new Dictionary<string, IReadOnlyList<string>>(StringComparer.Ordinal);
        foreach (var line in configuration.List(Settings.StoreTags))
        {
            var (name, all) = Read(line);
            if (places.All(one => one.Name != name))
            {
                throw CliErrors.NoTaggedStore(name, [.. places.Select(static one => $"'{one.Name}'")]);
            }

            if (!tags.TryAdd(name, all))
            {
                throw CliErrors.StoreTagsAre(name, "they are there twice");
            }
        }

        return [.. places.Select(one => tags.TryGetValue(one.Name, out var found) ? one with { Tags = found } : one)];
    }

    private static (string Store, IReadOnlyList<string> Tags) Read(string line)
    {
        var equals = line.IndexOf('=', StringComparison.Ordinal);
        if (equals < 0)
        {
            throw CliErrors.StoreTagsAre(line, "there are none");
        }

        var name = line[..equals].Trim();
        var tags = line[(equals + 1)..].Split(',', StringSplitOptions.TrimEntries);
        return Array.Find(tags, static one => !StoreTags.IsTag(one)) is { } wrong
                ? throw CliErrors.StoreTagsAre(name, $"'{wrong}' is no tag, which has {StoreTags.Form}")
            : tags.Distinct(StringComparer.Ordinal).Count() < tags.Length
                ? throw CliErrors.StoreTagsAre(name, "one of them is there twice")
            : tags.Length > StoreTags.Most ? throw CliErrors.StoreTagsAre(name, $"a store has at most {StoreTags.Most}")
            : (name, [.. tags.Order(StringComparer.Ordinal)]);
    }
}
