using System.Text.RegularExpressions;
using Backup.Foundation.Errors;
using Backup.Metadata.Alerting;
using Backup.Metadata.Exports;
using Backup.Metadata.Mongo.Exports;
using Backup.Metadata.Mongo.Stores;
using Backup.Metadata.Mongo.Transactions;
using Backup.Metadata.People;
using Backup.MongoWire;
using Backup.MongoWire.Client;
using Backup.MongoWire.Uri;

namespace Backup.Metadata.Mongo;

/// <summary>
/// The catalogue in a database of a MongoDB replica set (4.2 or later; of a sharded cluster, too, where nobody shards its collections), which several
/// front-ends and daemons share. See <see cref="MongoSchema"/> for its collections.
/// </summary>
public sealed partial class MongoMetadataStore : IMetadataStore
{
    /// <summary>The version of the protocol that MongoDB 4.2 speaks.</summary>
    private const int OldestWireVersion = 8;

    private readonly MongoDatabase _database;
    private readonly MongoMetadataOptions _options;
    private readonly ITransactions _transactions;
    private readonly bool _isView;

    /// <param name="database">The database.</param>
    /// <param name="transactions">How its collections are reached: the database's own way, or one that asks for a lease.</param>
    /// <param name="options">The clock above all.</param>
    private MongoMetadataStore(MongoDatabase database, ITransactions transactions, MongoMetadataOptions options)
    {
        _database = database;
        _options = options;
        _isView = transactions != database;
        _transactions = transactions;
        var time = options.Time;
        Access = new MongoAccess(transactions, time);
        Credentials = new MongoCredentials(transactions, time);
        People = new MongoPeople(transactions);
        SshTargets = new MongoSshTargets(transactions);
        GroupKeys = new MongoGroupKeys(transactions);
        Answers = new MongoAnswers(transactions);
        Instances = new MongoServerInstances(transactions, time);
        Monitoring = new MongoMonitoring(transactions);
        Radar = new MongoRadar(transactions, time);
        HostRequests = new MongoHostRequests(transactions);
        AgentLogs = new MongoAgentLogs(transactions);
        Deployments = new MongoDeployments(transactions, options.Uris, time);
        Leases = new MongoLeases(transactions, time);
        Daemons = new MongoDaemons(transactions, time);
        HeadLeases = new MongoHeadLeases(transactions, time);
        StoreSessions = new MongoStoreSessions(transactions, time);
        GroupStores = new MongoGroupStores(transactions, time);
        Clusters = new MongoClusters(transactions, options.Uris, time);
        Alerts = new MongoAlerts(transactions, time);
        AlertRules = new MongoAlertRules(transactions, time);
        AlertExcerpts = new MongoAlertExcerpts(transactions);
        AlertChannels = new MongoAlertChannels(transactions, time);
        Syncs = new MongoSyncs(transactions, time);
        PartialSyncs = new MongoPartialSyncs(transactions);
        OplogSlices = new MongoOplogSlices(transactions, time);
        Heads = new MongoHeads(transactions);
        Snapshots = new MongoSnapshots(transactions, time);
        Jobs = new MongoJobs(transactions, time);
        Holds = new MongoReadHolds(transactions, time);
        Links = new MongoDownloadLinks(transactions);
        Audit = new MongoAudit(transactions);
        Settings = new MongoSettings(transactions);
    }

    public IAccess Access { get; }

    public ICredentials Credentials { get; }

    public IPeople People { get; }

    public ISshTargets SshTargets { get; }

    public IGroupKeys GroupKeys { get; }

    public IAnswers Answers { get; }

    public IServerInstances Instances { get; }

    public IMonitoring Monitoring { get; }

    public IRadar Radar { get; }

    public IHostRequests HostRequests { get; }

    public IAgentLogs AgentLogs { get; }

    public IDeployments Deployments { get; }

    public IClusters Clusters { get; }

    public IAlerts Alerts { get; }

    public IAlertRules AlertRules { get; }

    public IAlertExcerpts AlertExcerpts { get; }

    public IAlertChannels AlertChannels { get; }

    public ILeases Leases { get; }

    public IDaemons Daemons { get; }

    public IHeadLeases HeadLeases { get; }

    public IStoreSessions StoreSessions { get; }

    public IGroupStores GroupStores { get; }

    public ISyncs Syncs { get; }

    public IPartialSyncs PartialSyncs { get; }

    public IOplogSlices OplogSlices { get; }

    public IReadHolds Holds { get; }

    public IHeads Heads { get; }

    public ISnapshots Snapshots { get; }

    public IJobs Jobs { get; }

    public IDownloadLinks Links { get; }

    public IAudit Audit { get; }

    public ISettings Settings { get; }

    public long ChangeCount => _database.Changes.Count;

    /// <summary>Opens the database, makes its collections where they are missing, brings an older schema up to date.</summary>
    /// <param name="connectionString">mongodb:// or mongodb+srv://, with the password.</param>
    /// <param name="database">1 to 63 letters, digits, <c>_</c> and <c>-</c>.</param>
    /// <param name="options">The defaults unless given.</param>
    /// <param name="cancellation">Gives up; what was made by then stays, and is no harm.</param>
    /// <exception cref="BackupException">
    /// 2100, 2101 of the connection string; 6002 of a newer release, 6006 not ours, 6300 not reached, 6301 no rights, 6302 refused, 6305 no
    /// transactions there, 6306 another process brings the schema up to date, 6307 the name.
    /// </exception>
    public static async Task<MongoMetadataStore> OpenAsync(
        string connectionString,
        string database,
        MongoMetadataOptions? options = null,
        CancellationToken cancellation = default
    )
    {
        options ??= new MongoMetadataOptions();
        var opened = await ConnectAsync(connectionString, database, options, cancellation);
        try
        {
            await new MongoOpening(opened, options, cancellation).PrepareAsync();
            await opened.Changes.StartAsync(cancellation);
            return new MongoMetadataStore(opened, opened, options);
        }
        catch
        {
            await opened.DisposeAsync();
            throw;
        }
    }

