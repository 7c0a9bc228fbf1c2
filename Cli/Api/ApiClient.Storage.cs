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

    private async Task<StartedJob> RequestOfStoreAsync<T>(string what, T request, CancellationToken cancellation)
    {
        var home = await HomeAsync(cancellation);
        var job = await PostAsync<T, JobView>($"{home}/storage/{what}", request, cancellation);
        return new StartedJob(home["/groups/".Length..], job);
    }
}
