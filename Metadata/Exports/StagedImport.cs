using Backup.Foundation.Errors;
using Backup.Foundation.Files;
using Backup.Metadata.Secrets;
using Backup.Metadata.Sqlite;

namespace Backup.Metadata.Exports;

/// <summary>
/// A catalogue that was made of an export, in a file of its own beside the one in use: it can be looked at and mended before it takes the place of another one.
/// Disposed before that, it is gone. Used by one caller at a time.
/// </summary>
/// <remarks>
/// What the processes of the exported catalogue held is given back: jobs that ran are queued; leases of agents and heads are nobody's, with fencing numbers far above those
/// that were granted since; who is logged in, links, invitations and tokens of enrolment are ended, since they may have been used or ended since.
/// </remarks>
public sealed class StagedImport : IAsyncDisposable
{
    /// <summary>More than leases are granted from one export to the next.</summary>
    private const long FenceLeap = 1_000_000;

    private const string Given = """
        UPDATE jobs SET state = 0, owner = NULL, lease_until = NULL WHERE state = 1;
        UPDATE agent_leases SET agent_id = NULL, fence = fence + @leap;
        UPDATE head_leases SET daemon_id = NULL, fence = fence + @leap;
        UPDATE daemons SET stopped_at = coalesce(stopped_at, @now);
        UPDATE alert_deliveries SET owner = NULL, taken_until = NULL;
        DELETE FROM alert_watch;
        DELETE FROM server_instances;
        DELETE FROM read_holds WHERE substr(id, 1, length(@burst)) <> @burst;
        DELETE FROM api_answers WHERE status IS NULL;
        DELETE FROM sessions;
        UPDATE tokens SET used = 1;
        UPDATE invitations SET ended_at = coalesce(ended_at, @now);
        UPDATE download_links SET revoked_at = coalesce(revoked_at, @now);
        """;

    private readonly TimeProvider _time;
    private readonly UriSeal? _uris;
    private SqliteMetadataStore? _store;

    private StagedImport(string path, MetadataExport export, UriSeal? uris, TimeProvider time)
    {
        (Path, Export, _uris, _time) = (path, export, uris, time);
    }

    /// <summary>What the export says of itself.</summary>
    public MetadataExport Export { get; }

    /// <summary>The file of the catalogue to be.</summary>
    internal string Path { get; }

    /// <summary>Makes the catalogue of an export.</summary>
    /// <param name="export">The file of the export.</param>
    /// <param name="path">The file that the catalogue is made in: for an import into a file in the same folder, since it is renamed. What is there is gone.</param>
    /// <param name="time">The clock.</param>
    /// <param name="uris">Seals what the export has unsealed; unless given, or while it is locked, it stays so.</param>
    /// <param name="cancellation">Nothing is left then.</param>
    /// <exception cref="BackupException">6330 to 6334 of the export; 1003 where the disk is full.</exception>
    public static async Task<StagedImport> CreateAsync(
        string export,
        string path,
        TimeProvider time,
        UriSeal? uris = null,
        CancellationToken cancellation = default
    )
    {
        path = System.IO.Path.GetFullPath(path) + DurableFile.TemporarySuffix;
        DurableFile.CreateFolder(System.IO.Path.GetDirectoryName(path)!);
        Remove(path);
        var about = await Task.Run(() => Make(export, path, time, cancellation), cancellation);
        return new StagedImport(path, about, uris, time);
    }

    /// <summary>The catalogue, to look at and to mend; until it is installed.</summary>
    public async Task<IMetadataStore> OpenAsync(CancellationToken cancellation = default) =>
        _store ??= await SqliteMetadataStore.OpenAsync(Path, _time, _uris, cancellation);

    /// <summary>Keys that were destroyed where the import goes stay destroyed, whatever the export has of them.</summary>
    public async Task DestroyKeysAsync(
        IReadOnlyList<DestroyedKeyRecord> destroyed,
        CancellationToken cancellation = default
    )
    {
        var store = await OpenAsync(cancellation);
        var ids = destroyed.Select(static one => one.Id).ToHashSet(StringComparer.Ordinal);
        var alive = (await store.GroupKeys.ListAsync(cancellation)).Where(one => ids.Contains(one.Id));
        foreach (var group in alive.Select(static one => one.GroupId).Distinct(StringComparer.Ordinal))
        {
            await store.GroupKeys.DestroyAsync(group, _time.GetUtcNow(), cancellation);
        }
    }

    /// <summary>Puts the catalogue into the place of the file <paramref name="target"/>, in one step: killed at any moment, the one or the other is there.</summary>
    /// <param name="target">For example <c>DATA/metadata.db</c>; no process has it open.</param>
    /// <param name="replace">Also where there is a catalogue that is not empty: a copy of it stays as <c>metadata.db.replaced</c>.</param>
    /// <param name="cancellation">Nothing was changed then.</param>
    /// <returns>The copy of what was there; null where nothing was.</returns>
    /// <exception cref="BackupException">6335 where there is one.</exception>
    public async Task<string?> InstallAsync(string target, bool replace, CancellationToken cancellation = default)
    {
        await CloseAsync();
        return await Task.Run(() => SqliteReplacement.Install(Path, target, replace), cancellation);
    }

    public async ValueTask DisposeAsync()
    {
        await CloseAsync();
        Remove(Path);
    }

    internal async Task CloseAsync()
    {
        if (_store is { } store)
        {
            _store = null;
            await store.DisposeAsync();
        }
    }

    private static MetadataExport Make(string export, string path, TimeProvider time, CancellationToken cancellation)
    {
        try
        {
            using var reader = ExportReader.Open(export);
            SqliteDatabase.MakePrivateFile(path);
            SqliteStaging.Make(reader, export, path, cancellation);
            GiveBack(path, time);
            return reader.About;
        }
        catch
        {
            Remove(path);
            throw;
        }
    }

    private static void GiveBack(string path, TimeProvider time)
    {
        using var connection = SqliteReplacement.Connect(path);
        using var transaction = connection.BeginTransaction();
        using var command = connection.CreateCommand();
        command.CommandText = Given;
        command.Parameters.AddWithValue("@leap", FenceLeap);
        command.Parameters.AddWithValue("@now", time.GetUtcNow().ToUnixTimeMilliseconds());
        command.Parameters.AddWithValue("@burst", ReadHold.BurstPrefix);
        command.ExecuteNonQuery();
        transaction.Commit();
    }

    private static void Remove(string path)
    {
        foreach (var suffix in new[] { "", "-wal", "-shm", "-journal" })
        {
            File.Delete(path + suffix);
        }
    }
}
