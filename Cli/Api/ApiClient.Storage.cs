using Backup.WebUI.Contracts;

namespace Backup.Cli.Api;

/// <content>The store of blocks.</content>
internal sealed partial class ApiClient
{
    internal async Task<StorageView> StorageAsync(CancellationToken cancellation) =>
        await GetAsync<StorageView>($"{await HomeAsync(cancellation)}/storage", cancellation);

    internal Task<StartedJob> RequestGroomAsync(GroomRequest request, CancellationToken cancellation) =>
        RequestOfStoreAsync("groom", request, cancellation);

    internal Task<StartedJob> RequestCheckAsync(CheckRequest request, CancellationToken cancellation) =>
        RequestOfStoreAsync("check", request, cancellation);

    /// <summary>Where each group of the caller is.</summary>
    internal async Task<IReadOnlyList<(GroupView Group, StoresView Stores)>> StoresAsync(CancellationToken cancellation)
    {
        var all = new List<(GroupView, StoresView)>();
        foreach (var group in (await CallerAsync(cancellation)).Groups)
        {
            all.Add((group, await GetAsync<StoresView>($"/groups/{group.Id}/storage/stores", cancellation)));
        }

        return all;
    }

    /// <param name="group">Name or id.</param>
    /// <param name="store">Its name.</param>
    /// <param name="cancellation">Gives up.</param>
    internal async Task<StartedJob> MoveGroupAsync(string group, string store, CancellationToken cancellation)
    {
        var id = await GroupIdAsync(group, cancellation);
        var job = await PostAsync<MoveRequest, JobView>(
            $"/groups/{id}/storage/move",
            new MoveRequest(store),
            cancellation
        );
        return new StartedJob(id, job);
    }

    /// <param name="group">Name or id.</param>
    /// <param name="tags">In the place of those before.</param>
    /// <param name="cancellation">Gives up.</param>
    /// <returns>The group's id, and where it is now.</returns>
    internal async Task<(string Group, StoresView Stores)> TagGroupAsync(
        string group,
        IReadOnlyList<string> tags,
        CancellationToken cancellation
    )
    {
        var id = await GroupIdAsync(group, cancellation);
        return (
            id,
            await PutAsync<TagsRequest, StoresView>($"/groups/{id}/storage/tags", new TagsRequest(tags), cancellation)
        );
    }

    /// <exception cref="Foundation.Errors.BackupException">The caller is in no such group.</exception>
    private async Task<string> GroupIdAsync(string group, CancellationToken cancellation) =>
        (await CallerAsync(cancellation)).Groups.FirstOrDefault(one => one.Id == group || one.Name == group)?.Id
        ?? throw CliErrors.Argument($"There is no group '{group}'.", "'backup store list' names those that there are.");

    private async Task<StartedJob> RequestOfStoreAsync<T>(string what, T request, CancellationToken cancellation)
    {
        var home = await HomeAsync(cancellation);
        var job = await PostAsync<T, JobView>($"{home}/storage/{what}", request, cancellation);
        return new StartedJob(home["/groups/".Length..], job);
    }
}
