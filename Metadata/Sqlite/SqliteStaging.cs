using Backup.Foundation.Errors;
using Backup.Metadata.Exports;
using Microsoft.Data.Sqlite;

namespace Backup.Metadata.Sqlite;

/// <summary>
/// Makes a database file of an export: tables of the version that the export is of, its rows, and then the steps to the version of this release. The file counts for
/// nothing until it is whole: no write of it is durable by itself.
/// </summary>
internal sealed class SqliteStaging : IRowSink, IDisposable
{
    private readonly SqliteConnection _connection;
    private readonly SqliteTransaction _transaction;
    private readonly string _export;
    private readonly HashSet<string> _seen = new(StringComparer.Ordinal);
    private SqliteCommand? _insert;
    private string _table = "";

    private SqliteStaging(SqliteConnection connection, string export, int version)
    {
        (_connection, _export) = (connection, export);
        // Rows come table by table, and refer to rows of tables that come later: all references are looked at in the end.
        Execute("PRAGMA foreign_keys = OFF");
        Execute("PRAGMA journal_mode = OFF");
        Execute("PRAGMA synchronous = OFF");
        Execute("PRAGMA secure_delete = ON");
        _transaction = connection.BeginTransaction();
        for (var step = 0; step < version; step++)
        {
            Execute(Schema.Steps[step]);
        }
    }

    /// <param name="reader">The export; read once.</param>
    /// <param name="path">The file; there is none yet.</param>
    /// <param name="cancellation">What was made by then is of no use.</param>
    /// <exception cref="BackupException">6331 of a newer release, 6334 where its rows do not fit their tables.</exception>
    internal static void Make(ExportReader reader, string export, string path, CancellationToken cancellation)
    {
        var version = reader.About.SchemaVersion;
        if (version > Schema.Version)
        {
            throw MetadataErrors.ExportNewer(export, "schema", version, Schema.Version);
        }

        if (version < 1)
        {
            throw MetadataErrors.ExportUnfit(export, $"there is no version {version}.");
        }

        SQLitePCL.Batteries_V2.Init();
        using var connection = new SqliteConnection(
            new SqliteConnectionStringBuilder { DataSource = path, Pooling = false }.ToString()
        );
        connection.Open();
        try
        {
            using var staging = new SqliteStaging(connection, export, version);
            reader.Read(staging, cancellation);
            staging.Finish(version);
        }
        catch (SqliteException failure) when (failure.SqliteErrorCode == SqliteDatabase.Full)
        {
            throw FoundationErrors.NoSpace(path, failure);
        }
        catch (SqliteException failure)
        {
            throw MetadataErrors.ExportUnfit(export, failure.Message, failure);
        }
    }

    public void Table(string name, IReadOnlyList<string> columns)
    {
        _insert?.Dispose();
        _insert = null;
        if (!_seen.Add(name))
        {
            throw MetadataErrors.ExportUnfit(_export, $"the table '{name}' comes twice.");
        }

        _table = name;
        var known = Columns(name);
        if (columns.Except(known, StringComparer.Ordinal).FirstOrDefault() is { } stranger)
        {
            throw MetadataErrors.ExportUnfit(_export, $"there is no '{stranger}' in a table '{name}'.");
        }

        _insert = _connection.CreateCommand();
        _insert.Transaction = _transaction;
        _insert.CommandText = $"""
            INSERT INTO {SqliteExport.Quoted(name)} ({string.Join(", ", columns.Select(SqliteExport.Quoted))})
            VALUES ({string.Join(", ", columns.Select(static (_, i) => $"@p{i}"))})
            """;
        foreach (var i in Enumerable.Range(0, columns.Count))
        {
            _insert.Parameters.Add(new SqliteParameter { ParameterName = $"@p{i}" });
        }
    }

    public void Row(ReadOnlySpan<object?> values)
    {
        for (var i = 0; i < values.Length; i++)
        {
            _insert!.Parameters[i].Value = values[i] ?? DBNull.Value;
        }

        if (_table == SqliteExport.Sequences)
        {
            // The rows that were added have counted already: what counts is what was given before.
            Forget((string)values[0]!);
        }

        _insert!.ExecuteNonQuery();
    }

    public void Dispose()
    {
        _insert?.Dispose();
        _transaction.Dispose();
    }

    private void Finish(int version)
    {
        for (var step = version; step < Schema.Version; step++)
        {
            Execute(Schema.Steps[step]);
        }

        Execute($"PRAGMA application_id = {Schema.ApplicationId}");
        Execute($"PRAGMA user_version = {Schema.Version}");
        using (var check = Command("PRAGMA foreign_key_check"))
        using (var broken = check.ExecuteReader())
        {
            if (broken.Read())
            {
                throw MetadataErrors.ExportUnfit(
                    _export,
                    $"a record of '{broken.GetString(0)}' refers to one of '{broken.GetString(2)}' that is not there."
                );
            }
        }

        _transaction.Commit();
    }

    private void Forget(string table)
    {
        using var command = Command("DELETE FROM sqlite_sequence WHERE name = @name");
        command.Parameters.AddWithValue("@name", table);
        command.ExecuteNonQuery();
    }

    private List<string> Columns(string table)
    {
        var columns = new List<string>();
        using var command = Command("SELECT name FROM pragma_table_info(@table)");
        command.Parameters.AddWithValue("@table", table);
        using var reader = command.ExecuteReader();
        while (reader.Read())
        {
            columns.Add(reader.GetString(0));
        }

        return columns;
    }

    private SqliteCommand Command(string sql)
    {
        var command = _connection.CreateCommand();
        command.CommandText = sql;
        command.Transaction = _transaction;
        return command;
    }

    private void Execute(string sql)
    {
        using var command = Command(sql);
        command.ExecuteNonQuery();
    }
}
