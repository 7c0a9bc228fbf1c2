namespace Backup.Daemon.DataFiles;

/// <summary>How data files are to be.</summary>
/// <param name="Folder">What the result is called, absolute: it must not be there yet, its parent must. Null where it is sent as a tar.</param>
/// <param name="Seed">The replica set that they are for; null: none, they have no configuration.</param>
/// <param name="DirectoryPerDatabase">A folder for each database (<c>--directoryperdb</c>).</param>
public sealed record DataFilesOptions(
    string? Folder = null,
    ReplicaSetSeed? Seed = null,
    bool DirectoryPerDatabase = false
);

/// <param name="MongoVersion">Of the mongod that wrote them, for example <c>4.2.4</c>.</param>
/// <param name="FeatureCompatibilityVersion">That they have, as the source had it.</param>
/// <param name="Collections">Collections and views.</param>
/// <param name="Documents">In them, counted and compared byte by byte.</param>
/// <param name="DocumentBytes">BSON bytes of those.</param>
/// <param name="Users">Users and roles in them.</param>
/// <param name="FileBytes">Of the files.</param>
/// <param name="Notices">What is not as it was, for people.</param>
public sealed record DataFilesResult(
    string MongoVersion,
    string FeatureCompatibilityVersion,
    int Collections,
    long Documents,
    long DocumentBytes,
    long Users,
    long FileBytes,
    IReadOnlyList<string> Notices
);
