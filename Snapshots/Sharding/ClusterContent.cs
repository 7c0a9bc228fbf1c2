using Backup.Snapshots.Exports;
using Backup.Snapshots.Reading;

namespace Backup.Snapshots.Sharding;

/// <summary>The contents of a cluster's sets as those of one replica set: every namespace once, with the documents of all sets that own some.</summary>
public static class ClusterContent
{
    /// <param name="layout">Of the moment.</param>
    /// <param name="sets">By the set's name, what of it belongs to the cluster (see <see cref="OwnedDocuments"/>).</param>
    public static ExportContent Merge(ClusterLayout layout, IReadOnlyList<(string Set, ExportContent Content)> sets)
    {
        var collections = new List<ExportItem>();
        var views = new List<ExportItem>();
        var named = sets.SelectMany(static one => one.Content.Items.Select(item => (one.Set, Item: item)))
            .GroupBy(static one => one.Item.Namespace, StringComparer.Ordinal)
            .OrderBy(static group => group.First().Item.Database, StringComparer.Ordinal)
            .ThenBy(static group => group.First().Item.Name, StringComparer.Ordinal);
        foreach (var group in named)
        {
            var parts = group.ToList();
            // Options and indexes stand on every set that has a part of it; where a change is just under way, the primary's are taken.
            var primary = parts.FindIndex(one => one.Set == layout.PrimaryOf(one.Item.Database));
            var definition = parts[Math.Max(primary, 0)].Item;
            var opens = parts.ConvertAll(static one => one.Item.Open);
            var merged = parts.Count == 1 ? definition : definition with { Open = () => new MergedDocuments(opens) };
            (merged.Type == ExportItem.View ? views : collections).Add(merged);
        }

        return new ExportContent(
            [.. collections, .. views],
            sets.Select(static one => one.Content.MongoVersion).FirstOrDefault() ?? "",
            sets.Select(static one => one.Content.At).DefaultIfEmpty().Max(),
            sets.Sum(static one => one.Content.ExpectedBytes)
        );
    }
}
