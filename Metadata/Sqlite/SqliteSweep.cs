using Backup.Foundation.Errors;

namespace Backup.Metadata.Sqlite;

/// <summary>
/// Leaves nothing in the database's files of what was to be gone: keys that were destroyed, URIs as they were before they were sealed. The transaction that
/// removes such a thing says so (<see cref="Want"/>); whenever the process is killed after it, the next start ends it.
/// </summary>
/// <param name="database">The file.</param>
internal sealed class SqliteSweep(SqliteDatabase database)
{
    // Another value each time: what is wanted while the file is written is not taken for done.
    private const string Setting = "catalogue.unswept";
    private const string Nothing = "";

    internal static void Want(Session session) => SqliteSettings.Set(session, Setting, Guid.NewGuid().ToString("N"));

    /// <summary>Writes the file anew where that is wanted, and empties the log in any case.</summary>
    /// <exception cref="BackupException">6350 where readers kept it from that for about a minute; those of a full disk.</exception>
    internal async Task RunAsync(CancellationToken cancellation)
    {
        if (await WantedAsync(cancellation) is { } wanted)
        {
            await database.WriteAnewAsync(cancellation);
            await ((ITransactions)database).WriteAsync(
                session =>
                {
                    if (SqliteSettings.Find(session, Setting) == wanted)
                    {
                        SqliteSettings.Set(session, Setting, Nothing);
                    }
                },
                cancellation
            );
        }

        await database.EmptyLogAsync(cancellation);
    }

    /// <summary>At an opening: where there is no room, or somebody reads all the time, it is left to the next one. It keeps nobody from backing up and restoring.</summary>
    internal async Task TryRunAsync(CancellationToken cancellation)
    {
        if (await WantedAsync(cancellation) is null)
        {
            await database.TryEmptyLogAsync();
            return;
        }

        try
        {
            await RunAsync(cancellation);
        }
        catch (BackupException)
        {
            // It is wanted still.
        }
    }

    private Task<string?> WantedAsync(CancellationToken cancellation) =>
        database.ReadAsync(
            static session => SqliteSettings.Find(session, Setting) is { Length: > 0 } wanted ? wanted : null,
            cancellation
        );
}
