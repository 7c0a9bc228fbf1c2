using Backup.Foundation.Files;
using Microsoft.Data.Sqlite;

namespace Backup.Metadata.Sqlite;

/// <summary>Puts one database file into the place of another one that nobody has open.</summary>
internal static class SqliteReplacement
{
    private const int CopyLength = 1 << 20;

    /// <summary>What an appliance that was only started once does not have.</summary>
    private static readonly string[] Holdings = ["users", "snapshots", "policies", "group_keys", "syncs"];

    internal static SqliteConnection Connect(string path)
    {
        SQLitePCL.Batteries_V2.Init();
        var connection = new SqliteConnection(
            new SqliteConnectionStringBuilder
            {
                DataSource = path,
                Mode = SqliteOpenMode.ReadWrite,
                Pooling = false,
            }.ToString()
        );
        connection.Open();
        return connection;
    }

    /// <returns>The copy of what was there; null where nothing was.</returns>
    internal static string? Install(string from, string to, bool replace)
    {
        Settle(from);
        if (!File.Exists(to))
        {
            DurableFile.Rename(from, to);
            return null;
        }

        var isSettled = TrySettle(to, out var isEmpty);
        if (!isEmpty && !replace)
        {
            throw MetadataErrors.CatalogueThere(to);
        }

        var kept = to + ".replaced";
        Copy(to, kept);
        // A log that stayed would be taken for the new file's. Where the old one can be opened its log was brought into it; else both are kept.
        if (!isSettled && File.Exists(to + "-wal"))
        {
            DurableFile.Rename(to + "-wal", kept + "-wal");
        }

        File.Delete(to + "-shm");
        DurableFile.Rename(from, to);
        return kept;
    }

    /// <summary>Brings the file's log into it, and it to the disk: it is whole without any other file.</summary>
    private static void Settle(string path)
    {
        using (var connection = Connect(path))
        {
            Execute(connection, "PRAGMA synchronous = FULL");
            Execute(connection, "PRAGMA journal_mode = DELETE");
        }

        using var file = new FileStream(path, FileMode.Open, FileAccess.ReadWrite);
        file.Flush(flushToDisk: true);
    }

    private static bool TrySettle(string path, out bool isEmpty)
    {
        isEmpty = false;
        try
        {
            using (var connection = Connect(path))
            {
                isEmpty = Holdings.All(table => Count(connection, table) == 0);
            }

            Settle(path);
            return true;
        }
        catch (SqliteException)
        {
            // Damaged, or a stranger's: it is kept as it is.
            return false;
        }
    }

    private static long Count(SqliteConnection connection, string table)
    {
        using var command = connection.CreateCommand();
        command.CommandText =
            $"SELECT CASE WHEN EXISTS (SELECT 1 FROM sqlite_schema WHERE name = '{table}') THEN 1 ELSE 0 END";
        if (command.ExecuteScalar() is not 1L)
        {
            return 0;
        }

        command.CommandText = $"SELECT count(*) FROM {SqliteExport.Quoted(table)}";
        return (long)command.ExecuteScalar()!;
    }

    private static void Copy(string from, string to)
    {
        using var source = new FileStream(from, FileMode.Open, FileAccess.Read, FileShare.ReadWrite, bufferSize: 0);
        using var copy = DurableFile.Create(to, UnixFileMode.UserRead | UnixFileMode.UserWrite);
        var buffer = new byte[CopyLength];
        while (source.Read(buffer) is > 0 and var read)
        {
            copy.Append(buffer.AsSpan(0, read));
        }

        copy.Publish();
    }

    private static void Execute(SqliteConnection connection, string sql)
    {
        using var command = connection.CreateCommand();
        command.CommandText = sql;
        command.ExecuteNonQuery();
    }
}
