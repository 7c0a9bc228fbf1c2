namespace Backup.Foundation.Contracts;

/// <summary>The limits and names that agent and server agree on. Keep in sync with docs/formats/slices.md.</summary>
public static class AgentProtocol
{
    /// <summary>Goes up when a server must no longer accept an older agent's requests.</summary>
    public const int Version = 2;

    /// <summary>Where the agent cuts a slice: raw bytes. One document more may go over it.</summary>
    public const int SliceTarget = 10 * 1024 * 1024;

    /// <summary>The longest raw slice a server accepts: several times the target and two of the largest documents.</summary>
    public const int MaxSliceRawLength = 64 * 1024 * 1024;

    /// <summary>The longest compressed body: what zstd may make of a raw slice that does not shrink.</summary>
    public const int MaxSliceBodyLength = MaxSliceRawLength + (MaxSliceRawLength >> 8) + 1024;

    /// <summary>The largest document inside a slice: an oplog entry of 16 MiB + 16 KiB.</summary>
    public const int MaxDocumentLength = (16 * 1024 * 1024) + (16 * 1024);

    /// <summary>The longest JSON body of a request that bears a key.</summary>
    public const int MaxJsonLength = 1024 * 1024;

    /// <summary>The longest JSON body of a request without a key: an enrolment with its certificate request has about 1 KiB.</summary>
    public const int MaxStrangersJsonLength = 16 * 1024;

    public const string SliceMediaType = "application/vnd.backup.slice+zstd";

    public const string JsonMediaType = "application/json";

    public const string ProblemMediaType = "application/problem+json";
}

/// <summary>Header names. Keep in sync with docs/formats/slices.md.</summary>
public static class AgentHeaders
{
    /// <summary>Of every request: <see cref="AgentProtocol.Version"/>.</summary>
    public const string Protocol = "Backup-Protocol";

    /// <summary>Of every request about a deployment: the fencing number of the lease that it is made under, decimal.</summary>
    public const string Fence = "Backup-Fence";

    /// <summary>Raw bytes of a slice, decimal.</summary>
    public const string RawLength = "Backup-Raw-Length";

    /// <summary>Documents or entries in a slice, decimal.</summary>
    public const string Documents = "Backup-Documents";

    /// <summary>SHA-256 of the raw bytes, 64 lower-case hex digits.</summary>
    public const string Sha256 = "Backup-Sha256";

    /// <summary>Optime of the entry just before an oplog slice: <c>t,i,term</c>.</summary>
    public const string Previous = "Backup-Previous-Optime";

    /// <summary>Optime of an oplog slice's first entry.</summary>
    public const string First = "Backup-First-Optime";

    /// <summary>Optime of an oplog slice's last entry.</summary>
    public const string Last = "Backup-Last-Optime";

    /// <summary>Optime from which a new sync's oplog is replayed.</summary>
    public const string Begin = "Backup-Begin-Optime";

    /// <summary>Of the filter that a new sync's catalogue was listed by: <see cref="FilterText.Fingerprint"/>.</summary>
    public const string Filter = "Backup-Filter";

    /// <summary>In answers: <c>wanted</c> while the agent is asked to replace the key that it bears (<see cref="AgentRoutes.Key"/>).</summary>
    public const string KeyRotation = "Backup-Key-Rotation";
}

/// <summary>The routes, relative to the server's base address. The templates are the server's, the methods the agent's.</summary>
public static class AgentRoutes
{
    public const string Prefix = "/agent/v1";

    /// <summary>GET, without a key: 200 while the server serves.</summary>
    public const string Health = Prefix + "/health";

    /// <summary>GET, without a key: the CA certificate (DER). Worth nothing until its fingerprint is checked against the token.</summary>
    public const string Authority = Prefix + "/authority";

    /// <summary>POST <see cref="EnrolRequest"/>, without a key.</summary>
    public const string Enrol = Prefix + "/enrol";

