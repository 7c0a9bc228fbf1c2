namespace Backup.WebUI.Contracts;

/// <summary>What can be chosen from for a restore.</summary>
/// <param name="Snapshot">The snapshot whose contents these are: the one that is restored, or the last one before the moment.</param>
/// <param name="Optime">Of that snapshot; what was made later is not listed.</param>
/// <param name="Databases">By name; not those of the server itself.</param>
/// <param name="Documents">Of all of them.</param>
/// <param name="Bytes">Of all of them, about: what was overwritten and not merged yet counts.</param>
public sealed record ContentsView(
    string Snapshot,
    OptimeView Optime,
    IReadOnlyList<DatabaseContentView> Databases,
    long Documents,
    long Bytes
);

/// <param name="Name">Of the database.</param>
/// <param name="Collections">By name.</param>
/// <param name="Documents">Of all of them.</param>
/// <param name="Bytes">Of all of them, about.</param>
public sealed record DatabaseContentView(
    string Name,
    IReadOnlyList<CollectionContentView> Collections,
    long Documents,
    long Bytes
);

/// <param name="Name">Without the database.</param>
/// <param name="Type">collection or timeseries.</param>
/// <param name="Documents">About.</param>
/// <param name="Bytes">Of these, about.</param>
/// <param name="Excluded">Why its documents are not backed up; left out where they are.</param>
public sealed record CollectionContentView(string Name, string Type, long Documents, long Bytes, string? Excluded);

/// <summary>The store of blocks, and the disk that it is on.</summary>
/// <param name="Blocks">How many.</param>
/// <param name="StoredBytes">Of these, compressed.</param>
/// <param name="DiskBytes">Of the disk; left out where blocks are not on a disk of this host.</param>
/// <param name="FreeBytes">Of the disk; left out likewise.</param>
/// <param name="Snapshots">Of all groups.</param>
/// <param name="SnapshotBytes">What they would be if each were a copy of its own.</param>
public sealed record StorageView(
    long Blocks,
    long StoredBytes,
    long? DiskBytes,
    long? FreeBytes,
    int Snapshots,
    long SnapshotBytes
)
{
    /// <summary>When the disk is full, by how it has grown in the last week; left out where it does not grow, or is watched for less than a day.</summary>
    public double? FullInDays { get; init; }

    /// <summary>What of it is needed, as the last groom found it; left out before there was one.</summary>
    public SpaceView? Space { get; init; }

    /// <summary>How many times smaller than copies the store is: deduplicated and compressed. 0 before there is a snapshot.</summary>
    public double Ratio => StoredBytes == 0 ? 0 : Math.Round((double)SnapshotBytes / StoredBytes, 1);
}

/// <summary>What of the store is needed, and what a groom can give back. Bytes of stored blocks.</summary>
/// <param name="At">When the last groom ended.</param>
/// <param name="Error">Why it failed; left out where it did not. The figures are those of the one before then.</param>
public sealed record SpaceView(DateTimeOffset At, ErrorView? Error)
{
    /// <summary>When the figures were true; left out where no groom has come to its end.</summary>
    public DateTimeOffset? CountedAt { get; init; }

    /// <summary>Needed: by a snapshot, a head, or somebody who reads.</summary>
    public long LiveBytes { get; init; }

    /// <summary>Needed by nobody, and still there: too little in each pack to pay for copying the rest.</summary>
    public long DeadBytes { get; init; }

    /// <summary>Perhaps needed: in work when it was counted.</summary>
    public long HeldBytes { get; init; }

    /// <summary>What the next groom would give back, as far as that was known then; 0 after one that gave it back.</summary>
    public long ReclaimableBytes { get; init; }

    /// <summary>What the last groom gave back.</summary>
    public long FreedBytes { get; init; }

    /// <summary>Damages that it met, and blocks that are needed and not there.</summary>
    public long Findings { get; init; }

    /// <summary>How long the one took that the figures are of; left out where that is not known.</summary>
    public double? Seconds { get; init; }

    /// <summary>When one last came to its end that gave room back, or found that there is none; left out where none did.</summary>
    public DateTimeOffset? GroomedAt { get; init; }
}

/// <param name="ReadPercent">How much of the packs is read and verified, 0 to 100; of the rest only the lists are.</param>
public sealed record CheckRequest(double ReadPercent = 100);

/// <param name="DryRun">Count what is needed, and change nothing.</param>
public sealed record GroomRequest(bool DryRun = false);

/// <summary>Which stores there are, and which one the group is in.</summary>
/// <param name="Stores">All that the appliance is configured with; the first is where a group is that was assigned to none.</param>
/// <param name="Store">The name of the one that new blocks of the group go to.</param>
/// <param name="IsAssigned">Somebody said so; else it is the first.</param>
/// <param name="MovesFrom">Names of those in which a part of the group's blocks may still be; none where all is in its store.</param>
/// <param name="Move">The last job that moves the group; null where there is none.</param>
public sealed record StoresView(
    IReadOnlyList<StoreSizeView> Stores,
    string Store,
    bool IsAssigned,
    IReadOnlyList<string> MovesFrom,
    JobView? Move
)
{
    /// <summary>Of the group: what its store must have.</summary>
    public IReadOnlyList<string> Tags { get; init; } = [];

    /// <summary>Those of them that the store which it is in has not any more, as the appliance is configured now; none where all is well.</summary>
    public IReadOnlyList<string> Lacks { get; init; } = [];
}

/// <param name="Name">As the configuration names it.</param>
/// <param name="Kind"><c>packs</c>, <c>mongodb</c> or <c>s3</c>.</param>
/// <param name="Blocks">That it holds.</param>
/// <param name="StoredBytes">They take.</param>
/// <param name="DiskBytes">Of the disk that it is on; left out where that is not of this host.</param>
/// <param name="FreeBytes">On that disk.</param>
public sealed record StoreSizeView(
    string Name,
    string Kind,
    long Blocks,
    long StoredBytes,
    long? DiskBytes,
    long? FreeBytes
)
{
    /// <summary>What it has, as it is configured.</summary>
    public IReadOnlyList<string> Tags { get; init; } = [];
}

/// <param name="Tags">In the place of those before; an empty list takes them away.</param>
public sealed record TagsRequest(IReadOnlyList<string> Tags);

/// <summary>A group whose store has not all that the group's tags ask for, since the configuration was changed.</summary>
/// <param name="Group">Its id.</param>
/// <param name="Name">As people call it.</param>
/// <param name="Store">The one that it is in.</param>
/// <param name="Lacks">Tags of the group that it has not.</param>
public sealed record MisplacedView(string Group, string Name, string Store, IReadOnlyList<string> Lacks);

/// <param name="Store">The name of the store that the group is to be in.</param>
public sealed record MoveRequest(string Store);
