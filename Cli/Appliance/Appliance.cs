using System.Net;
using Backup.AlertService;
using Backup.BackupHttpServer;
using Backup.BackupHttpServer.Certificates;
using Backup.Blockstore;
using Backup.Cli.Configuration;
using Backup.Cli.Control;
using Backup.Cli.Stores;
using Backup.Cli.Telemetry;
using Backup.Cli.Web;
using Backup.Daemon.DataFiles;
using Backup.Daemon.Pushes;
using Backup.Daemon.Serving;
using Backup.Daemon.Ssh;
using Backup.Metadata;
using Backup.WebUI;
using Backup.WebUI.Access;
using Microsoft.Extensions.Logging;

namespace Backup.Cli.Appliance;

/// <summary>
/// What people and agents talk to, on one data folder: stores, server for agents, control socket, front door; and, unless it is a server beside daemons,
/// the daemon, and the agent as a child. Opened offline it only reads, verifies and restores.
/// </summary>
internal sealed class Appliance : IAsyncDisposable
{
    private static readonly TimeSpan TokenLifetime = TimeSpan.FromMinutes(10);

    private readonly Stack<IAsyncDisposable> _parts = new();
    private readonly ILoggerFactory _loggers;
    private readonly LiveSettings _live;

    private Appliance(DataFolder folder, ILoggerFactory loggers, LiveSettings live)
    {
        Folder = folder;
        _loggers = loggers;
        _live = live;
    }

    internal DataFolder Folder { get; }

    internal ApplianceOperations Operations { get; private set; } = null!;

    internal RestoreOperations Restores { get; private set; } = null!;

    /// <summary>The catalogue of everything.</summary>
    internal IMetadataStore Metadata { get; private set; } = null!;

    /// <summary>What it serves to people and programs, whoever serves it.</summary>
    internal PublicApi Api { get; private set; } = null!;

    /// <summary>Where agents connect; null offline.</summary>
    internal Uri? AgentsAddress { get; private set; }

    /// <summary>The front door; null offline.</summary>
    internal Uri? HttpAddress { get; private set; }

