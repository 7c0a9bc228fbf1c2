using Backup.Cli.Api;
using Backup.Cli.Control;

namespace Backup.Cli.Appliance;

/// <summary>
/// How a command reaches the appliance of a data folder: through the control socket of the process that holds it, or, where none does, by
/// opening the folder itself: a restore must not need a running service.
/// </summary>
internal sealed class ApplianceConnection : IAsyncDisposable
{
    private readonly Appliance? _own;

    private ApplianceConnection(ControlClient client, Appliance? own)
    {
        Client = client;
        _own = own;
    }

    /// <summary>The public API of the appliance.</summary>
    internal ApiClient Api => Client.Api;

    /// <summary>What is of this host alone.</summary>
    internal ControlClient Client { get; }

    /// <summary>Whether an appliance runs on the folder (and so follows the source).</summary>
    internal bool IsRunning => _own is null;

    /// <param name="dataOption">The value of --data.</param>
    /// <param name="needsRunning">Refuse with 9505 where no appliance runs.</param>
    /// <param name="cancellation">Gives up.</param>
    internal static async Task<ApplianceConnection> OpenAsync(
        string? dataOption,
        bool needsRunning,
        CancellationToken cancellation
    )
    {
        var root = DataFolder.Resolve(dataOption);
        if (!DataFolder.IsHeld(root))
        {
            if (!DataFolder.HoldsAppliance(root))
            {
                throw CliErrors.MissingDataFolder(root);
            }

            return needsRunning ? throw CliErrors.ApplianceNotRunning(root) : await OpenOwnAsync(root, cancellation);
        }

        var client = new ControlClient(root, ControlSocket.Running);
        // Somebody holds the folder: an appliance that is there, starting or stopping, or a command that will end.
        for (var attempt = 0; attempt < 60; attempt++)
        {
            if (await client.IsThereAsync(cancellation))
            {
                return new ApplianceConnection(client, own: null);
            }

            if (!DataFolder.IsHeld(root) && !needsRunning)
            {
                client.Dispose();
                return await OpenOwnAsync(root, cancellation);
            }

            await Task.Delay(TimeSpan.FromMilliseconds(500), cancellation);
        }

        client.Dispose();
        throw CliErrors.ApplianceNotRunning(root);
    }

    public async ValueTask DisposeAsync()
    {
        Client.Dispose();
        if (_own is not null)
        {
            await _own.DisposeAsync();
        }
    }

    private static async Task<ApplianceConnection> OpenOwnAsync(string root, CancellationToken cancellation)
    {
        var own = await Appliance.OpenAsync(root, new ApplianceOptions { Offline = true }, cancellation);
        return new ApplianceConnection(new ControlClient(root, ControlSocket.Private), own);
    }
}
