using System.Text.Json;
using Backup.Tests.Support;

namespace Backup.Tests.MongoWire;

/// <summary>
/// A checkout of the driver specifications (github.com/mongodb/specifications), named by $BACKUP_TEST_SPECIFICATIONS. The cases that
/// are always run stand in <c>specs/</c>.
/// </summary>
internal static class SpecificationCheckout
{
    internal static string? Root { get; } = Environment.GetEnvironmentVariable("BACKUP_TEST_SPECIFICATIONS");

    /// <summary>Every case below a folder of <c>source/</c>, by its path there.</summary>
    internal static IEnumerable<(string Name, JsonElement Case)> Cases(string folder)
    {
        var root = Path.Combine(Root!, "source", folder);
        foreach (var path in Directory.EnumerateFiles(root, "*.json", SearchOption.AllDirectories).Order())
        {
            yield return (
                Path.GetRelativePath(root, path),
                JsonSerializer.Deserialize<JsonElement>(File.ReadAllBytes(path))
            );
        }
    }
}

/// <summary>Needs a checkout of the driver specifications.</summary>
public sealed class SpecificationFactAttribute()
    : ConditionalFactAttribute(
        SpecificationCheckout.Root is null
            ? "SKIPPED: needs a checkout of github.com/mongodb/specifications, named by $BACKUP_TEST_SPECIFICATIONS"
            : null
    );
