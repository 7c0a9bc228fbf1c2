using Backup.BackupHttpServer;
using Backup.Blockstore;
using Backup.Blockstore.Files;
using Backup.Cli.Control;
using Backup.Foundation.Files;
using Backup.Metadata;
using Backup.Metadata.Sqlite;
using Microsoft.Extensions.Logging;

namespace Backup.Cli.Appliance;

/// <summary>
/// Everything in one process on one data folder: stores, server for agents, daemon, control socket, front door, and the agent as a
/// child. Opened offline it only reads, verifies and restores.
/// </summary>
internal sealed class Appliance : IAsyncDisposable
{
    private static readonly TimeSpan TokenLifetime = TimeSpan.FromMinutes(10);

    private readonly Stack<IAsyncDisposable> _parts = new();
    private readonly ILoggerFactory _loggers;

    private Appliance(DataFolder folder, ILoggerFactory loggers)
    {
        Folder = folder;
        _loggers = loggers;
    }

    internal DataFolder Folder { get; }

    internal ApplianceOperations Operations { get; private set; } = null!;

    internal RestoreOperations Restores { get; private set; } = null!;

    /// <summary>Where agents connect; null offline.</summary>
    internal Uri? AgentsAddress { get; private set; }

    /// <summary>The front door; null offline.</summary>
    internal Uri? HttpAddress { get; private set; }

    /// <summary>The sandbox, where nothing of the user's is protected.</summary>
    internal SandboxSource? Sandbox { get; private set; }

    /// <summary>Opens the folder and starts what belongs to it; on failure everything that was started is stopped again.</summary>
    internal static async Task<Appliance> OpenAsync(
        string root,
        ApplianceOptions options,
        CancellationToken cancellation
    )
    {
        var folder = await DataFolder.OpenAsync(root, cancellation);
        var loggers = ApplianceLog.Create(folder, options.Verbose);
        var appliance = new Appliance(folder, loggers);
        try
        {
            await appliance.StartAsync(options, cancellation);
            return appliance;
        }
        catch
        {
            await appliance.DisposeAsync();
            throw;
        }
    }

    public async ValueTask DisposeAsync()
    {
        while (_parts.TryPop(out var part))
        {
            await part.DisposeAsync();
        }

        _loggers.Dispose();
        Folder.Dispose();
    }

    private async Task StartAsync(ApplianceOptions options, CancellationToken cancellation)
    {
        var time = TimeProvider.System;
        var metadata = Keep(await SqliteMetadataStore.OpenAsync(Folder.Metadata, time, cancellation));
        DurableFile.CreateFolder(Folder.Blocks);
        DurableFile.CreateFolder(Folder.Slices);
        var objects = new FileObjectStore(Folder.Slices);
        var backEnd = Keep(
            await BackEnd.StartAsync(
                Folder,
                metadata,
                objects,
                keepsHeads: !options.Offline,
                time,
                _loggers,
                cancellation
            )
        );
        var agents = new AgentOperations(metadata, time);
        var sources = new SourceOperations(metadata, agents, ApplianceSettings.Limits(), time);
        Operations = new ApplianceOperations(metadata, objects, backEnd, agents, sources, time);
        Restores = new RestoreOperations(metadata, objects, backEnd, time, _loggers.CreateLogger("Backup.Restore"));
        if (!options.Offline)
        {
            await ServeAsync(options, metadata, objects, backEnd, agents, time, cancellation);
        }

        var socket = options.Offline ? ControlSocket.Private : ControlSocket.Running;
        Keep(
            await ControlServer.StartAsync(
                Folder,
                socket,
                new ApplianceParts(
                    Operations,
                    agents,
                    new DeploymentOperations(metadata, time),
                    Restores,
                    new PolicyOperations(metadata, time),
                    sources,
                    new NamespaceOperations(metadata),
                    new CredentialOperations(metadata, time),
                    new MonitoringOperations(metadata, time)
                ),
                _loggers.CreateLogger("Backup.Control"),
                cancellation
            )
        );
    }

    private async Task ServeAsync(
        ApplianceOptions options,
        IMetadataStore metadata,
        IObjectStore objects,
        BackEnd backEnd,
        AgentOperations agents,
        TimeProvider time,
        CancellationToken cancellation
    )
    {
        var brake = new CopyBrake(Folder.Root, () => backEnd.Daemon is not null, time);
        Operations.Watch(() => brake.Trouble);
        var server = Keep(
            await PortInUse.TranslateAsync(
                options.AgentsPort,
                "--agents",
                () =>
                    BackupHttpServerHost.StartAsync(
                        ApplianceSettings.Server(Folder, options.AgentsPort, brake) with
                        {
                            Names = options.Names,
                        },
                        metadata,
                        objects,
                        time,
                        _loggers,
                        cancellation
                    )
            )
        );
        Operations.Watch(() => server.Trouble);
        AgentsAddress = new Uri($"https://localhost:{server.EndPoint.Port}");
        var name = options.Names.Count > 0 ? options.Names[0] : System.Net.Dns.GetHostName();
        agents.Serve(server, new UriBuilder("https", name, server.EndPoint.Port).Uri);
        var frontDoor = Keep(
            await PortInUse.TranslateAsync(
                options.HttpPort,
                "--http",
                () => FrontDoor.StartAsync(options.HttpPort, Operations, cancellation)
            )
        );
        HttpAddress = frontDoor.Address;
        var group = await metadata.Access.EnsureGroupAsync(AgentOperations.GroupName, cancellation);
        await ProtectAsync(options, metadata, group, time, cancellation);
        var agent = Keep(new AgentProcess(Folder, time, _loggers.CreateLogger("Backup.Agent")));
        if (!agent.IsEnrolled)
        {
            var token = await Enrolment.CreateTokenAsync(
                metadata,
                group.Name,
                server.CaFingerprint,
                TokenLifetime,
                time,
                cancellation
            );
            await agent.EnrolAsync(AgentsAddress, token, cancellation);
        }

        agent.Run(AgentsAddress);
    }

    /// <summary>Stores the deployments to protect; with none named and none known, starts the sandbox and protects that.</summary>
    private async Task ProtectAsync(
        ApplianceOptions options,
        IMetadataStore metadata,
        Group group,
        TimeProvider time,
        CancellationToken cancellation
    )
    {
        var known = await metadata.Deployments.ListAsync(cancellation);
        foreach (var uri in options.Protect)
        {
            await DeploymentNaming.EnsureAsync(metadata, group.Id, uri, time.GetUtcNow(), cancellation);
        }

        if (options.Protect.Count == 0 && known.All(deployment => deployment.Name == SandboxSource.DeploymentName))
        {
            Sandbox = Keep(await SandboxSource.StartAsync(Folder, cancellation));
            await Sandbox.RegisterAsync(metadata, group.Id, time.GetUtcNow(), cancellation);
        }
    }

    private T Keep<T>(T part)
        where T : IAsyncDisposable
    {
        _parts.Push(part);
        return part;
    }
}
