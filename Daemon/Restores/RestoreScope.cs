using Backup.Foundation;
using Backup.Snapshots.Exports;
using Backup.Snapshots.Reading;

namespace Backup.Daemon.Restores;

/// <summary>What of a backup is asked for by name, and whether it is in it.</summary>
internal static class RestoreScope
{
    /// <exception cref="Foundation.Errors.BackupException">9016 where a filter left it out, 9017 where there is no such collection.</exception>
    internal static void Require(SnapshotReader reader, IReadOnlyList<NamespacePattern> only)
    {
        var filters = reader.Manifest.Filters;
        foreach (var pattern in only)
        {
            var isOne = pattern.Text.Contains('.') && !pattern.Text.EndsWith('*');
            if (isOne && !NamespaceFilters.Include(filters, pattern.Text))
            {
                throw DaemonErrors.Filtered(pattern.Text, Text(filters));
            }

            // Views are documents of another collection: what they are called is known when they are read.
            var mayBeThere = reader.Collections.Any(one =>
                pattern.Matches(one.Namespace) || (one.Name == "system.views" && pattern.Reaches(one.Database))
            );
            if (!mayBeThere)
            {
                throw filters.Count > 0 && !isOne
                    ? DaemonErrors.Filtered(pattern.Text, Text(filters))
                    : DaemonErrors.NotInBackup(pattern.Text);
            }
        }
    }

    /// <summary>The same of a whole cluster.</summary>
    /// <exception cref="Foundation.Errors.BackupException">9017 where nothing of that name is in it.</exception>
    internal static void Require(ExportContent content, IReadOnlyList<NamespacePattern> only)
    {
        foreach (var pattern in only.Where(pattern => !content.Items.Any(item => pattern.Matches(item.Namespace))))
        {
            throw DaemonErrors.NotInBackup(pattern.Text);
        }
    }

    internal static bool Wants(IReadOnlyList<NamespacePattern>? only, string ns) =>
        only is null || only.Any(one => one.Matches(ns));

    /// <summary>Collections whose documents are not in it, as they could not be followed.</summary>
    internal static IReadOnlyList<ExcludedCollection> Excluded(
        SnapshotReader reader,
        IReadOnlyList<NamespacePattern>? only
    ) =>
        [
            .. reader
                .Collections.Where(one => one.ExcludedBecause is not null && Wants(only, one.Namespace))
                .Select(one => new ExcludedCollection(one.Namespace, one.ExcludedBecause!)),
        ];

    private static string Text(IReadOnlyList<NamespaceFilter> filters) => string.Join("; and ", filters);
}