    /// <summary>
    /// POST without a body: answered with the <see cref="KeyAnswer"/> that is to replace the key of this request, which stays valid. Each
    /// call makes another one and forgets the one handed out before.
    /// </summary>
    public const string Key = Prefix + "/key";

    /// <summary>
    /// POST without a body, with the new key, once it is stored durably: the new one is valid from then on, the one that it replaces
    /// has ended. Again: nothing changes.
    /// </summary>
    public const string KeyConfirmation = Prefix + "/key/confirmation";

    /// <summary>POST <see cref="CertificateOrder"/>, answered with a <see cref="CertificateAnswer"/>.</summary>
    public const string Certificate = Prefix + "/certificate";

    /// <summary>GET <see cref="AgentConfiguration"/>, with ETag.</summary>
    public const string Configuration = Prefix + "/configuration";

    /// <summary>POST <see cref="Contracts.Heartbeat"/>, answered with a <see cref="HeartbeatAnswer"/>.</summary>
    public const string Heartbeat = Prefix + "/heartbeat";

    /// <summary>POST <see cref="LogExcerpt"/>, where the answer to a heartbeat asked for one.</summary>
    public const string Logs = Prefix + "/logs";

    /// <summary>GET the <see cref="UpdateOffer"/> for a platform, whatever protocol the agent speaks; 204 where there is none.</summary>
    public const string UpdateTemplate = Prefix + "/updates/{platform}";

    /// <summary>GET the program with that hash, whatever protocol the agent speaks.</summary>
    public const string UpdateProgramTemplate = Prefix + "/updates/programs/{sha256}";

    /// <summary>POST <see cref="LeaseClaim"/>, answered with a <see cref="LeaseAnswer"/>. Without a fence.</summary>
    public const string LeaseTemplate = Prefix + "/deployments/{deploymentId}/lease";

    /// <summary>POST <see cref="LeaseClaim"/>: the lease is given back. Without a fence.</summary>
    public const string LeaseReleaseTemplate = LeaseTemplate + "/release";

    /// <summary>POST <see cref="DiscoveryReport"/>, answered with an <see cref="Assignment"/>.</summary>
    public const string DiscoveryTemplate = Prefix + "/deployments/{deploymentId}/discovery";

    /// <summary>POST <see cref="ClusterReport"/>, or GET: answered with <see cref="ClusterOrders"/>.</summary>
    public const string ClusterTemplate = Prefix + "/deployments/{deploymentId}/cluster";

    /// <summary>POST without a body: the balancer is on again; answered with a <see cref="CutAnswer"/>.</summary>
    public const string BalancerStartedTemplate = ClusterTemplate + "/balancer-started";

    /// <summary>POST <see cref="CutBegun"/>, answered with a <see cref="CutAnswer"/>.</summary>
    public const string CutBegunTemplate = ClusterTemplate + "/cuts/{cutId}/begun";

    /// <summary>POST <see cref="CutRested"/>, answered with a <see cref="CutAnswer"/>.</summary>
    public const string CutRestedTemplate = ClusterTemplate + "/cuts/{cutId}/rested";

    /// <summary>POST <see cref="CutMarked"/>, answered with a <see cref="CutAnswer"/>.</summary>
    public const string CutMarkedTemplate = ClusterTemplate + "/cuts/{cutId}/marked";

    /// <summary>POST <see cref="MonitoringSample"/>, once a minute.</summary>
    public const string MonitoringTemplate = Prefix + "/deployments/{deploymentId}/monitoring";

    /// <summary>POST <see cref="HostAnswer"/>, where the answer to a heartbeat asked for it.</summary>
    public const string HostAnswerTemplate = Prefix + "/deployments/{deploymentId}/hosts";

    /// <summary>POST the catalogue (a slice body); answered with an <see cref="Assignment"/>.</summary>
    public const string SyncsTemplate = Prefix + "/replica-sets/{replicaSetId}/syncs";

    /// <summary>GET: answered with a <see cref="PartialSyncAnswer"/>, or 204 where none is to be worked on.</summary>
    public const string PartialSyncTemplate = Prefix + "/replica-sets/{replicaSetId}/partial-sync";