    /// <summary>For the first run: whoever has it makes the first administrator. Null where there is a user.</summary>
    internal string? SetupToken { get; private set; }

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
        var live = new LiveSettings(options.Configuration);
        var collector = options.Offline ? null : OtlpOptions.Read(options.Configuration);
        var loggers = ApplianceLog.Create(folder, live, options.Verbose, ServiceOf(options.Role), collector);
        var appliance = new Appliance(folder, loggers, live);
        try
        {
            await appliance.StartAsync(options, collector, cancellation);
            return appliance;
        }
        catch
        {
            await appliance.DisposeAsync();
            throw;
        }
    }

    /// <summary>Reads the configuration file anew; what may change while it runs counts from then on, the rest is said in the log.</summary>
    internal void Reload() => _live.Reload(_loggers.CreateLogger(LiveSettings.LogName));

    public async ValueTask DisposeAsync()
    {
        while (_parts.TryPop(out var part))
        {
            await part.DisposeAsync();
        }

        _loggers.Dispose();
        Folder.Dispose();
    }

    /// <summary>As collectors of telemetry know it.</summary>
    private static string ServiceOf(ApplianceRole role) =>
        role == ApplianceRole.Server ? "backup-server" : "backup-appliance";

    private async Task StartAsync(ApplianceOptions options, OtlpOptions? collector, CancellationToken cancellation)
    {
        var time = TimeProvider.System;
        var settings = new ApplianceSettings(options.Configuration);
        var mongods = settings.Mongods(options.Mongods, time);
        var key = new CatalogueKey(Folder);
        var stores = Keep(
            await OpenedStores.OpenAsync(
                Folder,
                key,
                options.Configuration,
                options.Role == ApplianceRole.Server ? "backup server" : null,
                _loggers,
                time,
                cancellation
            )
        );
        var (metadata, encryption, objects) = (stores.Metadata, stores.Encryption, stores.Objects);
        Metadata = metadata;
        var backEnd = Keep(
            await BackEnd.StartAsync(
                stores,
                settings.Daemon(Folder, isAlone: !stores.Catalogue.IsShared),
                DaemonOf(options.Role, stores.Catalogue),
                cancellation
            )
        );
        var agents = new AgentOperations(metadata, time);
        var sources = new SourceOperations(metadata, agents, _live.Limits, time);
        var clusters = new ClusterOperations(metadata, time);
        Operations = new ApplianceOperations(metadata, objects, backEnd, agents, sources, time);
        Operations.Watch(() => key.Trouble);
        if (!options.Offline && await mongods.CheckAsync(cancellation) is { } unusable)
        {
            Operations.Watch(() => unusable);
        }

        var exports = Keep(
            new MetadataExports(
                metadata,
                StorePlaces.Exports(stores.Places, Folder),
                settings.MetadataExports,
                time,
                _loggers.CreateLogger("Backup.Metadata")
            )
        );
        if (!options.Offline)
        {
            exports.Start();
            Operations.Watch(() => exports.Trouble);
        }

        var restoreLog = _loggers.CreateLogger("Backup.Restore");
        Restores = new RestoreOperations(metadata, objects, backEnd, time, restoreLog);
        var clusterRestores = new ClusterRestoreOperations(metadata, objects, backEnd, Restores, time, restoreLog);
        await DataFilesService.RemoveLeftoversAsync(backEnd.Options, restoreLog, cancellation);
        var downloads = new DownloadSource(Restores, clusterRestores);
        var links = new LinkOperations(metadata, clusterRestores, downloads, time);
        var serving = new ServeOperations(
            metadata,
            Restores,
            clusterRestores,
            Keep(new ServeRegistry(time, _loggers.CreateLogger("Backup.Serve"), ServeRegistry.SpillOf(Folder.Spill))),
            time,
            token => CertificateAuthority.EnsureAsync(Folder.Tls, options.Names, time, token)
        );
        var tools = new SshTools(Folder.Secrets, time);
        var ssh = new SshOperations(metadata, Folder.Secrets, tools, time, box: key.Box);
        if (stores.Catalogue.IsShared)
        {
            await UnlockAsync(options, metadata, key, time, cancellation);
        }

        var server = options.Offline
            ? null
            : await ServeAgentsAsync(options, metadata, objects, backEnd, agents, downloads, links, time, cancellation);
        var audit = Keep(new TakeoutAudit(metadata, time, _loggers.CreateLogger("Backup.Audit")));
        var parts = new ApplianceParts(
            Operations,
            agents,
            new DeploymentOperations(metadata, time),
            Restores,
            clusterRestores,
            new PolicyOperations(metadata, Restores.Services, time),
            new KeepingOperations(metadata, Restores.Services, time),
            sources,
            new NamespaceOperations(metadata),
            new CredentialOperations(metadata, time),
            new MonitoringOperations(metadata, time),
            clusters,
            links,
            ssh,
            new PushOperations(metadata, Restores, clusterRestores, ssh, new PushService(tools, time), time),
            serving,
            new DocumentOperations(metadata, objects, backEnd, time, restoreLog),
            audit,
            new DataFilesOperations(
                metadata,
                clusterRestores,
                backEnd,
                new DataFilesService(mongods, time, restoreLog)
            ),
            new PeopleOperations(metadata, time),
            new SubjectOperations(metadata),
            new HoldingsOperations(metadata, Operations, Restores, clusterRestores, time),
            new KeyOperations(metadata, encryption, objects, exports, time)
        );
        var daemons = new DaemonDesk(metadata, backEnd, Operations, time);
        var self = new ApplianceDesk(backEnd, daemons, server, Folder, options, time);
        var reports = new ReportDesk(
            metadata,
            async token => new ReportSigner(
                Folder.Tls,
                await CertificateAuthority.EnsureAsync(Folder.Tls, options.Names, time, token),
                time
            )
        );
        var api = Keep(
            ServeApi(metadata, backEnd, parts, self, reports, daemons, exports, !stores.Catalogue.IsShared, time)
        );
        Api = api.Part;
        var socket = options.Offline ? ControlSocket.Private : ControlSocket.Running;
        Keep(
            await ControlServer.StartAsync(
                Folder,
                socket,
                parts,
                api.Part,
                new HostCallers(metadata, token => HostGroup.IdAsync(metadata, token)),
                _loggers.CreateLogger("Backup.Control"),
                cancellation
            )
        );
        if (collector is not null)
        {
            var log = _loggers.CreateLogger(OtlpExport.LogName);
            Keep(new OtlpExport(collector, ServiceOf(options.Role), api.Part.MetricsAsync, time, log));
        }

        if (server is not null)
        {
            await ServePeopleAsync(options, api.Part, parts, time, cancellation);
            var facts = new AlertFacts(
                () => StoreDisks.FoldersOf(Folder.Root, stores.Places),
                Operations,
                server,
                metadata.Settings
            );
            Keep(
                AlertHost.Start(
                    new AlertOptions { Link = HttpAddress },
                    metadata,
                    facts.ReadAsync,
                    parts.Ssh.Box,
                    time,
                    _loggers
                )
            );
        }
    }

    /// <summary>On a shared catalogue: with the key that all its servers have, and no other.</summary>
    private async Task UnlockAsync(
        ApplianceOptions options,
        IMetadataStore metadata,
        CatalogueKey key,
        TimeProvider time,
        CancellationToken cancellation
    )
    {
        if (options.Offline)
        {
            await key.UnlockWhereSharedAsync(metadata, cancellation);
            return;
        }

        await SharedIdentity.RequireAsync(metadata, Folder, options.Names, key.Box, time, cancellation);
        key.Unlock();
        // What an import from an older release brought along.
        await metadata.Deployments.SealUrisAsync(cancellation);
    }

    /// <summary>Where several processes share the catalogue, jobs are the daemons' alone: a command that looks at it takes none from them.</summary>
    private static DaemonKind DaemonOf(ApplianceRole role, CataloguePlace catalogue) =>
        role switch
        {
            ApplianceRole.Whole => DaemonKind.Whole,
            ApplianceRole.Offline when !catalogue.IsShared => DaemonKind.JobsOnly,
            _ => DaemonKind.None,
        };

    private DisposedLater<PublicApi> ServeApi(
        IMetadataStore metadata,
        BackEnd backEnd,
        ApplianceParts parts,
        ApplianceDesk self,
        ReportDesk reports,
        DaemonDesk daemons,
        MetadataExports exports,
        bool isAlone,
        TimeProvider time
    )
    {
        var restores = Keep(
            new RestoreTasks(
                metadata,
                new RestoreWorks(parts.Pushes, parts.ClusterRestores, parts.Audit),
                isAlone,
                time,
                _loggers.CreateLogger("Backup.Restore")
            )
        );
        return new DisposedLater<PublicApi>(
            new PublicApi(
                metadata,
                Desks.Of(
                    parts,
                    restores,
                    new StorageDesk(metadata, backEnd, parts.Operations, time),
                    new AlertDesk(metadata, parts.Ssh.Box, time),
                    self,
                    reports,
                    daemons,
                    exports
                ),
                parts.Ssh.Box,
                new PublicApiOptions { Statuses = Statuses.OfErrors },
                time,
                _loggers
            )
        );
    }

    private async Task ServePeopleAsync(
        ApplianceOptions options,
        PublicApi api,
        ApplianceParts parts,
        TimeProvider time,
        CancellationToken cancellation
    )
    {
        // Behind a loopback address nobody listens in, and a browser trusts it without a certificate.
        var authority = IPAddress.IsLoopback(options.HttpAddress)
            ? null
            : await CertificateAuthority.EnsureAsync(Folder.Tls, options.Names, time, cancellation);
        if (authority is not null)
        {
            Keep(new DisposedLater<CertificateAuthority>(authority));
        }

        var web = Keep(
            await PortInUse.TranslateAsync(
                options.HttpPort,
                "--http",
                () =>
                    WebUIHost.StartAsync(
                        new WebUIOptions
                        {
                            Port = options.HttpPort,
                            Address = options.HttpAddress,
                            Certificate = authority is null ? null : authority.ServerCertificate,
                            Names = options.Names,
                        },
                        api,
                        cancellation
                    )
            )
        );
        HttpAddress = web.Address;
        SetupToken = await parts.People.NewSetupTokenAsync(cancellation);
    }

    private async Task<BackupHttpServerHost> ServeAgentsAsync(
        ApplianceOptions options,
        IMetadataStore metadata,
        IObjectStore objects,
        BackEnd backEnd,
        AgentOperations agents,
        DownloadSource downloads,
        LinkOperations links,
        TimeProvider time,
        CancellationToken cancellation
    )
    {
        var disks = backEnd.Places.Any(static one => one.Folder is not null)
            ? StoreDisks.FoldersOf(Folder.Root, backEnd.Places)
            : [];
        var brake = new CopyBrake(disks, () => backEnd.IsOpen, time);
        Operations.Watch(() => brake.Trouble);
        var server = Keep(
            await PortInUse.TranslateAsync(
                options.AgentsPort,
                "--agents",
                () =>
                    BackupHttpServerHost.StartAsync(
                        new ApplianceSettings(options.Configuration).Server(Folder, options.AgentsPort, brake) with
                        {
                            Names = options.Names,
                            Downloads = downloads,
                            AgentLimits = _live.Limits,
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
        var address = new UriBuilder("https", name, server.EndPoint.Port).Uri;
        agents.Serve(server, address);
        links.Serve(server, address);
        if (options.Role != ApplianceRole.Whole)
        {
            return server;
        }

        var group = await HostGroup.IdAsync(metadata, cancellation);
        await ProtectAsync(options, metadata, group, time, cancellation);
        var agent = Keep(new AgentProcess(Folder, time, _loggers.CreateLogger("Backup.Agent")));
        agent.Run(
            AgentsAddress,
            token => Enrolment.CreateGroupTokenAsync(metadata, group, server.CaFingerprint, TokenLifetime, time, token)
        );
        return server;
    }

    /// <summary>Stores the deployments to protect; with none named and none known, starts the sandbox and protects that.</summary>
    private async Task ProtectAsync(
        ApplianceOptions options,
        IMetadataStore metadata,
        string groupId,
        TimeProvider time,
        CancellationToken cancellation
    )
    {
        var known = await metadata.Deployments.ListAsync(cancellation);
        var unopened = known.Where(one => DeploymentAddresses.Of(metadata, one).Trouble is not null).ToList();
        if (unopened.Count > 0 && options.Protect.Count > 0)
        {
            // Any of them may be what is to be protected: it would be copied a second time.
            var waits = CliErrors.ProtectWaits(unopened[0].Name);
            Operations.Watch(() => waits);
            return;
        }

        foreach (var uri in options.Protect)
        {
            await DeploymentNaming.EnsureAsync(metadata, groupId, uri, time.GetUtcNow(), cancellation);
        }

        if (options.Protect.Count == 0 && known.All(deployment => deployment.Name == SandboxSource.DeploymentName))
        {
            Sandbox = Keep(await SandboxSource.StartAsync(Folder, cancellation));
            await Sandbox.RegisterAsync(metadata, groupId, time.GetUtcNow(), cancellation);
        }
    }

    private sealed class DisposedLater<T>(T part) : IAsyncDisposable
        where T : IDisposable
    {
        public T Part => part;

        public ValueTask DisposeAsync()
        {
            part.Dispose();
            return ValueTask.CompletedTask;
        }
    }

    private T Keep<T>(T part)
        where T : IAsyncDisposable
    {
        _parts.Push(part);
        return part;
    }
}
