namespace Backup.Metadata.Exports;

/// <summary>The bytes of an export: docs/formats/metadata-export.md has the table of them. Frozen.</summary>
internal static class ExportFormat
{
    internal const int Version = 1;

    /// <summary>Magic, version, schema's version, moment in milliseconds.</summary>
    internal const int HeaderLength = 8 + 4 + 4 + 8;

    /// <summary>Raw length and stored length; both are 0 behind the last chunk.</summary>
    internal const int ChunkHeaderLength = 8;

    /// <summary>The number of rows, and the SHA-256 of all before it.</summary>
    internal const int TrailerLength = 8 + HashLength;

    internal const int HashLength = 32;

    /// <summary>Raw bytes of a chunk: a row may go on in the next one.</summary>
    internal const int ChunkLength = 1 << 20;

    /// <summary>The longest text or content: a list of a source's collections has megabytes.</summary>
    internal const int LongestValue = 256 << 20;

    /// <summary>More than a table has.</summary>
    internal const int MostColumns = 200;

    internal const byte TableFollows = (byte)'T';
    internal const byte RowFollows = (byte)'R';
    internal const byte End = (byte)'E';

    internal const byte Null = 0;
    internal const byte Integer = 1;
    internal const byte Real = 2;
    internal const byte Text = 3;
    internal const byte Content = 4;

    internal static ReadOnlySpan<byte> Magic => "BKMETA\r\n"u8;
}
