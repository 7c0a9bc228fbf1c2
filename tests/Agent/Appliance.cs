using Backup.Agent.Configuration;
using Backup.Agent.Server;
using Backup.Agent.Work;
using Backup.BackupHttpServer;
using Backup.Blockstore;
using Backup.Foundation.Compression;
using Backup.Foundation.Contracts;
using Backup.Metadata;
using Backup.Metadata.Sqlite;
using Backup.MongoWire.Bson;
using Backup.Sandbox;
using Backup.Tests.Support;
using Microsoft.Extensions.Logging.Abstractions;

namespace Backup.Tests.Agent;

/// <summary>A sandbox, a server over real TLS sockets and an enrolled agent, all in this process.</summary>
internal sealed class Appliance : IAsyncDisposable
{
    private readonly TemporaryFolder _folder = new();
    private CancellationTokenSource _stop = new();
    private Task _agent = Task.CompletedTask;

    public SandboxReplicaSet Source { get; private set; } = null!;

    public SqliteMetadataStore Metadata { get; private set; } = null!;

    public MemoryObjectStore Objects { get; } = new();

    /// <summary>What lies between server and objects.</summary>
    public TestObjectStore Store { get; private set; } = null!;

    public BackupHttpServerHost Server { get; private set; } = null!;

    /// <summary>Those of the server.</summary>
    public BackupHttpServerOptions Options { get; private set; } = null!;

    public AgentIdentity Identity { get; set; } = null!;

    public StringWriter Log { get; } = new SharedText();

    public System.Uri Address => new($"https://localhost:{Server.EndPoint.Port}");

    /// <summary>A folder of this appliance's own, removed with it.</summary>
    public string Folder(string name) => _folder.File(name);

    public static async Task<Appliance> StartAsync(
        SandboxOptions? source = null,
        Func<BackupHttpServerOptions, BackupHttpServerOptions>? with = null
    )
    {
        var made = new Appliance { Source = await SandboxReplicaSet.StartAsync(source) };
        made.Store = new TestObjectStore(made.Objects);
        made.Metadata = await SqliteMetadataStore.OpenAsync(made._folder.File("metadata.db"));
        var options = new BackupHttpServerOptions
        {
            CertificateFolder = made._folder.File("certificates"),
            Port = 0,
            AgentLimits = static () => new AgentLimits(HeartbeatSeconds: 1, PollSeconds: 1),
        };
        made.Options = with?.Invoke(options) ?? options;
        made.Server = await BackupHttpServerHost.StartAsync(
            made.Options,
            made.Metadata,
            made.Store,
            TimeProvider.System,
            NullLoggerFactory.Instance
        );
        made.Identity = await made.EnrolAsync();
        return made;
    }

    /// <summary>Makes a further agent known.</summary>
    public async Task<AgentIdentity> EnrolAsync()
    {
        var token = await Enrolment.CreateTokenAsync(
            Metadata,
            "default",
            Server.CaFingerprint,
            TimeSpan.FromMinutes(5),
            TimeProvider.System
        );
        return await Enroller.EnrolAsync(Address, token, "test", default);
    }

    public async Task ProtectAsync(string uri)
    {
        var group = await Metadata.Access.EnsureGroupAsync("default");
        _ = await Metadata.Deployments.EnsureAsync(
            new Deployment("d1", group.Id, "shop", "replicaSet", uri, TimeProvider.System.GetUtcNow())
        );
    }

    public void StartAgent()
    {
        _stop = new CancellationTokenSource();
        _agent = RunAgentAsync(Identity, _stop.Token);
    }

    /// <summary>An agent in this process, until it is cancelled.</summary>
    public Task RunAgentAsync(AgentIdentity identity, CancellationToken cancellation) =>
        Task.Run(
            async () =>
            {
                using var server = new ServerClient(identity, TimeProvider.System);
                var log = new AgentLog(Log, json: false, TimeProvider.System);
                await new AgentService(server, log, TimeProvider.System, "test").RunAsync(cancellation);
            },
            CancellationToken.None
        );

    public async Task StopAgentAsync()
    {
        await _stop.CancelAsync();
        await _agent;
    }

    /// <summary>Asks again until the answer is there.</summary>
    public async Task<T> UntilAsync<T>(Func<Task<T?>> ask, string what)
        where T : class
    {
        for (var tries = 0; tries < 1200; tries++)
        {
            if (await ask() is { } answer)
            {
                return answer;
            }

            await Task.Delay(50);
        }

        throw new TimeoutException($"{what}\n{Log}");
    }

    public Task<ReplicaSetRecord> ReplicaSetAsync(Func<ReplicaSetRecord, bool> wanted) =>
        UntilAsync(
            async () => (await Metadata.Deployments.ReplicaSetsAsync()).FirstOrDefault(wanted),
            "the replica set does not get there"
        );

    /// <summary>The raw bytes of a stored slice.</summary>
    public async Task<byte[]> RawAsync(string objectName, int rawLength)
    {
        using var stored = await Objects.GetAsync(objectName);
        var raw = new byte[rawLength];
        Zstd.Decompress(stored.Memory.Span, raw);
        return raw;
    }

    public static BsonDocument Document(int id, int size = 10) =>
        BsonDocument.Build(w => w.Int32("_id"u8, id).Binary("filler"u8, new byte[size]));

    public async ValueTask DisposeAsync()
    {
        await StopAgentAsync();
        await Server.StopAsync();
        await Server.DisposeAsync();
        await Metadata.DisposeAsync();
        await Source.DisposeAsync();
        _folder.Dispose();
    }

    /// <summary>Read by the test while the agent writes lines to it.</summary>
    private sealed class SharedText : StringWriter
    {
        private readonly Lock _lock = new();

        public override void WriteLine(string? value)
        {
            lock (_lock)
            {
                base.WriteLine(value);
            }
        }

        public override string ToString()
        {
            lock (_lock)
            {
                return base.ToString();
            }
        }
    }
}
