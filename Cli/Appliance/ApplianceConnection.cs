using Backup.Cli.Api;
using Backup.Cli.Configuration;
using Backup.Cli.Control;
using Backup.Cli.Stores;

namespace Backup.Cli.Appliance;

/// <summary>
/// How a command reaches the appliance of a data folder: through the control socket of the process that holds it, or, where none does, by
/// opening the folder itself: a restore must not need a running service. An appliance on another host is reached by its web interface.
/// </summary>
internal sealed class ApplianceConnection : IAsyncDisposable
{
    private readonly Appliance? _own;
    private readonly ControlClient? _client;
    private readonly HttpClient? _http;

    private ApplianceConnection(ControlClient client, Appliance? own)
    {
        (_client, _own) = (client, own);
        Api = client.Api;
    }

    private ApplianceConnection(RemoteAddress remote)
    {
        _http = remote.Connect();
        Host = remote.Address.Host;
        Api = new ApiClient(_http);
    }

    /// <summary>The public API of the appliance.</summary>
    internal ApiClient Api { get; }

    /// <summary>What is of this host alone.</summary>
    /// <exception cref="Foundation.Errors.BackupException">9602 the appliance is on another one.</exception>
    internal ControlClient Client => _client ?? throw CliErrors.OnThatHost(_http!.BaseAddress!);

    /// <summary>The name of the other host that the appliance is on; null on its own.</summary>
    internal string? Host { get; }

    /// <summary>Whether an appliance runs (and so follows the source).</summary>
    internal bool IsRunning => _own is null;

    /// <param name="choice">Which one.</param>
    /// <param name="needsRunning">Refuse with 9505 where no appliance runs.</param>
    /// <param name="cancellation">Gives up.</param>
    internal static async Task<ApplianceConnection> OpenAsync(
        ApplianceChoice choice,
        bool needsRunning,
        CancellationToken cancellation
    )
    {
        if (choice.Remote() is { } remote)
        {
            return new ApplianceConnection(remote);
        }

        var configuration = ApplianceConfiguration.Load(option: null);
        var root = DataFolder.Resolve(choice.Data, configuration);
        if (!DataFolder.IsHeld(root))
        {
            if (!DataFolder.HoldsAppliance(root) && !CataloguePlace.Read(configuration).IsShared)
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
        _client?.Dispose();
        _http?.Dispose();
        if (_own is not null)
        {
            await _own.DisposeAsync();
        }
    }

    private static async Task<ApplianceConnection> OpenOwnAsync(string root, CancellationToken cancellation)
    {
        var own = await Appliance.OpenAsync(
            root,
            new ApplianceOptions
            {
                Configuration = ApplianceConfiguration.Load(option: null),
                Role = ApplianceRole.Offline,
            },
            cancellation
        );
        return new ApplianceConnection(new ControlClient(root, ControlSocket.Private), own);
    }
}
