using Backup.MongoWire.Bson;
using Backup.Snapshots.Exports;

namespace Backup.Daemon.Targets;

/// <summary>What the target has under the names that a restore brings.</summary>
/// <param name="Usable">Collections that are there, and are used as they are: empty, or to be filled up.</param>
/// <param name="InTheWay">Collections with documents, and whatever is no plain collection.</param>
/// <param name="Different">Collections that could be used if they were not kept otherwise, with what of them is.</param>
internal sealed record TargetRoom(
    IReadOnlySet<string> Usable,
    IReadOnlyList<ExportItem> InTheWay,
    IReadOnlyList<(ExportItem Item, IReadOnlyList<string> In)> Different
)
{
    /// <summary>For people: <c>'shop.orders' (capped, size)</c>.</summary>
    internal IReadOnlyList<string> Differences =>
        [.. Different.Select(static one => $"'{one.Item.Namespace}' ({string.Join(", ", one.In)})")];

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
        var different = new List<(ExportItem, IReadOnlyList<string>)>();
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
                if (!isUsable)
                {
                    inTheWay.Add(item);
                }
                else if (await DifferencesAsync(commands, item, cancellation) is { Count: > 0 } differences)
                {
                    different.Add((item, differences));
                }
                else
                {
                    usable.Add(item.Namespace);
                }
            }
        }

        return new TargetRoom(usable, inTheWay, different);
    }

    private static async Task<IReadOnlyList<string>> DifferencesAsync(
        TargetCommands commands,
        ExportItem item,
        CancellationToken cancellation
    )
    {
        var options = await commands.OptionsAsync(item.Database, item.Name, cancellation);
        var indexes = new List<BsonDocument>();
        await foreach (var index in commands.IndexesAsync(item.Database, item.Name, cancellation))
        {
            indexes.Add(index);
        }

        return CollectionDifferences.Of(item, options, indexes);
    }
}
