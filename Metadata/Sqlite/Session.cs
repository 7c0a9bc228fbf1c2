using Microsoft.Data.Sqlite;

namespace Backup.Metadata.Sqlite;

/// <summary>One transaction (or one read) on one connection: parameters are the properties of what is given, rows are read by <see cref="Row"/>.</summary>
internal sealed class Session(Statements statements, SqliteTransaction? transaction)
{
    /// <summary>Whether a row was changed.</summary>
    internal bool Changed { get; private set; }

    /// <returns>How many rows were changed.</returns>
    internal int Execute(string sql, object? arguments = null)
    {
        var rows = statements.Run(sql, arguments, transaction, static command => command.ExecuteNonQuery());
        Changed |= rows > 0;
        return rows;
    }

    internal List<T> Query<T>(string sql, Func<Row, T> map, object? arguments = null) =>
        statements.Run(
            sql,
            arguments,
            transaction,
            command =>
            {
                using var reader = command.ExecuteReader();
                var rows = new List<T>();
                while (reader.Read())
                {
                    rows.Add(map(new Row(reader)));
                }

                return rows;
            }
        );

    internal T? Find<T>(string sql, Func<Row, T> map, object? arguments = null)
        where T : class =>
        statements.Run(
            sql,
            arguments,
            transaction,
            command =>
            {
                using var reader = command.ExecuteReader();
                return reader.Read() ? map(new Row(reader)) : null;
            }
        );

    /// <returns>The first column of the first row; 0 where there is none.</returns>
    internal long Number(string sql, object? arguments = null) =>
        statements.Run(sql, arguments, transaction, static command => command.ExecuteScalar() as long? ?? 0);
}
