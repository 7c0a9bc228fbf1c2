namespace Backup.Metadata.Sqlite;

/// <summary>The catalogue in one SQLite file, for the appliance in one process. See <see cref="Schema"/> for its tables.</summary>
public sealed class SqliteMetadataStore : IMetadataStore
{
    private readonly SqliteDatabase _database;
    private readonly TimeProvider _time;

    private SqliteMetadataStore(SqliteDatabase database, TimeProvider time)
    {
        _database = database;
        _time = time;
        Access = new SqliteAccess(database, time);
        Credentials = new SqliteCredentials(database, time);
        Instances = new SqliteServerInstances(database, time);
        Deployments = new SqliteDeployments(database, time);
        Syncs = new SqliteSyncs(database, time);
        OplogSlices = new SqliteOplogSlices(database, time);
        Holds = new SqliteReadHolds(database, time);
        Heads = new SqliteHeads(database);
        Snapshots = new SqliteSnapshots(database);
        Jobs = new SqliteJobs(database, time);
        Settings = new SqliteSettings(database);
    }

    public IAccess Access { get; }

    public ICredentials Credentials { get; }

    public IServerInstances Instances { get; }

    public IDeployments Deployments { get; }

    public ISyncs Syncs { get; }

    public IOplogSlices OplogSlices { get; }

    public IReadHolds Holds { get; }

    public IHeads Heads { get; }

    public ISnapshots Snapshots { get; }

    public IJobs Jobs { get; }

    public ISettings Settings { get; }

    public long ChangeCount => _database.ChangeCount;

    /// <summary>Opens the database file, makes it (mode 0600) where it is missing, brings an older schema up to date.</summary>
    /// <param name="path">For example <c>DATA/metadata.db</c>.</param>
    /// <param name="time">The system's unless given.</param>
    /// <exception cref="Foundation.Errors.BackupException">6001 damaged, 6002 of a newer release, 6003 locked, 6004 not to be opened, 6006 not ours.</exception>
    public static Task<SqliteMetadataStore> OpenAsync(
        string path,
        TimeProvider? time = null,
        CancellationToken cancellation = default
    ) => Task.Run(() => new SqliteMetadataStore(SqliteDatabase.Open(path), time ?? TimeProvider.System), cancellation);

    public Task WaitForChangeAsync(long seen, TimeSpan atMost, CancellationToken cancellation = default) =>
        _database.WaitForChangeAsync(seen, atMost, _time, cancellation);

    public ValueTask DisposeAsync() => _database.DisposeAsync();
}
