namespace Backup.Metadata;

/// <summary>What jobs work on that work on no replica set or cluster: <see cref="JobRecord.ReplicaSetId"/> of them. Frozen: they are stored.</summary>
public static class JobSubjects
{
    /// <summary>The block store as a whole.</summary>
    public const string Store = "store";
}