    /// <summary>Fills the database with an imported catalogue; one that is there goes with it. Until it is whole nobody opens it: killed before, it is run again.</summary>
    /// <param name="connectionString">As of <see cref="OpenAsync"/>.</param>
    /// <param name="database">As of <see cref="OpenAsync"/>.</param>
    /// <param name="import">The catalogue.</param>
    /// <param name="replace">Also where there is a catalogue that is not empty, or one whose import was broken off.</param>
    /// <param name="options">The defaults unless given.</param>
    /// <param name="cancellation">What is there is not whole then, once it was begun.</param>
    /// <exception cref="BackupException">6335 where there is a catalogue, 6336 where other processes work on it; those of <see cref="OpenAsync"/>.</exception>
    public static async Task ImportAsync(
        string connectionString,
        string database,
        StagedImport import,
        bool replace,
        MongoMetadataOptions? options = null,
        CancellationToken cancellation = default
    )
    {
        options ??= new MongoMetadataOptions();
        await using var opened = await ConnectAsync(connectionString, database, options, cancellation);
        await new MongoOpening(opened, options, cancellation).PrepareAsync(isImport: true);
        await import.CloseAsync();
        try
        {
            await new MongoImport(opened, options, cancellation).RunAsync(import.Path, replace);
        }
        catch (BackupException failure) when (MongoFailures.IsForeign(failure))
        {
            throw MongoFailures.Translate(database, failure);
        }
    }

    public Task<Glance> GlanceAsync(CancellationToken cancellation = default) =>
        _transactions.ReadTogetherAsync(session => MongoGlance.ReadAsync(session, _options.Time), cancellation);

    public Task<IReadOnlyList<ManifestReference>> ManifestsAsync(CancellationToken cancellation = default) =>
        _transactions.ReadTogetherAsync(session => MongoManifests.ReadAsync(session, _options.Time), cancellation);

    public Task<MetadataExport> ExportAsync(string path, CancellationToken cancellation = default) =>
        _transactions.ReadTogetherAsync(
            async session =>
            {
                // Where the transaction is begun anew, so is the file.
                using var writer = new ExportWriter(path, Sqlite.Schema.Version, _options.Time.GetUtcNow());
                await MongoExport.ReadAsync(session, writer);
                return writer.Publish();
            },
            cancellation
        );

    public Task<bool> UpgradeWaitsAsync(CancellationToken cancellation = default) =>
        _transactions.ReadAsync(static async session => !await MongoUpgrade.IsFinishedAsync(session), cancellation);

    public Task<int> FinishUpgradeAsync(CancellationToken cancellation = default) =>
        _transactions.WriteAsync(
            session => MongoUpgrade.FinishAsync(session, _options.Uris, _options.Time),
            cancellation
        );

    public IMetadataStore Under(LeaseProof proof) =>
        Under(MongoLeases.LaneOf(proof.DeploymentId), session => MongoLeases.RequireAsync(session, proof));

    public IMetadataStore Under(HeadProof proof) =>
        Under(MongoHeadLeases.LaneOf(proof.ReplicaSetId), session => MongoHeadLeases.RequireAsync(session, proof));

    public Task WaitForChangeAsync(long seen, TimeSpan atMost, CancellationToken cancellation = default) =>
        _database.Changes.WaitAsync(seen, atMost, _options.Time, cancellation);

    public ValueTask DisposeAsync() => _isView ? ValueTask.CompletedTask : _database.DisposeAsync();

    private static async Task<MongoDatabase> ConnectAsync(
        string connectionString,
        string database,
        MongoMetadataOptions options,
        CancellationToken cancellation
    )
    {
        if (!DatabaseNames().IsMatch(database) || database is "admin" or "config" or "local")
        {
            throw MetadataErrors.DatabaseName(database);
        }

        try
        {
            var client = await MongoClient.OpenAsync(
                ConnectionString.Parse(connectionString),
                new MongoClientOptions
                {
                    ApplicationName = "backup metadata",
                    RequireReplicaSet = true,
                    MinWireVersion = OldestWireVersion,
                    ServerSelectionTimeout = options.SelectionTimeout,
                    ReadTimeout = TimeSpan.FromMinutes(1),
                    Time = options.Clock,
                },
                cancellation
            );
            return new MongoDatabase(client, database, options);
        }
        catch (BackupException failure) when (failure.Number == MongoWireErrors.SrvFailed)
        {
            throw MongoFailures.Translate(database, failure);
        }
    }

    private MongoMetadataStore Under(string lane, Func<MongoSession, Task> require) =>
        new(_database, new FencedTransactions(_database, lane, require), _options);

    [GeneratedRegex("^[A-Za-z0-9_-]{1,63}$", RegexOptions.NonBacktracking)]
    private static partial Regex DatabaseNames();
}
