namespace Backup.WebUI.Contracts;

/// <summary>Encryption at rest, and its keys by name: nothing of the keys themselves.</summary>
/// <param name="IsOn">Whether what is stored from now on is sealed.</param>
/// <param name="Master">The name of the master key that all keys are wrapped under; left out where there is none.</param>
/// <param name="Groups">Those that have keys or had some.</param>
public sealed record KeysView(bool IsOn, string? Master, IReadOnlyList<GroupKeysView> Groups);

/// <param name="Group">Its id.</param>
/// <param name="Name">For people.</param>
/// <param name="Keys">Its data keys, the newest first; none where they were destroyed.</param>
/// <param name="DestroyedAt">When they were destroyed; left out where they were not.</param>
public sealed record GroupKeysView(
    string Group,
    string Name,
    IReadOnlyList<DataKeyView> Keys,
    DateTimeOffset? DestroyedAt
);

/// <param name="Id">16 hex digits; it stands before whatever is sealed under it.</param>
/// <param name="Generation">1 and up.</param>
/// <param name="CreatedAt">When it was made.</param>
/// <param name="Seals">Whether what is stored now is sealed under it; the others only open.</param>
public sealed record DataKeyView(string Id, int Generation, DateTimeOffset CreatedAt, bool Seals);

/// <param name="Group">Its id or name; null: every group that has keys.</param>
public sealed record KeyRotation(string? Group);

/// <param name="Group">Its id or name.</param>
/// <param name="Confirm">Its name once more.</param>
public sealed record KeyShredding(string Group, string? Confirm);

/// <param name="Master">The name of the master key from now on.</param>
/// <param name="Rewrapped">How many keys were wrapped anew.</param>
public sealed record MasterRotatedView(string Master, int Rewrapped);
