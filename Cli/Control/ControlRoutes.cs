namespace Backup.Cli.Control;

/// <summary>
/// What the commands ask on this host alone, beside the public API that the same socket serves: streams of restores, and files of this host. Who may open the socket in the data folder is decided by the folder's permissions (owner only), so no key goes with a request.
/// </summary>
internal static class ControlRoutes
{
    /// <summary>Answered with nothing: whether somebody is there.</summary>
    internal const string There = "/there";

    internal const string Restore = "/v1/snapshots/{snapshot}/restore/{format}";
    internal const string RestoreMoment = "/v1/replica-sets/{replicaSet}/restore/{format}";
    internal const string RestoreCluster = "/v1/clusters/{cluster}/restore/{format}";
    internal const string ClusterFiles = "/v1/clusters/{cluster}/files";

    internal const string DataFiles = "/v1/data-files";

    internal const string RestoreProgress = "/v1/restores/{restore}";

    /// <summary>Query parameters of <see cref="RestoreMoment"/>: one of the first two, and under which id its progress can be asked for.</summary>
    internal const string OptimeParameter = "optime";
    internal const string SecondParameter = "before";
    internal const string IdParameter = "id";

    /// <summary>Query parameter of restores of clusters, where no moment is named: a cut's id; of the newest one without it.</summary>
    internal const string SnapshotParameter = "snapshot";

    /// <summary>Query parameter of <see cref="ClusterFiles"/>, without a value: with what migrations had left behind.</summary>
    internal const string RawParameter = "raw";

    /// <summary>Query parameter of all restores, several times: what is restored; everything where there is none.</summary>
    internal const string NamespaceParameter = "namespace";

    /// <summary>Query parameter of restores as one stream, without a value: compressed.</summary>
    internal const string GzipParameter = "gzip";

    /// <summary>Query parameters of restores to one stream: what is called otherwise, several times; with users and roles, without a value.</summary>
    internal const string RenameParameter = "rename";
    internal const string UsersParameter = "users";

    /// <summary>What is written is not hashed.</summary>
    internal const string NoChecksumParameter = "nochecksum";

    /// <summary>The ticket of a file that was handed in: a restore is written into it instead of into the answer.</summary>
    internal const string FileParameter = "file";

    /// <summary>Trailers of a restore's stream.</summary>
    internal const string DocumentsTrailer = "Backup-Documents";
    internal const string BytesTrailer = "Backup-Bytes";
    internal const string OptimeTrailer = "Backup-Optime";
    internal const string ExcludedTrailer = "Backup-Excluded";
    internal const string UndecidedTrailer = "Backup-Undecided";

    /// <summary>Of <see cref="ClusterFiles"/>: every file and the result behind them is there.</summary>
    internal const string ResultTrailer = "Backup-Result";
    internal const string ErrorTrailer = "Backup-Error";

    internal static string Fill(string route, string value) =>
        string.Concat(
            route.AsSpan(0, route.IndexOf('{')),
            Uri.EscapeDataString(value),
            route.AsSpan(route.IndexOf('}') + 1)
        );
}
