namespace Backup.WebUI.Contracts;

/// <summary>What is to be restored as data files.</summary>
/// <param name="Subject">A replica set, as users name it.</param>
/// <param name="Snapshot">Its id; null for the newest, or where a moment is given.</param>
/// <param name="Optime">The moment, as <c>T,I</c>; null for a snapshot.</param>
/// <param name="Before">The moment, as the second before which it is; null for a snapshot.</param>
/// <param name="Namespaces">What is restored; none: everything.</param>
/// <param name="Renames">What is called otherwise: <c>from=to</c>.</param>
/// <param name="Users">With users and roles.</param>
/// <param name="Folder">Absolute: the appliance makes it. Null: a tar comes behind the lines of the answer.</param>
/// <param name="Seed">The replica set that they are for: <c>SET=HOST:PORT[,HOST:PORT…]</c>; null for none.</param>
/// <param name="OplogMegabytes">Of its oplog; null for the least.</param>
/// <param name="DirectoryPerDatabase">A folder for each database.</param>
public sealed record DataFilesRequest(
    string Subject,
    string? Snapshot,
    string? Optime,
    string? Before,
    IReadOnlyList<string> Namespaces,
    IReadOnlyList<string> Renames,
    bool Users,
    string? Folder,
    string? Seed,
    int? OplogMegabytes,
    bool DirectoryPerDatabase
);

/// <summary>
/// One line of the answer to a <see cref="DataFilesRequest"/>: progress, and in the end the result or an error. Behind a result without a folder the tar
/// follows, and its length as a trailer.
/// </summary>
public sealed record DataFilesLine(TargetProgressView? Progress, DataFilesView? Result, ErrorView? Error);

/// <param name="Ok">True.</param>
/// <param name="MongoVersion">Of the mongod that wrote them.</param>
/// <param name="FeatureCompatibilityVersion">That they have.</param>
/// <param name="Collections">Collections and views.</param>
/// <param name="Documents">Counted and compared byte by byte.</param>
/// <param name="DocumentBytes">BSON bytes of those.</param>
/// <param name="FileBytes">Of the files.</param>
/// <param name="Optime">The last oplog entry that is in them.</param>
/// <param name="Folder">Where they are; left out of a tar.</param>
/// <param name="Seed">The replica set that they are for; left out where there is none.</param>
/// <param name="Users">Users and roles; left out where there is none.</param>
/// <param name="Notices">What is not as it was; left out where there is nothing.</param>
/// <param name="Excluded">Collections whose documents are not in them; left out where there is none.</param>
/// <param name="Undecided">Where transactions were prepared that may belong to them; left out where there is none.</param>
/// <param name="Bytes">Of the tar; left out of a folder.</param>
/// <param name="Sha256">Of the tar, 64 hex digits; left out of a folder.</param>
public sealed record DataFilesView(
    bool Ok,
    string MongoVersion,
    string FeatureCompatibilityVersion,
    int Collections,
    long Documents,
    long DocumentBytes,
    long FileBytes,
    OptimeView Optime,
    string? Folder,
    string? Seed,
    long? Users,
    IReadOnlyList<string>? Notices,
    IReadOnlyList<ExcludedView>? Excluded,
    IReadOnlyList<OptimeView>? Undecided,
    long? Bytes = null,
    string? Sha256 = null
);
