namespace Backup.Metadata.Exports;

/// <summary>Takes the catalogue table by table, row by row. Tables and columns are those of <see cref="Sqlite.Schema"/>, whatever store they come from.</summary>
internal interface IRowSink
{
    /// <summary>Rows of that table follow, up to the next one. A table comes once.</summary>
    /// <param name="columns">At least one; the order of the values of each row.</param>
    void Table(string name, IReadOnlyList<string> columns);

    /// <param name="values">As many as columns: null, <see cref="long"/>, <see cref="double"/>, <see cref="string"/> or <see cref="byte"/>[].</param>
    void Row(ReadOnlySpan<object?> values);
}
