namespace Backup.Cli.Control;

/// <summary>
/// What the commands ask a running appliance, as HTTP/2 over a Unix socket in the data folder. Who may open that socket is
/// decided by the folder's permissions (owner only), so no key goes with a request.
/// </summary>
internal static class ControlRoutes
{
    /// <summary>Answered with nothing: whether somebody is there.</summary>
    internal const string There = "/there";

    internal const string Status = "/v1/status";
    internal const string Deployments = "/v1/deployments";
    internal const string RemoveDeployment = "/v1/deployments/{deployment}/remove";
    internal const string Agents = "/v1/agents";
    internal const string Tokens = "/v1/tokens";
    internal const string RevokeAgent = "/v1/agents/{agent}/revoke";
    internal const string Updates = "/v1/agent-updates";
    internal const string WithdrawUpdate = "/v1/agent-updates/{platform}/withdraw";
    internal const string AgentLogs = "/v1/agents/{agent}/logs";

    /// <summary>Query parameters of <see cref="AgentLogs"/>: whole numbers; the second may be left out.</summary>
    internal const string LinesParameter = "lines";
    internal const string SinceParameter = "since";
    internal const string Snapshots = "/v1/replica-sets/{replicaSet}/snapshots";

    /// <summary>Query parameter of <see cref="Snapshots"/>: how many seconds it is kept; may be left out.</summary>
    internal const string KeepParameter = "keep";
    internal const string Keeping = "/v1/snapshots/{snapshot}/keeping";

    /// <summary>GET: what would go with it.</summary>
    internal const string DeleteSnapshot = "/v1/snapshots/{snapshot}/delete";

    /// <summary>Query parameter of <see cref="DeleteSnapshot"/>: true where the only one may go, too.</summary>
    internal const string EvenLastParameter = "evenLast";
    internal const string ClusterSnapshots = "/v1/clusters/{cluster}/snapshots";

    /// <summary>Query parameter of <see cref="ClusterSnapshots"/>: true for those that failed, and checkpoints, too.</summary>
    internal const string AllParameter = "all";
    internal const string Ranges = "/v1/replica-sets/{replicaSet}/ranges";
    internal const string Policy = "/v1/replica-sets/{replicaSet}/policy";
    internal const string PolicyPreview = "/v1/replica-sets/{replicaSet}/policy/preview";
    internal const string Source = "/v1/replica-sets/{replicaSet}/source";
    internal const string Resync = "/v1/replica-sets/{replicaSet}/resync";
    internal const string Copies = "/v1/replica-sets/{replicaSet}/copies";
    internal const string CancelCopies = "/v1/replica-sets/{replicaSet}/copies/cancel";
    internal const string Namespaces = "/v1/replica-sets/{replicaSet}/namespaces";
    internal const string Job = "/v1/jobs/{job}";
    internal const string Cancel = "/v1/jobs/{job}/cancel";
    internal const string Restore = "/v1/snapshots/{snapshot}/restore/{format}";
    internal const string RestoreMoment = "/v1/replica-sets/{replicaSet}/restore/{format}";
    internal const string RestoreCluster = "/v1/clusters/{cluster}/restore/{format}";
    internal const string ClusterFiles = "/v1/clusters/{cluster}/files";
    internal const string SshKeys = "/v1/ssh/keys";
    internal const string RemoveSshKey = "/v1/ssh/keys/{key}/remove";
    internal const string SshTargets = "/v1/ssh/targets";
    internal const string RemoveSshTarget = "/v1/ssh/targets/{target}/remove";
    internal const string TestSshTarget = "/v1/ssh/targets/{target}/test";
    internal const string SshHostKeys = "/v1/ssh/host-keys";

    /// <summary>Query parameter of <see cref="SshHostKeys"/>: USER@HOST[:PORT].</summary>
    internal const string AddressParameter = "address";
    internal const string People = "/v1/people";
    internal const string Person = "/v1/people/{email}";
    internal const string PersonPassword = "/v1/people/{email}/password";
    internal const string SetupToken = "/v1/setup-token";
    internal const string Push = "/v1/push";
    internal const string DataFiles = "/v1/data-files";
    internal const string RestoreTo = "/v1/restore-to";
    internal const string Links = "/v1/links";
    internal const string Link = "/v1/links/{link}";
    internal const string RevokeLink = "/v1/links/{link}/revoke";
    internal const string Audit = "/v1/audit";
    internal const string Served = "/v1/served";
    internal const string StopServed = "/v1/served/{id}/stop";

    /// <summary>Query parameters of <see cref="Audit"/>: milliseconds since 1970, and how many at most.</summary>
    internal const string FromParameter = "from";
    internal const string LimitParameter = "limit";
    internal const string Document = "/v1/document";
    internal const string DocumentHistory = "/v1/document/history";
    internal const string Subject = "/v1/subjects/{subject}";
    internal const string RestoreProgress = "/v1/restores/{restore}";
    internal const string Monitoring = "/v1/replica-sets/{replicaSet}/monitoring";
    internal const string PastMinutesParameter = "minutes";
    internal const string Keys = "/v1/keys";
    internal const string RevokeKey = "/v1/keys/{key}/revoke";
    internal const string RotateKey = "/v1/keys/{key}/rotate";
    internal const string Certificates = "/v1/certificates";
    internal const string RevokeCertificate = "/v1/certificates/{certificate}/revoke";
    internal const string Verify = "/v1/snapshots/{snapshot}/verify";

    /// <summary>Query parameter of <see cref="Tokens"/>.</summary>
    internal const string MinutesParameter = "minutes";

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
