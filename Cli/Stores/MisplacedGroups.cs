using Backup.Metadata;
using Backup.WebUI.Contracts;

namespace Backup.Cli.Stores;

/// <summary>Groups whose store lacks a tag of theirs: the configuration was changed after they had come there, or a release that knows no tags has moved them.</summary>
internal static class MisplacedGroups
{
    /// <param name="metadata">The catalogue.</param>
    /// <param name="stores">As they are configured; the first is where groups are that were assigned to none.</param>
    /// <param name="cancellation">Gives up.</param>
    /// <returns>By name.</returns>
    internal static async Task<IReadOnlyList<MisplacedView>> ListAsync(
        IMetadataStore metadata,
        IReadOnlyList<TaggedStore> stores,
        CancellationToken cancellation
    )
    {
        var tags = await metadata.GroupStores.TagsAsync(cancellation);
        if (tags.Count == 0)
        {
            return [];
        }

        var places = (await metadata.GroupStores.ListAsync(cancellation)).ToDictionary(
            static one => one.GroupId,
            static one => one.Store,
            StringComparer.Ordinal
        );
        return
        [
            .. from one in await metadata.Access.GroupsAsync(cancellation)
            where tags.ContainsKey(one.Id)
            let store = places.GetValueOrDefault(one.Id, stores[0].Name)
            let lacks = stores.FirstOrDefault(known => known.Name == store)?.Lacks(tags[one.Id]) ?? tags[one.Id]
            where lacks.Count > 0
            orderby one.Name
            select new MisplacedView(one.Id, one.Name, store, lacks),
        ];
    }
}
