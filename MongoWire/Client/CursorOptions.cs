namespace Backup.MongoWire.Client;

/// <summary>How a cursor goes on after its first batch; the find command itself says how it starts.</summary>
public sealed record CursorOptions
{
    /// <summary>Documents of each further batch; 0: as many as fit a reply of about 16 MiB.</summary>
    public int BatchSize { get; init; }

    /// <summary>
    /// For tailable awaitData cursors: how long the server waits for new documents before it answers with an empty
    /// batch. Zero: the server's default of one second.
    /// </summary>
    public TimeSpan MaxAwait { get; init; }
}
