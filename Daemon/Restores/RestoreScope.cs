using Backup.Foundation;
using Backup.Snapshots.Reading;

namespace Backup.Daemon.Restores;

/// <summary>Whether what is asked for by name is in a backup.</summary>
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

    private static string Text(IReadOnlyList<NamespaceFilter> filters) => string.Join("; and ", filters);
}
