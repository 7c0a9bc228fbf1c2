using System.Globalization;
using System.Text.Json;
using Backup.Metadata.Exports;
using Backup.Metadata.Sqlite;

namespace Backup.Tests.Metadata;

/// <summary>The rows of an export in memory, by table; as texts, to compare them.</summary>
internal sealed class ExportedRows : IRowSink
{
    private List<string> _columns = [];
    private List<Dictionary<string, object?>> _rows = [];

    public Dictionary<string, List<Dictionary<string, object?>>> Tables { get; } = new(StringComparer.Ordinal);

    public static ExportedRows Of(string export)
    {
        using var reader = ExportReader.Open(export);
        var rows = new ExportedRows();
        reader.Read(rows, CancellationToken.None);
        return rows;
    }

    /// <summary>Those of a file that is made of the export, without anything being given back.</summary>
    public static ExportedRows OfFileMadeOf(string export, string path)
    {
        using (var reader = ExportReader.Open(export))
        {
            SqliteStaging.Make(reader, export, path, CancellationToken.None);
        }

        var rows = new ExportedRows();
        using var connection = SqliteReplacement.Connect(path);
        SqliteExport.Read(connection, rows, CancellationToken.None);
        return rows;
    }

    public void Table(string name, IReadOnlyList<string> columns)
    {
        _columns = [.. columns];
        Tables.Add(name, _rows = []);
    }

    public void Row(ReadOnlySpan<object?> values)
    {
        var row = new Dictionary<string, object?>(StringComparer.Ordinal);
        for (var i = 0; i < values.Length; i++)
        {
            row[_columns[i]] = values[i];
        }

        _rows.Add(row);
    }

    /// <summary>One line for each row, sorted; tables without rows are left out.</summary>
    public string[] Lines(params string[] withoutTables) =>
        [
            .. Tables
                .Where(table => !withoutTables.Contains(table.Key))
                .SelectMany(table => table.Value.Select(row => $"{table.Key}: {Text(row)}"))
                .Order(StringComparer.Ordinal),
        ];

    public static string Text(IReadOnlyDictionary<string, object?> row) =>
        string.Join(
            " ",
            row.OrderBy(static one => one.Key, StringComparer.Ordinal)
                .Select(static one => $"{one.Key}={Text(one.Value)}")
        );

    private static string Text(object? value) =>
        value switch
        {
            null => "-",
            byte[] bytes => Convert.ToHexString(bytes),
            string text => JsonSerializer.Serialize(text),
            _ => Convert.ToString(value, CultureInfo.InvariantCulture)!,
        };
}
