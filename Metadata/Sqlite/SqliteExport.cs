using Backup.Metadata.Exports;
using Microsoft.Data.Sqlite;

namespace Backup.Metadata.Sqlite;

/// <summary>Every row of every table of the file, as of one moment: whatever table is new is in it without being named here.</summary>
internal static class SqliteExport
{
    /// <summary>Numbers that are given next: SQLite's own table.</summary>
    internal const string Sequences = "sqlite_sequence";

    /// <param name="connection">In a transaction that reads, or alone on its file.</param>
    internal static void Read(SqliteConnection connection, IRowSink sink, CancellationToken cancellation)
    {
        foreach (var (table, hasRowIds) in Tables(connection))
        {
            Read(connection, table, hasRowIds, sink, cancellation);
        }
    }

    internal static string Quoted(string name) => $"\"{name.Replace("\"", "\"\"")}\"";

    private static List<(string Name, bool HasRowIds)> Tables(SqliteConnection connection)
    {
        var tables = new List<(string, bool)>();
        using var command = connection.CreateCommand();
        command.CommandText = "SELECT name, sql FROM sqlite_schema WHERE type = 'table' ORDER BY rowid";
        using var reader = command.ExecuteReader();
        while (reader.Read())
        {
            var name = reader.GetString(0);
            if (name == Sequences || !name.StartsWith("sqlite_", StringComparison.Ordinal))
            {
                tables.Add((name, !reader.GetString(1).EndsWith("WITHOUT ROWID", StringComparison.OrdinalIgnoreCase)));
            }
        }

        return tables;
    }

    private static void Read(
        SqliteConnection connection,
        string table,
        bool hasRowIds,
        IRowSink sink,
        CancellationToken cancellation
    )
    {
        using var command = connection.CreateCommand();
        // In the order in which they were added, which lists without a number of their own keep.
        command.CommandText = $"SELECT * FROM {Quoted(table)}{(hasRowIds ? " ORDER BY rowid" : "")}";
        using var reader = command.ExecuteReader();
        var columns = Enumerable.Range(0, reader.FieldCount).Select(reader.GetName).ToArray();
        sink.Table(table, columns);
        while (reader.Read())
        {
            cancellation.ThrowIfCancellationRequested();
            sink.Row(Values(reader));
        }
    }

    /// <summary>A table's rows, their values in the order of <paramref name="columns"/>.</summary>
    internal static IEnumerable<object?[]> Rows(
        SqliteConnection connection,
        string table,
        IReadOnlyList<string> columns
    )
    {
        using var command = connection.CreateCommand();
        command.CommandText = $"SELECT {string.Join(", ", columns.Select(Quoted))} FROM {Quoted(table)}";
        using var reader = command.ExecuteReader();
        while (reader.Read())
        {
            yield return Values(reader);
        }
    }

    internal static object?[] Values(SqliteDataReader reader)
    {
        var values = new object?[reader.FieldCount];
        for (var i = 0; i < values.Length; i++)
        {
            values[i] = reader.GetValue(i) is var value and not DBNull ? value : null;
        }

        return values;
    }
}
