namespace Backup.Metadata.Exports;

/// <summary>What an export says of itself.</summary>
/// <param name="SchemaVersion">Of the tables in it, from 1.</param>
/// <param name="MadeAt">The moment of which it is, by the clock of whoever made it.</param>
/// <param name="Rows">Of all tables together.</param>
/// <param name="Bytes">The length of the file.</param>
public sealed record MetadataExport(int SchemaVersion, DateTimeOffset MadeAt, long Rows, long Bytes)
{
    /// <summary>The manifests of the heads in it, by replica set; known to whoever made it. A head goes on from there after an import: a groom has to keep them.</summary>
    public IReadOnlyDictionary<string, string> Heads { get; init; } =
        new Dictionary<string, string>(StringComparer.Ordinal);
}
