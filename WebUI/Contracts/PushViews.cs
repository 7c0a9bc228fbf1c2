namespace Backup.WebUI.Contracts;

/// <summary>What is to be pushed to an SSH target.</summary>
/// <param name="Subject">A replica set or a cluster (as one), as users name it.</param>
/// <param name="Snapshot">Its id; null for the newest, or where a moment is given.</param>
/// <param name="Optime">The moment, as <c>T,I</c>; null for a snapshot.</param>
/// <param name="Before">The moment, as the second before which it is; null for a snapshot.</param>
/// <param name="Namespaces">What is pushed; none: everything.</param>
/// <param name="Target">As users name it.</param>
/// <param name="Subfolder">Below the target's folder; empty for the folder itself.</param>
/// <param name="IsFiles">The single files of a mongodump directory; else one archive.</param>
/// <param name="Gzip">Compressed: the archive as a whole, or each file.</param>
/// <param name="ChecksSpace">Nothing is sent where there is too little room.</param>
/// <param name="KeepsPart">A push that fails leaves what was sent.</param>
public sealed record PushRequest(
    string Subject,
    string? Snapshot,
    string? Optime,
    string? Before,
    IReadOnlyList<string> Namespaces,
    string Target,
    string Subfolder,
    bool IsFiles,
    bool Gzip,
    bool ChecksSpace,
    bool KeepsPart
);

/// <param name="Path">On the far side.</param>
/// <param name="Bytes">Its length.</param>
/// <param name="Sha256">64 hex digits: here, and there.</param>
/// <param name="WasThere">It was there before, whole.</param>
/// <param name="Resumed">Bytes that an earlier push or attempt had sent.</param>
/// <param name="VerifiedBy"><c>sha256sum</c> of the far side, or <c>reading</c> it back.</param>
/// <param name="Synced">The far side says that it is on its disk.</param>
public sealed record PushedFileView(
    string Path,
    long Bytes,
    string Sha256,
    bool WasThere,
    long Resumed,
    string VerifiedBy,
    bool Synced
)
{
    public const string ByHash = "sha256sum";
    public const string ByReading = "reading";
}

/// <param name="Ok">True.</param>
/// <param name="Target">Its name.</param>
/// <param name="Path">Of the file, or of the folder, on the far side.</param>
/// <param name="Sums">Of the file with the hashes, on the far side.</param>
/// <param name="Files">All of them.</param>
/// <param name="Bytes">Of all of them.</param>
/// <param name="Documents">In them.</param>
/// <param name="Optime">The last oplog entry that is in it.</param>
/// <param name="Cuts">How often the connection was cut and came back.</param>
/// <param name="Excluded">Collections whose documents are not in it; left out where there is none.</param>
/// <param name="Undecided">Where transactions were prepared that may belong to it; left out where there is none.</param>
public sealed record PushView(
    bool Ok,
    string Target,
    string Path,
    string Sums,
    IReadOnlyList<PushedFileView> Files,
    long Bytes,
    long Documents,
    OptimeView Optime,
    int Cuts,
    IReadOnlyList<ExcludedView>? Excluded,
    IReadOnlyList<OptimeView>? Undecided
);
