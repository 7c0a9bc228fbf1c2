using System.Data.Common;
using Dapper;
using Microsoft.Data.Sqlite;

namespace Backup.Metadata.Sqlite;

/// <summary>One transaction (or one read) on one connection: parameters are bound by Dapper, rows are read by <see cref="Row"/>.</summary>
internal sealed class Session(SqliteConnection connection, SqliteTransaction? transaction)
{
    /// <summary>Whether a row was changed.</summary>
    internal bool Changed { get; private set; }

    /// <returns>How many rows were changed.</returns>
    internal int Execute(string sql, object? arguments = null)
    {
        var rows = connection.Execute(sql, arguments, transaction);
        Changed |= rows > 0;
        return rows;
    }

    internal List<T> Query<T>(string sql, Func<Row, T> map, object? arguments = null)
    {
        using var reader = (DbDataReader)connection.ExecuteReader(sql, arguments, transaction);
        var rows = new List<T>();
        while (reader.Read())
        {
            rows.Add(map(new Row(reader)));
        }

        return rows;
    }

    internal T? Find<T>(string sql, Func<Row, T> map, object? arguments = null)
        where T : class
    {
        using var reader = (DbDataReader)connection.ExecuteReader(sql, arguments, transaction);
        return reader.Read() ? map(new Row(reader)) : null;
    }

    internal long Number(string sql, object? arguments = null) =>
        connection.ExecuteScalar<long>(sql, arguments, transaction);
}
