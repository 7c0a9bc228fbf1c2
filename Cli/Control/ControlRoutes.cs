namespace Backup.Cli.Control;

/// <summary>
/// What the commands ask a running appliance, as HTTP/2 over a Unix socket in the data folder. Who may open that socket is
/// decided by the folder's permissions (owner only), so no key goes with a request.
/// </summary>
internal static class ControlRoutes
{
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
    internal const string Ranges = "/v1/replica-sets/{replicaSet}/ranges";
    internal const string Policy = "/v1/replica-sets/{replicaSet}/policy";
    internal const string Source = "/v1/replica-sets/{replicaSet}/source";
    internal const string Resync = "/v1/replica-sets/{replicaSet}/resync";
    internal const string Copies = "/v1/replica-sets/{replicaSet}/copies";
    internal const string CancelCopies = "/v1/replica-sets/{replicaSet}/copies/cancel";
    internal const string Namespaces = "/v1/replica-sets/{replicaSet}/namespaces";
    internal const string Job = "/v1/jobs/{job}";
    internal const string Cancel = "/v1/jobs/{job}/cancel";
    internal const string Restore = "/v1/snapshots/{snapshot}/restore/{format}";
    internal const string RestoreMoment = "/v1/replica-sets/{replicaSet}/restore/{format}";
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

    /// <summary>Query parameter of both restores, several times: what is restored; everything where there is none.</summary>
    internal const string NamespaceParameter = "namespace";

    /// <summary>Trailers of a restore's stream.</summary>
    internal const string DocumentsTrailer = "Backup-Documents";
    internal const string BytesTrailer = "Backup-Bytes";
    internal const string Sha256Trailer = "Backup-Sha256";
    internal const string OptimeTrailer = "Backup-Optime";
    internal const string ExcludedTrailer = "Backup-Excluded";
    internal const string UndecidedTrailer = "Backup-Undecided";
    internal const string ErrorTrailer = "Backup-Error";

    internal static string Fill(string route, string value) =>
        string.Concat(
            route.AsSpan(0, route.IndexOf('{')),
            Uri.EscapeDataString(value),
            route.AsSpan(route.IndexOf('}') + 1)
        );
}
