namespace Backup.WebUI.Contracts;

/// <summary>What a name stands for.</summary>
/// <param name="Kind"><c>cluster</c> or <c>replicaSet</c>.</param>
/// <param name="Name">Its name.</param>
/// <param name="Id">Ours.</param>
public sealed record SubjectView(string Kind, string Name, string Id)
{
    public const string Cluster = "cluster";
    public const string ReplicaSet = "replicaSet";
}

/// <summary>A complete cut of a cluster.</summary>
/// <param name="Id">For <c>--snapshot</c>.</param>
/// <param name="Kind"><c>snapshot</c> or <c>checkpoint</c>.</param>
/// <param name="At">Its moment.</param>
public sealed record CutView(string Id, string Kind, MomentView At);

/// <summary>What is to be restored into a running MongoDB. <paramref name="Uri"/> may hold a password: it is never logged.</summary>
/// <param name="Subject">A replica set or a cluster, as users name it.</param>
/// <param name="Snapshot">Its id; null for the newest, or where a moment is given.</param>
/// <param name="Optime">The moment, as <c>T,I</c>; null for a snapshot.</param>
/// <param name="Before">The moment, as the second before which it is; null for a snapshot.</param>
/// <param name="Namespaces">What is restored; none: everything.</param>
/// <param name="Uri">Where to.</param>
/// <param name="Drop">Remove collections of the target first.</param>
/// <param name="Parallelism">Batches under way at the same time; 1 to 64.</param>
/// <param name="Resume">Go on with one that was broken off.</param>
/// <param name="Renames">What is called otherwise: <c>from=to</c>.</param>
/// <param name="Users">With users and roles.</param>
/// <param name="IsCounted">In the end the documents are counted, and not hashed.</param>
/// <param name="IsDryRun">Nothing is written.</param>
public sealed record TargetRequest(
    string Subject,
    string? Snapshot,
    string? Optime,
    string? Before,
    IReadOnlyList<string> Namespaces,
    string Uri,
    bool Drop,
    int Parallelism,
    bool Resume = false,
    IReadOnlyList<string>? Renames = null,
    bool Users = false,
    bool IsCounted = false,
    bool IsDryRun = false
);

/// <param name="Phase">What is done now: replay, create, shard, load, index, or what it takes to place chunks.</param>
/// <param name="Namespace">Of what; empty where it is everything.</param>
/// <param name="Documents">Restored so far.</param>
/// <param name="Bytes">Restored so far, of documents.</param>
/// <param name="ExpectedBytes">An estimate.</param>
public sealed record TargetProgressView(string Phase, string Namespace, long Documents, long Bytes, long ExpectedBytes);

/// <param name="Ok">True.</param>
/// <param name="Collections">Collections and views.</param>
/// <param name="Documents">Restored and counted.</param>
/// <param name="Bytes">Of documents.</param>
/// <param name="Optime">The last oplog entry that is in it.</param>
/// <param name="Excluded">Collections whose documents are not in it; left out where there is none.</param>
/// <param name="Undecided">Where transactions were prepared that may belong to it; left out where there is none.</param>
/// <param name="Notices">What is not as it was; left out where there is nothing.</param>
/// <param name="AlreadyThere">Of the documents those of an earlier run; left out where there is none.</param>
/// <param name="Users">Users and roles that were merged; left out where there is none.</param>
/// <param name="Checked"><c>hash</c> or <c>count</c>; left out of a dry run.</param>
/// <param name="DryRun">What a restore would meet; of a dry run alone.</param>
public sealed record TargetView(
    bool Ok,
    int Collections,
    long Documents,
    long Bytes,
    OptimeView Optime,
    IReadOnlyList<ExcludedView>? Excluded,
    IReadOnlyList<OptimeView>? Undecided,
    IReadOnlyList<string>? Notices,
    long? AlreadyThere = null,
    long? Users = null,
    string? Checked = null,
    TargetReportView? DryRun = null
);

/// <param name="Version">Of the target.</param>
/// <param name="FeatureCompatibilityVersion">Of the target; left out where it does not say.</param>
/// <param name="IsCluster">Whether it is a mongos.</param>
/// <param name="Collections">Collections and views.</param>
/// <param name="ExpectedBytes">Of documents; an estimate.</param>
/// <param name="FreeBytes">On the target's disk; left out where it does not say.</param>
/// <param name="LeastSeconds">It takes hardly less.</param>
/// <param name="MostSeconds">It takes hardly more.</param>
/// <param name="Conflicts">Namespaces that are in the way.</param>
/// <param name="Obstacles">Why it cannot be.</param>
/// <param name="Warnings">What will not be as it was, or may go wrong.</param>
public sealed record TargetReportView(
    string Version,
    string? FeatureCompatibilityVersion,
    bool IsCluster,
    int Collections,
    long ExpectedBytes,
    long? FreeBytes,
    long LeastSeconds,
    long MostSeconds,
    IReadOnlyList<string> Conflicts,
    IReadOnlyList<string> Obstacles,
    IReadOnlyList<string> Warnings
);

/// <param name="Ok">True.</param>
/// <param name="Documents">Counted; left out where nothing was.</param>
/// <param name="Notices">What is not as it was.</param>
/// <param name="Text">For people.</param>
public sealed record ClusterLoadView(bool Ok, long? Documents, IReadOnlyList<string> Notices, string Text);
