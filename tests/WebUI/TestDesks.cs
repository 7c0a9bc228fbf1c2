using Backup.Foundation.Contracts;
using Backup.Metadata;
using Backup.WebUI.Contracts;
using Backup.WebUI.Desks;

namespace Backup.Tests.WebUI;

/// <summary>Desks that answer from what a test put there, and write down what they were asked to do.</summary>
internal sealed partial class TestDesks
    : IStatusDesk,
        IDeploymentDesk,
        ISnapshotDesk,
        IPolicyDesk,
        ILinkDesk,
        ISshDesk,
        IRestoreDesk,
        IAgentDesk,
        IStorageDesk,
        ISubjectDesk,
        ICredentialDesk,
        IAlertDesk,
        IDocumentDesk,
        IServeDesk,
        IAccountDesk,
        IAgentBuildDesk,
        IApplianceDesk,
        IReportDesk
{
    private static readonly DateTimeOffset Noon = new(2026, 11, 22, 12, 0, 0, TimeSpan.Zero);

    public ApiDesks All =>
        new(
            this,
            this,
            this,
            this,
            this,
            this,
            this,
            this,
            this,
            this,
            this,
            this,
            this,
            this,
            this,
            this,
            this,
            this,
            this,
            this,
            this
        );

    /// <summary>In the order in which it was asked for.</summary>
    public List<string> Done { get; } = [];

    /// <summary>Targets that were looked at before they were written to.</summary>
    public List<string> Foreign { get; } = [];

    public List<DeploymentView> Deployments { get; } = [];

    public List<SnapshotView> Snapshots { get; } = [];

    public List<RestoreTaskView> Restores { get; } = [];

    /// <summary>What the next one that does something fails with.</summary>
    public Exception? Failure { get; set; }

    /// <summary>What every look fails with; null where none does.</summary>
    public Exception? StatusFailure { get; set; }

    /// <summary>How often somebody asked how everything is.</summary>
    public int Looked { get; private set; }

    public Task<StatusView> StatusAsync(CancellationToken cancellation)
    {
        Looked++;
        if (StatusFailure is { } failure)
        {
            return Task.FromException<StatusView>(failure);
        }

        return Task.FromResult(new StatusView([.. Deployments], [], []) { Running = true });
    }

    public async Task<BoardView> BoardAsync(IReadOnlyCollection<string> subjects, CancellationToken cancellation)
    {
        var status = await StatusAsync(cancellation);
        var holdings = new Dictionary<string, HoldingsView>();
        foreach (var subject in subjects)
        {
            var snapshots = await SnapshotsAsync(subject, cancellation);
            holdings[subject] = new HoldingsView(
                snapshots.MaxBy(static one => one.CreatedAt),
                NewestOfCluster: null,
                [.. snapshots.Select(static one => one.CreatedAt)],
                snapshots.Sum(static one => one.NewBytes),
                await RangesAsync(subject, cancellation)
            );
        }

        return new BoardView(status, holdings);
    }

    public async Task<IReadOnlyList<JobView>> JobsAsync(
        IReadOnlyList<JobRecord> jobs,
        CancellationToken cancellation
    ) => await Task.WhenAll(jobs.Select(one => JobAsync(one.Id, cancellation)));

    public Task<JobView> JobAsync(string job, CancellationToken cancellation) =>
        Task.FromResult(new JobView(job, "snapshot", "running", "reading", 0.5, null, null));

    public Task<JobView> CancelAsync(string job, CancellationToken cancellation) =>
        Does($"cancel {job}", new JobView(job, "snapshot", "cancelled", "", 0.5, null, null));

    public Task<DeploymentEntryView> AddAsync(
        string groupId,
        DeploymentRequest request,
        CancellationToken cancellation
    ) =>
        Does(
            $"add {request.Uri} to {groupId}",
            new DeploymentEntryView("new", request.Name ?? "new", "replicaSet", [], null)
        );

    public Task<DeploymentEntryView> RemoveAsync(string deployment, CancellationToken cancellation) =>
        Does($"remove {deployment}", new DeploymentEntryView(deployment, "rs0", "replicaSet", [], Noon));

    public Task<DeploymentEntryView> SetUriAsync(string deployment, string uri, CancellationToken cancellation) =>
        Does($"{deployment} is at {uri}", new DeploymentEntryView(deployment, "rs0", "replicaSet", [], null));

    public Task<SourceView> ReadSourceAsync(string subject, CancellationToken cancellation) =>
        Task.FromResult(new SourceView(subject, "secondary", 2, false, 0, false, null));

    public Task<SourceView> ChangeSourceAsync(string subject, SourceChange change, CancellationToken cancellation) =>
        Does($"source {subject} {change.Paused}", new SourceView(subject, "secondary", 2, false, 0, false, null));

    public Task<NamespacesView> ReadNamespacesAsync(string subject, CancellationToken cancellation) =>
        Task.FromResult(new NamespacesView(subject, [], [], true, "everything"));

    public Task<NamespacesView> ChangeNamespacesAsync(
        string subject,
        NamespacesChange change,
        CancellationToken cancellation
    ) => Does($"namespaces {subject}", new NamespacesView(subject, change.Include ?? [], [], false, ""));

    public Task<ReplicaSetView> ResyncAsync(string replicaSet, CancellationToken cancellation) =>
        Does($"resync {replicaSet}", Set(replicaSet));

    public Task<ReplicaSetView> CopyAsync(string replicaSet, CopyRequest request, CancellationToken cancellation) =>
        Does($"copy {replicaSet} {string.Join(',', request.Namespaces)}", Set(replicaSet));

    public Task<ReplicaSetView> CancelCopiesAsync(string replicaSet, CancellationToken cancellation) =>
        Does($"cancel copies {replicaSet}", Set(replicaSet));

    public Task<FoundSubjectView> FindAsync(
        string name,
        SubjectKind kind,
        IReadOnlySet<string> groups,
        CancellationToken cancellation
    ) => Does($"find {kind} {name} in {groups.Count}", new FoundSubjectView("replicaSet", name, name, groups.First()));

    public Task<FoundSubjectView> OfSnapshotAsync(
        string snapshot,
        IReadOnlySet<string> groups,
        CancellationToken cancellation
    ) =>
        Does(
            $"find snapshot {snapshot} in {groups.Count}",
            new FoundSubjectView("replicaSet", "rs0", "set-rs0", groups.First())
        );

    Task<IReadOnlyList<KeyView>> ICredentialDesk.KeysAsync(string groupId, CancellationToken cancellation) =>
        Task.FromResult<IReadOnlyList<KeyView>>([Key(groupId, "key")]);

    public Task<KeyView> RevokeKeyAsync(string groupId, string key, CancellationToken cancellation) =>
        Does($"revoke key {key} of {groupId}", Key(groupId, key));

    public Task<KeyView> RotateKeyAsync(string groupId, string key, CancellationToken cancellation) =>
        Does($"rotate key {key} of {groupId}", Key(groupId, key));

    public Task<IReadOnlyList<CertificateView>> CertificatesAsync(string groupId, CancellationToken cancellation) =>
        Task.FromResult<IReadOnlyList<CertificateView>>([]);

    public Task<CertificateView> RevokeCertificateAsync(
        string groupId,
        string certificate,
        CancellationToken cancellation
    ) =>
        Does(
            $"revoke certificate {certificate} of {groupId}",
            new CertificateView(certificate, "agent", "host", "revoked", Noon, Noon, Noon)
        );

    private static KeyView Key(string group, string id) =>
        new(id, group, "agent", "host", "valid", Noon, null, null, RotationWanted: false);

    /// <summary>What is found of every document, before <see cref="Failure"/>.</summary>
    public List<DocumentLine> Versions { get; } = [];

    public IAsyncEnumerable<DocumentLine> GetAsync(DocumentRequest request, CancellationToken cancellation) =>
        LinesAsync($"get {request.Subject} {request.Namespace} {request.Id} {request.Moment?.Before}");

    public IAsyncEnumerable<DocumentLine> HistoryAsync(DocumentRequest request, CancellationToken cancellation) =>
        LinesAsync($"history {request.Subject} {request.Namespace} {request.Id} {request.Since?.Optime}");

    private async IAsyncEnumerable<DocumentLine> LinesAsync(string asked)
    {
        Done.Add(asked);
        foreach (var line in Versions)
        {
            await Task.Yield();
            yield return line;
        }

        if (Failure is { } failure)
        {
            Failure = null;
            throw failure;
        }
    }

    public Task<IReadOnlyList<SnapshotView>> SnapshotsAsync(string replicaSet, CancellationToken cancellation) =>
        Task.FromResult<IReadOnlyList<SnapshotView>>([.. Snapshots.Where(one => one.ReplicaSet == replicaSet)]);

    public Task<IReadOnlyList<ClusterSnapshotView>> ClusterSnapshotsAsync(
        string cluster,
        bool all,
        CancellationToken cancellation
    ) => Task.FromResult<IReadOnlyList<ClusterSnapshotView>>([]);

    public Task<JobView> RequestSnapshotAsync(string subject, long? keep, CancellationToken cancellation) =>
        Does($"snapshot {subject}", new JobView("job", "snapshot", "queued", "", 0, null, null));

    public Task<JobView> RequestVerificationAsync(string snapshot, CancellationToken cancellation) =>
        Does($"verify {snapshot}", new JobView("job", "verify", "queued", "", 0, null, null));

    public Task<RangesView> RangesAsync(string subject, CancellationToken cancellation) =>
        Task.FromResult(new RangesView(subject, [], []));

    public Task<PolicyView> ReadAsync(string subject, CancellationToken cancellation) =>
        Task.FromResult(new PolicyView(subject, 21600, Noon, 172800, 86400, Noon));

    public Task<PolicyView> ChangeAsync(string subject, PolicyChange change, CancellationToken cancellation) =>
        Does($"policy {subject} {change.IntervalSeconds}", new PolicyView(subject, 21600, Noon, 172800, 86400, Noon));

    public Task<PolicyPreviewView> PreviewAsync(string subject, PolicyChange change, CancellationToken cancellation) =>
        Task.FromResult(
            new PolicyPreviewView(new PolicyView(subject, 21600, Noon, 172800, 86400, Noon), [], 0, [], [])
        );

    public Task<SnapshotKeepingView> ChangeKeepingAsync(
        string snapshot,
        SnapshotChange change,
        CancellationToken cancellation
    ) => Does($"keep {snapshot} {change.Pinned}", new SnapshotKeepingView(snapshot, "rs0", false, Noon, null, []));

    public Task<DeletionView> PreviewDeletionAsync(string snapshot, CancellationToken cancellation) =>
        Task.FromResult(new DeletionView(snapshot, "rs0", false, Noon, 0, [], false));

    public Task<DeletionView> DeleteAsync(string snapshot, bool evenLast, CancellationToken cancellation) =>
        Does($"delete {snapshot} {evenLast}", new DeletionView(snapshot, "rs0", false, Noon, 0, [], evenLast));

    public Task<CreatedLinkView> CreateAsync(LinkRequest request, CancellationToken cancellation) =>
        Does(
            $"link {request.Subject} {request.Format} {request.Before}",
            new CreatedLinkView(Link("made"), "https://host/d/made/secret", "pin", "curl", "sha256sum")
        );

    public Task<LinkView> ShowAsync(string link, CancellationToken cancellation) => Task.FromResult(Link(link));

    Task<LinkView> ILinkDesk.RevokeAsync(string link, CancellationToken cancellation) =>
        Does($"revoke link {link}", Link(link));

    public Task<IReadOnlyList<SshKeyView>> KeysAsync(string groupId, CancellationToken cancellation) =>
        Task.FromResult<IReadOnlyList<SshKeyView>>([Key("offsite")]);

    public Task<SshKeyView> CreateKeyAsync(string groupId, SshKeyRequest request, CancellationToken cancellation) =>
        Does($"key {request.Name} of {groupId}", Key(request.Name));

    public Task<SshKeyView> RemoveKeyAsync(string groupId, string key, CancellationToken cancellation) =>
        Does($"remove key {key} of {groupId}", Key(key));

    public Task<IReadOnlyList<SshTargetView>> TargetsAsync(string groupId, CancellationToken cancellation) =>
        Task.FromResult<IReadOnlyList<SshTargetView>>([Target("vault")]);

    public Task<SshTargetView> AddTargetAsync(
        string groupId,
        SshTargetRequest request,
        CancellationToken cancellation
    ) => Does($"target {request.Name} of {groupId}", Target(request.Name));

    public Task<SshTargetView> RemoveTargetAsync(string groupId, string target, CancellationToken cancellation) =>
        Does($"remove target {target} of {groupId}", Target(target));

    public Task<IReadOnlyList<SshCheckView>> TestAsync(string groupId, string target, CancellationToken cancellation) =>
        Does<IReadOnlyList<SshCheckView>>($"test {target} of {groupId}", [new SshCheckView("login", "ok", null)]);

    public Task<IReadOnlyList<SshHostKeyView>> HostKeysAsync(string address, CancellationToken cancellation) =>
        Does<IReadOnlyList<SshHostKeyView>>($"host keys {address}", []);

    public void RequireForeign(string uri) => Foreign.Add(uri);

    public Task<RestoreTaskView> BeginAsync(
        string groupId,
        RestoreTaskRequest request,
        CancellationToken cancellation
    ) => Does($"restore of {groupId}", Restore(request.Push is null ? "into" : "push"));

    public Task<RestoreTaskView> RetryAsync(
        string groupId,
        string id,
        RetryRequest retry,
        CancellationToken cancellation
    ) => Does($"retry restore {id} {retry.Uri}", Restore("push"));

    public Task<JobView> RetryAsync(string job, CancellationToken cancellation) =>
        Does($"retry {job}", new JobView(job, "snapshot", "queued", "", 0, null, null));

    public Task<IReadOnlyList<RestoreTaskView>> ListAsync(string groupId, CancellationToken cancellation) =>
        Task.FromResult<IReadOnlyList<RestoreTaskView>>([.. Restores]);

    public Task<RestoreTaskView?> FindAsync(string groupId, string id, CancellationToken cancellation) =>
        Task.FromResult(Restores.Find(one => one.Id == id));

    public Task CancelAsync(string groupId, string id, CancellationToken cancellation) =>
        Does($"cancel restore {id}", 0);

    public Task<IReadOnlyList<AgentView>> ListAsync(CancellationToken cancellation) =>
        Task.FromResult<IReadOnlyList<AgentView>>([]);

    public Task<TokenView> MakeTokenAsync(string groupId, double minutes, CancellationToken cancellation) =>
        Does($"token of {groupId}", new TokenView("secret", Noon, "https://host:8081"));

    public Task<IReadOnlyList<MonitoringSample>> MonitoringAsync(
        string deployment,
        int minutes,
        int points,
        CancellationToken cancellation
    ) => Task.FromResult<IReadOnlyList<MonitoringSample>>([]);

    public Task<IReadOnlyList<HostExcerpt>> LookAsync(
        Deployment deployment,
        HostLookRequest request,
        CancellationToken cancellation
    ) => Does<IReadOnlyList<HostExcerpt>>($"look at {deployment.Id}", []);

    public Task<StepDownView> StepDownAsync(
        Deployment deployment,
        StepDownRequest request,
        CancellationToken cancellation
    ) => Does($"step down {deployment.Id}", new StepDownView("a:1", "b:1"));

    public Task<IReadOnlyList<MonitoringSpan>> HistoryAsync(
        string deployment,
        TimeSpan range,
        int points,
        CancellationToken cancellation
    ) => Task.FromResult<IReadOnlyList<MonitoringSpan>>([]);

    Task<AgentView> IAgentDesk.RevokeAsync(string agent, CancellationToken cancellation) =>
        Does($"revoke agent {agent}", new AgentView(agent, "host", "1.0.0", null));

    public Task<AgentLogView> LogsAsync(string agent, int lines, long? since, CancellationToken cancellation) =>
        Task.FromResult(new AgentLogView(agent, "host", [], false));

    public Task<SignedReportView> ReportAsync(string job, CancellationToken cancellation) =>
        Task.FromResult(new SignedReportView($"{{\"job\":\"{job}\"}}", "c2lnbmVk", "certificate"));

    public Task<ProofView?> LastProofAsync(string group, CancellationToken cancellation) =>
        Task.FromResult<ProofView?>(new ProofView(Noon, "rs0", "snapshot-1", "job-1"));

    public Task<StorageView> StorageAsync(CancellationToken cancellation) =>
        Task.FromResult(
            new StorageView(10, 1000, 100_000, 50_000, 2, 4000)
            {
                Space = new SpaceView(Noon, Error: null)
                {
                    CountedAt = Noon,
                    GroomedAt = Noon,
                    Seconds = 2.5,
                    LiveBytes = 900,
                    DeadBytes = 40,
                    HeldBytes = 60,
                    FreedBytes = 300,
                },
            }
        );

    Task<JobView> IStorageDesk.CheckAsync(CheckRequest request, CancellationToken cancellation) =>
        Does($"check {request.ReadPercent}", new JobView("check-1", "check", "queued", "queued", 0, null, null));

    public Task<StoresView> StoresAsync(string group, CancellationToken cancellation) =>
        Task.FromResult(
            new StoresView([new StoreSizeView("main", "packs", 10, 1000, 9000, 5000)], "main", false, [], null)
        );

    public IReadOnlyList<TaggedStore> TaggedStores { get; set; } = [new TaggedStore("main", [])];

    public Task<StoresView> SetTagsAsync(string group, TagsRequest request, CancellationToken cancellation) =>
        Does(
            $"tag {group} {string.Join(' ', request.Tags)}",
            new StoresView([new StoreSizeView("main", "packs", 10, 1000, 9000, 5000)], "main", false, [], null)
            {
                Tags = request.Tags,
            }
        );

    Task<JobView> IStorageDesk.MoveAsync(string group, MoveRequest request, CancellationToken cancellation) =>
        Does($"move to {request.Store}", new JobView("move-1", "move-group", "queued", "queued", 0, null, null));

    Task<JobView> IStorageDesk.GroomAsync(GroomRequest request, CancellationToken cancellation) =>
        Does($"groom {request.DryRun}", new JobView("groom-1", "groom", "queued", "queued", 0, null, null));

    public Task<ContentsView> ContentsAsync(
        string subject,
        string? snapshot,
        uint? second,
        CancellationToken cancellation
    ) => Task.FromResult(new ContentsView(snapshot ?? "newest", new OptimeView(1, 1), [], 0, 0));

    private Task<T> Does<T>(string what, T result)
    {
        if (Failure is { } failure)
        {
            Failure = null;
            return Task.FromException<T>(failure);
        }

        Done.Add(what);
        return Task.FromResult(result);
    }

    private static ReplicaSetView Set(string id) =>
        new(id, "rs0", "tailing", new OptimeView(1, 1), 0, 0, null, null, null);

    private static LinkView Link(string id) =>
        new(id, "open", "rs0", null, null, [], "archive", false, "f", Noon, Noon, 1, 0, 0, null, null, null, null);

    private static SshKeyView Key(string name) => new(name, "ssh-ed25519 AAAA", Noon, []);

    private static SshTargetView Target(string name) => new(name, "u@h", "/srv", "SHA256:x", "password", Noon);

    private static RestoreTaskView Restore(string kind) =>
        new("restore", kind, "rs0", "running", "", 0, 0, Noon, null, "user", null);
}
