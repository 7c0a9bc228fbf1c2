using Backup.Snapshots.Exports;

namespace Backup.Daemon.Targets;

/// <summary>What the target has under the names that a restore brings.</summary>
/// <param name="Usable">Collections that are there, and are used as they are: empty, or to be filled up.</param>
/// <param name="InTheWay">Collections with documents, and whatever is no plain collection.</param>
internal sealed record TargetRoom(IReadOnlySet<string> Usable, IReadOnlyList<ExportItem> InTheWay)
{
    /// <param name="commands">Of the target.</param>
    /// <param name="content">What is restored.</param>
    /// <param name="resumes">Whether what an earlier run has made is filled up.</param>
    /// <param name="cancellation">Gives up.</param>
    internal static async Task<TargetRoom> LookAsync(
        TargetCommands commands,
        ExportContent content,
        bool resumes,
        CancellationToken cancellation
    )
    {
        var (usable, inTheWay) = (new HashSet<string>(StringComparer.Ordinal), new List<ExportItem>());
        foreach (var database in content.Items.GroupBy(static one => one.Database, StringComparer.Ordinal))
        {
            var names = await commands.NamesAsync(database.Key, cancellation);
            foreach (var item in database.Where(one => names.ContainsKey(one.Name) && !TargetUsers.IsUserData(one)))
            {
                var isUsable =
                    item.Type == names[item.Name]
                    && (
                        resumes
                            ? TargetCheck.IsPlain(item) && item.Type == ExportItem.Collection
                            : item.Type == ExportItem.Collection
                                && await commands.IsEmptyAsync(item.Database, item.Name, cancellation)
                    );
                if (isUsable)
                {
                    usable.Add(item.Namespace);
                }
                else
                {
                    inTheWay.Add(item);
                }
            }
        }

        return new TargetRoom(usable, inTheWay);
    }
}
