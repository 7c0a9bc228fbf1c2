using Backup.WebUI.Contracts;

namespace Backup.Cli.Control;

internal sealed partial class ControlClient
{
    internal Task<List<ServedView>> ServedAsync(CancellationToken cancellation) =>
        GetAsync<List<ServedView>>(ControlRoutes.Served, cancellation);

    internal Task<ServedView> ServeAsync(ServeRequestView request, CancellationToken cancellation) =>
        PostAsync<ServeRequestView, ServedView>(ControlRoutes.Served, request, cancellation);

    internal Task<ServedView> StopServedAsync(string id, CancellationToken cancellation) =>
        PostAsync<ServedView>(ControlRoutes.Fill(ControlRoutes.StopServed, id), cancellation);
}
