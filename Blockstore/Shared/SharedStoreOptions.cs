namespace Backup.Blockstore.Shared;

/// <summary>How processes that share a store get along; the same for all of them, but for <see cref="Fence"/> and <see cref="Time"/>.</summary>
public sealed record SharedStoreOptions
{
    /// <summary>How often a process gives a sign of life; 1 to 60 s, 5 s unless set. A groom waits for two of them from each.</summary>
    public TimeSpan BeatInterval { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>A groom goes on without a process that has given no sign of life for so long; at least 4 beats, 2 min unless set.</summary>
    public TimeSpan SilenceLimit { get; init; } = TimeSpan.FromMinutes(2);

    /// <summary>A process that has given no sign of life for so long is struck off even where nobody grooms; 1 h unless set.</summary>
    public TimeSpan ForgetLimit { get; init; } = TimeSpan.FromHours(1);

    /// <summary>
    /// Asked by a groom to refuse what a struck-off process (by <see cref="ISharedStore.Session"/>) still writes down. Null: there is no such place;
    /// then a process that hangs for longer than the silence limit between its last flush and its commit may publish what is gone.
    /// </summary>
    public IPublicationFence? Fence { get; init; }

    public TimeProvider Time { get; init; } = TimeProvider.System;
}

/// <summary>A store that several processes use at the same time.</summary>
public interface ISharedStore
{
    /// <summary>
    /// This process's session with the store, as <see cref="IPublicationFence"/> knows it: the same for as long as the store is open, and never used again
    /// once it has ended.
    /// </summary>
    Guid Session { get; }

    /// <summary>Nothing more is accepted until the store is opened again: a write failed for good (5005), or others went on without this process (5060).</summary>
    bool HasStopped { get; }
}
