using Backup.Metadata;

namespace Backup.Cli.Stores;

/// <summary>
/// The note at a store: the id of the catalogue that its blocks belong to, and the name by which that knows the store; a line each. With another catalogue, say an empty one after
/// its disk was lost, a groom would find that nobody needs any of the blocks; with another name it would not know of groups that are in it.
/// </summary>
/// <param name="Catalogue">Its id.</param>
/// <param name="Store">Null where the note was made before stores had names.</param>
internal sealed record CatalogueMark(string Catalogue, string? Store)
{
    private const string Setting = "catalogue.id";

    /// <summary>The id of a catalogue, made where it has none.</summary>
    internal static Task<string> IdAsync(ISettings settings, CancellationToken cancellation) =>
        settings.EnsureAsync(Setting, Guid.NewGuid().ToString("D"), cancellation);

    /// <summary>Marks stores that have no mark yet, and those that have another name than before, where no group was assigned to that.</summary>
    /// <exception cref="Foundation.Errors.BackupException">
    /// 9740 where blocks belong to another catalogue, 9700 where two stores are one, 9701 where groups are in one under another name; those of the stores.
    /// </exception>
    internal static async Task RequireAsync(
        IReadOnlyList<StorePlace> places,
        IMetadataStore metadata,
        string exports,
        CancellationToken cancellation
    )
    {
        if (places.GroupBy(static one => one.Where).FirstOrDefault(static same => same.Count() > 1) is { } same)
        {
            throw CliErrors.SameStoreTwice(same.First().Name, same.Last().Name, same.Key);
        }

        var id = await IdAsync(metadata.Settings, cancellation);
        var changed = new List<(StorePlace Place, CatalogueMark? Before)>();
        foreach (var place in places)
        {
            var mark = await FindAsync(place, cancellation);
            if (mark is not null && mark.Catalogue != id)
            {
                throw CliErrors.AnotherCatalogue(place.Where, exports);
            }

            if (mark?.Store is { } name && name != place.Name && await IsUsedAsync(name, metadata, cancellation))
            {
                throw CliErrors.StoreRenamed(place.Name, place.Where, name);
            }

            if (mark?.Store != place.Name)
            {
                changed.Add((place, mark));
            }
        }

        foreach (var (place, _) in changed)
        {
            await SetAsync(place, id, cancellation);
        }

        foreach (var place in changed.Count > 0 && places.Count > 1 ? places : [])
        {
            // Two that are one have one mark, whatever their addresses say.
            if (await FindAsync(place, cancellation) is { Store: { } name } && name != place.Name)
            {
                foreach (var (one, before) in changed)
                {
                    await one.SetNoteAsync(TextOf(before ?? new CatalogueMark(id, null)), cancellation);
                }

                throw CliErrors.SameStoreTwice(place.Name, name, place.Where);
            }
        }
    }

    /// <summary>Whether the blocks belong to that catalogue, or to none.</summary>
    internal static async Task<bool> FitsAsync(StorePlace place, ISettings settings, CancellationToken cancellation) =>
        await FindAsync(place, cancellation) is not { } mark
        || await settings.FindAsync(Setting, cancellation) is not { } id
        || mark.Catalogue == id;

    /// <summary>The blocks belong to that catalogue from now on.</summary>
    internal static Task SetAsync(StorePlace place, string id, CancellationToken cancellation) =>
        place.SetNoteAsync(TextOf(new CatalogueMark(id, place.Name)), cancellation);

    private static string TextOf(CatalogueMark mark) =>
        mark.Store is { } name ? $"{mark.Catalogue}\n{name}\n" : $"{mark.Catalogue}\n";

    private static async Task<CatalogueMark?> FindAsync(StorePlace place, CancellationToken cancellation) =>
        await place.NoteAsync(cancellation) is not { } text ? null
        : text.Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries)
            is [var id, .. var names]
            ? new CatalogueMark(id, names is [var name, ..] ? name : null)
        : new CatalogueMark("", null);

    private static async Task<bool> IsUsedAsync(
        string store,
        IMetadataStore metadata,
        CancellationToken cancellation
    ) => (await metadata.GroupStores.ListAsync(cancellation)).Any(one => one.MayBeIn(store));
}
