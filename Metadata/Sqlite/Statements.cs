using System.Collections.Concurrent;
using System.Reflection;
using System.Text.RegularExpressions;
using Microsoft.Data.Sqlite;

namespace Backup.Metadata.Sqlite;

/// <summary>
/// A connection and the statements that were compiled on it: compiling one takes longer than running it. Used by one thread at a time.
/// Owns the connection.
/// </summary>
internal sealed partial class Statements(SqliteConnection connection) : IDisposable
{
    /// <summary>More than the program has; a text that were made up anew each time would not fill the memory.</summary>
    private const int Most = 256;

    /// <summary>SQLite keeps what was bound until a statement is bound again: one with longer values is compiled for itself.</summary>
    private const int LongestKept = 64 * 1024;

    private static readonly ConcurrentDictionary<(Type, string), PropertyInfo?> Properties = new();

    private readonly Dictionary<string, SqliteCommand> _kept = new(StringComparer.Ordinal);

    internal SqliteConnection Connection => connection;

    /// <param name="sql">With parameters as <c>@name</c>.</param>
    /// <param name="arguments">Its properties are the parameters' values, upper and lower case alike; null where there are none.</param>
    /// <param name="transaction">The connection's; null where none is open.</param>
    /// <param name="run">Must have read everything when it is back.</param>
    internal T Run<T>(string sql, object? arguments, SqliteTransaction? transaction, Func<SqliteCommand, T> run)
    {
        // Out of the list while it runs: whoever reads rows may ask something else meanwhile, with the same text too.
        if (!_kept.Remove(sql, out var command))
        {
            command = Compile(sql);
        }

        var keep = false;
        try
        {
            command.Transaction = transaction;
            var longest = Bind(command, arguments);
            var result = run(command);
            keep = longest <= LongestKept && _kept.Count < Most;
            return result;
        }
        finally
        {
            if (!keep || !_kept.TryAdd(sql, command))
            {
                command.Dispose();
            }
        }
    }

    public void Dispose()
    {
        foreach (var command in _kept.Values)
        {
            command.Dispose();
        }

        _kept.Clear();
        connection.Dispose();
    }

    private SqliteCommand Compile(string sql)
    {
        var command = connection.CreateCommand();
        command.CommandText = sql;
        foreach (var name in ParameterNames().Matches(sql).Select(match => match.Value).Distinct())
        {
            command.Parameters.Add(new SqliteParameter { ParameterName = name });
        }

        return command;
    }

    /// <returns>The length of the longest value in bytes or characters.</returns>
    private static int Bind(SqliteCommand command, object? arguments)
    {
        var longest = 0;
        for (var i = 0; i < command.Parameters.Count; i++)
        {
            var parameter = command.Parameters[i];
            var property = arguments is null ? null : PropertyOf(arguments.GetType(), parameter.ParameterName);
            var value = property is null
                ? throw new ArgumentException($"Nothing is given for {parameter.ParameterName}.")
                : property.GetValue(arguments) ?? DBNull.Value;
            parameter.Value = value;
            longest = Math.Max(longest, value is byte[] bytes ? bytes.Length : (value as string)?.Length ?? 0);
        }

        return longest;
    }

    private static PropertyInfo? PropertyOf(Type type, string parameter) =>
        Properties.GetOrAdd(
            (type, parameter),
            static key =>
                key.Item1.GetProperty(
                    key.Item2[1..],
                    BindingFlags.Instance | BindingFlags.Public | BindingFlags.IgnoreCase
                )
        );

    [GeneratedRegex("@[A-Za-z_][A-Za-z0-9_]*", RegexOptions.NonBacktracking)]
    private static partial Regex ParameterNames();
}
