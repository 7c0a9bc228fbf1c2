using Backup.WebUI.Contracts;

namespace Backup.Cli.Api;

/// <content>Daemons, and the heads that they keep.</content>
internal sealed partial class ApiClient
{
    private const string Daemons = "/appliance/daemons";
    private const string Heads = "/appliance/heads";

    internal Task<List<DaemonView>> DaemonsAsync(CancellationToken cancellation) =>
        GetAsync<List<DaemonView>>(Daemons, cancellation);

    internal Task<DaemonView> DrainAsync(string daemon, bool drains, CancellationToken cancellation) =>
        PostAsync<DaemonView>(
            $"{Daemons}/{Uri.EscapeDataString(daemon)}/{(drains ? "drain" : "resume")}",
            cancellation
        );

    internal Task ForgetDaemonAsync(string daemon, CancellationToken cancellation) =>
        SendAsync<object>(HttpMethod.Delete, $"{Daemons}/{Uri.EscapeDataString(daemon)}", body: null, cancellation);

    internal Task<List<HeadPlaceView>> HeadsAsync(CancellationToken cancellation) =>
        GetAsync<List<HeadPlaceView>>(Heads, cancellation);

    internal Task<HeadPlaceView> MoveHeadAsync(string replicaSet, string? daemon, CancellationToken cancellation) =>
        PostAsync<HeadMove, HeadPlaceView>(
            $"{Heads}/{Uri.EscapeDataString(replicaSet)}/move",
            new HeadMove(daemon),
            cancellation
        );
}
