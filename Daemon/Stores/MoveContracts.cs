namespace Backup.Daemon.Stores;

/// <param name="GroupId">It was assigned to another store; what it has elsewhere is brought there.</param>
public sealed record MoveGroupArguments(string GroupId);

/// <param name="Store">Everything of the group is in it.</param>
/// <param name="Blocks">Looked at: all that the group has.</param>
/// <param name="Bytes">Of their contents.</param>
/// <param name="CopiedBytes">Of their contents, of those that the store did not have; stored they take less.</param>
public sealed record MoveGroupResult(string Store, long Blocks, long Bytes, long CopiedBytes);
