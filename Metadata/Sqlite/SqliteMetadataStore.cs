using Backup.Foundation.Errors;
using Backup.Metadata.Alerting;
using Backup.Metadata.Exports;
using Backup.Metadata.People;
using Backup.Metadata.Secrets;

namespace Backup.Metadata.Sqlite;

/// <summary>The catalogue in one SQLite file, for the appliance in one process. See <see cref="Schema"/> for its tables.</summary>
public sealed class SqliteMetadataStore : IMetadataStore
{
    private readonly SqliteDatabase _database;
    private readonly TimeProvider _time;
    private readonly ITransactions _transactions;
    private readonly UriSeal _uris;
    private readonly SqliteSweep _sweep;
    private readonly bool _isView;

    /// <param name="database">The file.</param>
    /// <param name="transactions">How its tables are reached: the file's own way, or one that asks for a lease.</param>
    /// <param name="uris">Seals and opens URIs of deployments.</param>
    /// <param name="time">The clock.</param>
    private SqliteMetadataStore(SqliteDatabase database, ITransactions transactions, UriSeal uris, TimeProvider time)
    {
        _database = database;
        _uris = uris;
        _transactions = transactions;
        _isView = transactions != database;
        _time = time;
        Access = new SqliteAccess(transactions, time);
        Credentials = new SqliteCredentials(transactions, time);
        People = new SqlitePeople(transactions);
        SshTargets = new SqliteSshTargets(transactions);
        _sweep = new SqliteSweep(database);
        GroupKeys = new SqliteGroupKeys(transactions, _sweep);
        Answers = new SqliteAnswers(transactions);
        Instances = new SqliteServerInstances(transactions, time);
        Monitoring = new SqliteMonitoring(transactions);
        Radar = new SqliteRadar(transactions, time);
        HostRequests = new SqliteHostRequests(transactions);
        AgentLogs = new SqliteAgentLogs(transactions);
        Deployments = new SqliteDeployments(transactions, uris, time);
        Clusters = new SqliteClusters(transactions, uris, time);
        Alerts = new SqliteAlerts(transactions, time);
        AlertRules = new SqliteAlertRules(transactions, time);
        AlertExcerpts = new SqliteAlertExcerpts(transactions);
        AlertChannels = new SqliteAlertChannels(transactions, time);
        Leases = new SqliteLeases(transactions, time);
        Daemons = new SqliteDaemons(transactions, time);
        HeadLeases = new SqliteHeadLeases(transactions, time);
        StoreSessions = new SqliteStoreSessions(transactions, time);
        GroupStores = new SqliteGroupStores(transactions, time);
        Syncs = new SqliteSyncs(transactions, time);
        PartialSyncs = new SqlitePartialSyncs(transactions);
        OplogSlices = new SqliteOplogSlices(transactions, time);
        Holds = new SqliteReadHolds(transactions, time);
        Heads = new SqliteHeads(transactions);
        Snapshots = new SqliteSnapshots(transactions, time);
        Jobs = new SqliteJobs(transactions, time);
        Links = new SqliteDownloadLinks(transactions);
        Audit = new SqliteAudit(transactions);
        Settings = new SqliteSettings(transactions);
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

    public long ChangeCount => _database.ChangeCount;

    /// <summary>
    /// Opens the database file, makes it (mode 0600) where it is missing, brings an older schema up to date, and seals URIs that are not sealed yet. No copy of one stays
    /// in its files.
    /// </summary>
    /// <param name="path">For example <c>DATA/metadata.db</c>.</param>
    /// <param name="time">The system's unless given.</param>
    /// <param name="uris">Seals and opens URIs of deployments; unless given they stand as they are given.</param>
    /// <param name="cancellation">Gives up before it is begun.</param>
    /// <exception cref="BackupException">6001 damaged, 6002 of a newer release, 6003 locked, 6004 not to be opened, 6006 not ours.</exception>
    public static async Task<SqliteMetadataStore> OpenAsync(
        string path,
        TimeProvider? time = null,
        UriSeal? uris = null,
        CancellationToken cancellation = default
    )
    {
        var database = await Task.Run(() => SqliteDatabase.Open(path), cancellation);
        var store = new SqliteMetadataStore(database, database, uris ?? UriSeal.AsGiven, time ?? TimeProvider.System);
        try
        {
            if (store._uris.CanSeal)
            {
                await store.SealAsync();
            }

            return store;
        }
        catch
        {
            await store.DisposeAsync();
            throw;
        }
    }

    /// <summary>Where the key cannot be used nothing is sealed until the next opening: that keeps nobody from backing up and restoring.</summary>
    private async Task SealAsync()
    {
        try
        {
            await Deployments.SealUrisAsync(CancellationToken.None);
        }
        catch (BackupException failure) when (failure.Number == FoundationErrors.BadSecretKey)
        {
            // Whoever has the key says so.
            return;
        }

        await _sweep.TryRunAsync(CancellationToken.None);
    }

    /// <summary>One process alone has the file.</summary>
    public Task<bool> UpgradeWaitsAsync(CancellationToken cancellation = default) => Task.FromResult(false);

    public Task<int> FinishUpgradeAsync(CancellationToken cancellation = default) =>
        Deployments.SealUrisAsync(cancellation);

    public Task<Glance> GlanceAsync(CancellationToken cancellation = default) =>
        _transactions.ReadAsync(session => SqliteGlance.Read(session, _time), cancellation);

    public Task<IReadOnlyList<ManifestReference>> ManifestsAsync(CancellationToken cancellation = default) =>
        _transactions.ReadAsync(session => SqliteManifests.Read(session, _time), cancellation);

    public Task<MetadataExport> ExportAsync(string path, CancellationToken cancellation = default) =>
        _database.ReadTogetherAsync(
            connection =>
            {
                using var writer = new ExportWriter(path, Schema.Version, _time.GetUtcNow());
                SqliteExport.Read(connection, writer, cancellation);
                return writer.Publish();
            },
            cancellation
        );

    public IMetadataStore Under(LeaseProof proof) => Under(session => SqliteLeases.Require(session, proof));

    public IMetadataStore Under(HeadProof proof) => Under(session => SqliteHeadLeases.Require(session, proof));

    public Task WaitForChangeAsync(long seen, TimeSpan atMost, CancellationToken cancellation = default) =>
        _database.WaitForChangeAsync(seen, atMost, _time, cancellation);

    private SqliteMetadataStore Under(Action<Session> require) =>
        new(_database, new FencedTransactions(_database, require), _uris, _time);

    public ValueTask DisposeAsync() => _isView ? ValueTask.CompletedTask : _database.DisposeAsync();
}
