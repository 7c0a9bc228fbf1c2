using Backup.WebUI.Contracts;

namespace Backup.Cli.Api;

/// <content>The store of blocks.</content>
internal sealed partial class ApiClient
{
    internal async Task<StorageView> StorageAsync(CancellationToken cancellation) =>
        await GetAsync<StorageView>($"{await HomeAsync(cancellation)}/storage", cancellation);

    internal async Task<StartedJob> RequestGroomAsync(GroomRequest request, CancellationToken cancellation)
    {
        var home = await HomeAsync(cancellation);
        var job = await PostAsync<GroomRequest, JobView>($"{home}/storage/groom", request, cancellation);
        return new StartedJob(home["/groups/".Length..], job);
    }
}