    /// <summary>POST the catalogue (a slice body, which may be empty) of a partial sync: answered with a <see cref="PartialSyncAnswer"/>.</summary>
    public const string PartialBeginTemplate = Prefix + "/syncs/{syncId}/begin";

    /// <summary>POST <see cref="HoleReport"/>.</summary>
    public const string HolesTemplate = Prefix + "/replica-sets/{replicaSetId}/holes";

    /// <summary>PUT a slice.</summary>
    public const string SyncSliceTemplate =
        Prefix + "/syncs/{syncId}/collections/{collection:guid}/{range:int}/slices/{sequence:long}";

    /// <summary>POST without a body: nothing more will come of this range.</summary>
    public const string RangeDoneTemplate = Prefix + "/syncs/{syncId}/collections/{collection:guid}/{range:int}/done";

    /// <summary>
    /// POST without a body: forget the slices of this range, it is copied afresh. Answered with a <see cref="SliceAnswer"/>: its sequence goes
    /// on, so that no name of a stored slice is used twice.
    /// </summary>
    public const string RangeResetTemplate = Prefix + "/syncs/{syncId}/collections/{collection:guid}/{range:int}/reset";

    /// <summary>POST <see cref="CopiedReport"/>.</summary>
    public const string CopiedTemplate = Prefix + "/syncs/{syncId}/copied";

    /// <summary>PUT a slice.</summary>
    public const string OplogSliceTemplate = Prefix + "/syncs/{syncId}/oplog/{sequence:long}";

    public static string Update(string platform) => $"{Prefix}/updates/{platform}";

    public static string UpdateProgram(string sha256) => $"{Prefix}/updates/programs/{sha256}";

    public static string Lease(string deploymentId) => $"{Prefix}/deployments/{deploymentId}/lease";

    public static string LeaseRelease(string deploymentId) => $"{Lease(deploymentId)}/release";

    public static string Discovery(string deploymentId) => $"{Prefix}/deployments/{deploymentId}/discovery";

    public static string Cluster(string deploymentId) => $"{Prefix}/deployments/{deploymentId}/cluster";

    public static string BalancerStarted(string deploymentId) => $"{Cluster(deploymentId)}/balancer-started";

    /// <param name="deploymentId">Of the cluster.</param>
    /// <param name="cutId">Ours.</param>
    /// <param name="step"><c>begun</c>, <c>rested</c> or <c>marked</c>.</param>
    public static string Cut(string deploymentId, string cutId, string step) =>
        $"{Cluster(deploymentId)}/cuts/{cutId}/{step}";

    public static string Monitoring(string deploymentId) => $"{Prefix}/deployments/{deploymentId}/monitoring";

    public static string HostAnswer(string deploymentId) => $"{Prefix}/deployments/{deploymentId}/hosts";

    public static string Syncs(string replicaSetId) => $"{Prefix}/replica-sets/{replicaSetId}/syncs";

    public static string PartialSync(string replicaSetId) => $"{Prefix}/replica-sets/{replicaSetId}/partial-sync";

    public static string PartialBegin(string syncId) => $"{Prefix}/syncs/{syncId}/begin";

    public static string Holes(string replicaSetId) => $"{Prefix}/replica-sets/{replicaSetId}/holes";

    public static string SyncSlice(string syncId, Guid collection, int range, long sequence) =>
        $"{Range(syncId, collection, range)}/slices/{sequence}";

    public static string RangeDone(string syncId, Guid collection, int range) =>
        $"{Range(syncId, collection, range)}/done";

    public static string RangeReset(string syncId, Guid collection, int range) =>
        $"{Range(syncId, collection, range)}/reset";

    public static string Copied(string syncId) => $"{Prefix}/syncs/{syncId}/copied";

    public static string OplogSlice(string syncId, long sequence) => $"{Prefix}/syncs/{syncId}/oplog/{sequence}";

    private static string Range(string syncId, Guid collection, int range) =>
        $"{Prefix}/syncs/{syncId}/collections/{collection:D}/{range}";
}
