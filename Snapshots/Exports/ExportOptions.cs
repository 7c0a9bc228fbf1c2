using Backup.Snapshots.Sharding;

namespace Backup.Snapshots.Exports;

public enum ExportFormat
{
    /// <summary>What <c>mongorestore --archive</c> reads.</summary>
    Archive = 0,

    /// <summary>What <c>mongorestore --dir</c> reads, as a folder or a tar stream.</summary>
    Directory = 1,

    /// <summary>One canonical extended JSON document a line, a file a collection (what <c>mongoimport</c> reads), as a folder or a tar stream.</summary>
    Ndjson = 2,

    /// <summary>One stream of lines <c>{"ns":"db.collection","doc":{…}}</c>, each in canonical extended JSON.</summary>
    NdjsonLines = 3,
}

/// <param name="Gzip">An archive, or lines, as one gzip stream (<c>mongorestore --archive --gzip</c>); each file of a directory or tar is compressed by itself.</param>
/// <param name="IncludeUsers">With users and roles (<c>admin.system.users</c>, <c>admin.system.roles</c>, <c>admin.system.version</c>).</param>
/// <param name="Includes">Namespaces to export; null for all that can be restored.</param>
public sealed record ExportOptions(bool Gzip = false, bool IncludeUsers = false, Func<string, bool>? Includes = null)
{
    /// <summary>With the <c>config</c> database, as the config servers of a cluster have it.</summary>
    public bool IncludeConfig { get; init; }

    /// <summary>Only what belongs to the cluster; null for all that the set has.</summary>
    public OwnedDocuments? Owned { get; init; }
}

/// <param name="Collections">Collections and views written.</param>
/// <param name="Documents">Documents written.</param>
/// <param name="DocumentBytes">Their BSON bytes.</param>
/// <param name="Bytes">Bytes of the output.</param>
/// <param name="Sha256">Of a stream: its bytes, 64 hex digits, or empty where it was not to be hashed. Of a folder: of lines <c>sha256  path</c> in order of the paths.</param>
public sealed record ExportResult(int Collections, long Documents, long DocumentBytes, long Bytes, string Sha256);
