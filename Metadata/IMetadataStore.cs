using Backup.Foundation;
using Backup.Metadata.Alerting;
using Backup.Metadata.Exports;
using Backup.Metadata.People;

namespace Backup.Metadata;

/// <summary>
/// The catalogue of everything. Thread-safe; every call is one transaction, durable when it returns; a call that throws
/// has changed nothing. Times and durations are kept to the millisecond, in UTC. A call that names a record that is not there
/// throws 6009 where it would change it and gives null or nothing where it looks for it; a second record with the same id is refused
/// with 6008. Errors are 6000 to 6999, and 1003 where the disk is full.
/// </summary>
public interface IMetadataStore : IAsyncDisposable
{
    IAccess Access { get; }

    ICredentials Credentials { get; }

    IPeople People { get; }

    ISshTargets SshTargets { get; }

    IGroupKeys GroupKeys { get; }

    IAnswers Answers { get; }

    IServerInstances Instances { get; }

    IMonitoring Monitoring { get; }

    IRadar Radar { get; }

    IHostRequests HostRequests { get; }

    IAgentLogs AgentLogs { get; }

    IDeployments Deployments { get; }

    IClusters Clusters { get; }

    IAlerts Alerts { get; }

    IAlertRules AlertRules { get; }

    IAlertExcerpts AlertExcerpts { get; }

    IAlertChannels AlertChannels { get; }

    ILeases Leases { get; }

    IDaemons Daemons { get; }

    IHeadLeases HeadLeases { get; }

    IStoreSessions StoreSessions { get; }

    IGroupStores GroupStores { get; }

    ISyncs Syncs { get; }

    IPartialSyncs PartialSyncs { get; }

    IOplogSlices OplogSlices { get; }

    IReadHolds Holds { get; }

    IHeads Heads { get; }

    ISnapshots Snapshots { get; }

    IJobs Jobs { get; }

    IDownloadLinks Links { get; }

    IAudit Audit { get; }

    ISettings Settings { get; }

    /// <summary>How every deployment is and what can be restored of it, as of one moment.</summary>
    Task<Glance> GlanceAsync(CancellationToken cancellation = default);

    /// <summary>
    /// Every block that anything in the catalogue refers to, as of one moment: manifests of heads, of snapshots, of the parts of cuts that are not
    /// complete, and of what is read; nothing of a group whose keys were destroyed. A groom of the block store keeps what they need, and nothing else.
    /// </summary>
    Task<IReadOnlyList<ManifestReference>> ManifestsAsync(CancellationToken cancellation = default);

    /// <summary>
    /// Writes everything that is stored, as of one moment, into a file for its owner alone, while all goes on. The file is one format, whatever the store:
    /// <see cref="StagedImport"/> reads it. Secrets are in it as they are stored: sealed, wrapped or as hashes.
    /// </summary>
    /// <param name="path">Replaced where it is there; it is there whole, or not at all.</param>
    /// <param name="cancellation">Nothing is left then.</param>
    /// <exception cref="Foundation.Errors.BackupException">1003, 1004 where it cannot be written, 6338 where a record is too long for it.</exception>
    Task<MetadataExport> ExportAsync(string path, CancellationToken cancellation = default);

    /// <summary>
    /// Whether the catalogue is still one that processes of the release before can work on, beside those of this one. What they do not understand is not written
    /// until <see cref="FinishUpgradeAsync"/>.
    /// </summary>
    Task<bool> UpgradeWaitsAsync(CancellationToken cancellation = default);

    /// <summary>
    /// From now on the release before opens it no more (6002), and what it would not understand is written: URIs of deployments are sealed, in the same transaction. No
    /// process of that release may work on it any more; whoever asks for it knows. Nothing happens where it was done before.
    /// </summary>
    /// <returns>How many URIs were sealed.</returns>
    /// <exception cref="Foundation.Errors.BackupException">6346 this process has not the key.</exception>
    Task<int> FinishUpgradeAsync(CancellationToken cancellation = default);

    /// <summary>
    /// The same catalogue for an agent's writes: each looks, in its own transaction, whether that lease is still the deployment's current one, and
    /// is refused with 6014, nothing changed, where it is not. Reads are as ever. Disposing it does nothing.
    /// </summary>
    IMetadataStore Under(LeaseProof proof);

    /// <summary>
    /// The same for the writes of the daemon that keeps a head: each is refused, nothing changed, where it does not keep it any more (6018), or where one of
    /// the sessions with block stores that it keeps it under was revoked (6320, <see cref="IStoreSessions"/>).
    /// </summary>
    IMetadataStore Under(HeadProof proof);

    /// <summary>Grows with every write of this process. Read it before looking for work, wait with it after: no change is missed.</summary>
    long ChangeCount { get; }

    /// <summary>
    /// Completes at once where <see cref="ChangeCount"/> is past <paramref name="seen"/>, else soon after the next write of this process,
    /// or after <paramref name="atMost"/>. Spurious completions are allowed. A call that changed nothing is no write.
    /// </summary>
    Task WaitForChangeAsync(long seen, TimeSpan atMost, CancellationToken cancellation = default);

    /// <summary>The same from now on; what was written between a look and this call is noticed after <paramref name="atMost"/> only.</summary>
    Task WaitForChangeAsync(TimeSpan atMost, CancellationToken cancellation = default) =>
        WaitForChangeAsync(ChangeCount, atMost, cancellation);
}

public interface IAccess
{
    /// <summary>The group of that name, made where it is missing.</summary>
    Task<Group> EnsureGroupAsync(string name, CancellationToken cancellation = default);

    Task<IReadOnlyList<Group>> GroupsAsync(CancellationToken cancellation = default);

    Task AddTokenAsync(EnrolmentToken token, CancellationToken cancellation = default);

    /// <summary>
    /// Uses up the token and adds the agent with its first key, valid, and its certificate in one step; null where the token is unknown, used
    /// or expired.
    /// </summary>
    /// <param name="agent">Its GroupId is taken from the token.</param>
    /// <param name="key">Its GroupId is taken from the token.</param>
    /// <param name="certificate">Null where none was issued.</param>
    Task<AgentRecord?> EnrolAsync(
        byte[] secretHash,
        AgentRecord agent,
        ApiKeyRecord key,
        ClientCertificateRecord? certificate = null,
        CancellationToken cancellation = default
    );

    Task<IReadOnlyList<AgentRecord>> AgentsAsync(CancellationToken cancellation = default);

    Task AgentSeenAsync(string agentId, string version, CancellationToken cancellation = default);

    /// <summary>Whatever the agent proves itself with is refused from now on.</summary>
    Task RevokeAgentAsync(string agentId, CancellationToken cancellation = default);
}

public interface IDeployments
{
    /// <summary>
    /// Adds the deployment, its URI sealed, or gives the one of this group that has the same URI: protected again where it was removed. One whose URI cannot be opened is
    /// not known by it.
    /// </summary>
    /// <exception cref="Foundation.Errors.BackupException">6346 this process has not the key.</exception>
    Task<Deployment> EnsureAsync(Deployment deployment, CancellationToken cancellation = default);

    /// <summary>All that were ever asked for, those that were removed too.</summary>
    Task<IReadOnlyList<Deployment>> ListAsync(CancellationToken cancellation = default);

    Task<Deployment?> FindAsync(string id, CancellationToken cancellation = default);

    /// <summary>
    /// The deployment is no longer protected, a cluster with all its sets; its lease is over at once, so nothing more is written of it. All that is
    /// stored stays. Nothing happens where it was removed before; 6009 where there is none.
    /// </summary>
    Task RemoveAsync(string deploymentId, CancellationToken cancellation = default);

    /// <summary>The URI itself, which may hold a password: for agents and for comparing, never to be logged or shown whole.</summary>
    /// <exception cref="Foundation.Errors.BackupException">6345 it cannot be opened: another key, or damaged; 6346 this process has not the key.</exception>
    string OpenUri(Deployment deployment);

    /// <summary>The same deployment is to be found there from now on: another password, other seeds. Gives what is stored.</summary>
    /// <exception cref="Foundation.Errors.BackupException">6009 there is none, 6348 another one of its group has that URI, 6346 this process has not the key.</exception>
    Task<Deployment> SetUriAsync(string deploymentId, string uri, CancellationToken cancellation = default);

    /// <summary>
    /// Seals every URI that is not sealed yet, in one transaction; again, it finds none. Nothing happens where this process has not the key, or where the release before
    /// may still work on the catalogue. When it last did something is the setting <see cref="SealedAtSetting"/>.
    /// </summary>
    /// <returns>How many.</returns>
    Task<int> SealUrisAsync(CancellationToken cancellation = default);

    /// <summary>Milliseconds since 1970-01-01 UTC: what was exported before that may hold URIs that are not sealed. Frozen.</summary>
    public const string SealedAtSetting = "deployments.uris_sealed_at";

    /// <summary>From now on that is to be backed up of it: heads and agents follow. Gives what is stored; 6009 where there is none.</summary>
    Task<Deployment> SetNamespacesAsync(
        string deploymentId,
        NamespaceFilter filter,
        CancellationToken cancellation = default
    );

    Task<IReadOnlyList<ReplicaSetRecord>> ReplicaSetsAsync(CancellationToken cancellation = default);

    Task<ReplicaSetRecord?> FindReplicaSetAsync(string id, CancellationToken cancellation = default);

    /// <summary>
    /// Adds the replica set, or brings versions and names of the one with the same deployment and SetId up to date; State, Stop*, SyncId
    /// and Source* of an existing one stay. Gives what is stored.
    /// </summary>
    Task<ReplicaSetRecord> EnsureReplicaSetAsync(ReplicaSetRecord replicaSet, CancellationToken cancellation = default);

    Task SetStateAsync(
        string replicaSetId,
        ReplicaSetState state,
        string? stopCode = null,
        string? stopMessage = null,
        string? stopHint = null,
        CancellationToken cancellation = default
    );

    /// <summary>Stores how far the source is. News that are older than what is stored change nothing.</summary>
    /// <param name="replicaSetId">6009 where there is none.</param>
    /// <param name="optime">What a majority of the source has.</param>
    /// <param name="readAfter">The reading began then or later; now, unless given, and never later than now.</param>
    Task SetSourceOptimeAsync(
        string replicaSetId,
        Optime optime,
        DateTimeOffset? readAfter = null,
        CancellationToken cancellation = default
    );

    /// <summary>Stores how the deployment's source is read from now on, under the next revision; 6009, or 6015 where a value is out of its range.</summary>
    Task<Deployment> SetSourceAsync(
        string deploymentId,
        SourceSettings settings,
        CancellationToken cancellation = default
    );

    /// <summary>Stores what that agent last reported of the deployment, replacing its report before it.</summary>
    Task SetAgentReportAsync(AgentReport report, CancellationToken cancellation = default);

    /// <summary>The last report of each agent of each deployment, whether it works on it or stands by.</summary>
    Task<IReadOnlyList<AgentReport>> AgentReportsAsync(CancellationToken cancellation = default);

    /// <summary>The stored policy of a replica set or of a cluster (its deployment), or the defaults.</summary>
    Task<SnapshotPolicy> PolicyAsync(string subjectId, CancellationToken cancellation = default);

    /// <summary>Refused with 6012 where a value is out of its range.</summary>
    Task SetPolicyAsync(SnapshotPolicy policy, CancellationToken cancellation = default);
}

public interface ISyncs
{
    /// <summary>
    /// Adds the sync with its collections, makes it the replica set's current one, abandons every older one: from then on slices of
    /// the older ones are refused with 6011, and where one had oplog slices an open hole (<see cref="HoleKind.Resync"/>) begins at its last entry.
    /// </summary>
    /// <param name="sync">State Copying.</param>
    /// <param name="catalogue">The source's collections as the agent listed them: one raw BSON document each, one after another.</param>
    /// <param name="collections">Those that are copied; their SyncId is the sync's.</param>
    /// <param name="cancellation">Nothing was changed then.</param>
    Task BeginAsync(
        SyncRecord sync,
        byte[] catalogue,
        IReadOnlyList<SyncCollection> collections,
        CancellationToken cancellation = default
    );

    Task<SyncRecord?> FindAsync(string syncId, CancellationToken cancellation = default);

    /// <summary>What <see cref="BeginAsync"/> was given. It can have megabytes: nothing for every request.</summary>
    /// <exception cref="Foundation.Errors.BackupException">6009 where there is no such sync.</exception>
    Task<byte[]> CatalogueAsync(string syncId, CancellationToken cancellation = default);

    /// <summary>Every sync of the whole replica set that has not been removed, oldest first; <see cref="IPartialSyncs"/> lists the others.</summary>
    Task<IReadOnlyList<SyncRecord>> ListAsync(string replicaSetId, CancellationToken cancellation = default);

    /// <summary>
    /// Removes an abandoned sync, those beside it, and the rows of its slices, once their objects are gone. Nothing happens where there is none; 6011
    /// where it is the current one.
    /// </summary>
    Task RemoveAsync(string syncId, CancellationToken cancellation = default);

    Task<IReadOnlyList<SyncCollection>> CollectionsAsync(string syncId, CancellationToken cancellation = default);

    /// <summary>The sums of all of them, without reading each.</summary>
    Task<SyncProgress> ProgressAsync(string syncId, CancellationToken cancellation = default);

    Task<SyncCollection?> FindCollectionAsync(
        string syncId,
        Guid collection,
        int range,
        CancellationToken cancellation = default
    );

    /// <summary>
    /// Records a durable slice and moves the collection's position in one step.
    /// False, and nothing changed, where the slice's sequence is not the collection's next one or the collection is done.
    /// </summary>
    Task<bool> AddSliceAsync(SyncSlice slice, byte[] lastId, CancellationToken cancellation = default);

    /// <summary>The durable slice with that sequence, or null.</summary>
    Task<SyncSlice?> FindSliceAsync(
        string syncId,
        Guid collection,
        int range,
        long sequence,
        CancellationToken cancellation = default
    );

    /// <summary>
    /// Removes the slices' rows of that range and puts its position back to the start (Documents, RawBytes 0, LastId null, not done) in one
    /// step. NextSequence goes on and leaves one out: a slice that is still on its way is refused, and no name of an object is ever used
    /// again. Those of the removed rows are listed by <see cref="IOplogSlices.DoomedAsync"/> and may be deleted at any later time.
    /// </summary>
    /// <returns>NextSequence.</returns>
    Task<long> ResetCollectionAsync(
        string syncId,
        Guid collection,
        int range,
        CancellationToken cancellation = default
    );

    /// <summary>
    /// State Abandoned, and of those beside it too; the replica set has no current sync and waits (SyncId null, state Waiting, no stop reason): its agent begins a new one.
    /// Where it had oplog slices an open hole (<see cref="HoleKind.Resync"/>) begins at its last entry. Nothing happens where there is no such sync.
    /// </summary>
    Task AbandonAsync(string syncId, CancellationToken cancellation = default);

    Task CollectionDoneAsync(string syncId, Guid collection, int range, CancellationToken cancellation = default);

    /// <summary>State Copied. Refused with 6010 while a collection is not done. The same end again changes nothing.</summary>
    Task CopiedAsync(string syncId, Optime end, CancellationToken cancellation = default);

    /// <summary>Slices of a collection in the order of range and sequence.</summary>
    Task<IReadOnlyList<SyncSlice>> SlicesAsync(
        string syncId,
        Guid collection,
        CancellationToken cancellation = default
    );

    /// <summary>
    /// State Built, the head stored, the sync slices' rows removed, and the replica set's open holes of older syncs closed at this sync's end, in
    /// one step; the objects are deleted by the caller afterwards.
    /// </summary>
    Task BuiltAsync(string syncId, HeadRecord head, CancellationToken cancellation = default);
}

public interface IOplogSlices
{
    /// <summary>
    /// Records a durable slice. False, and nothing changed, where its sequence is not the next one of its sync or where its Previous is
    /// not the Last of the newest one.
    /// </summary>
    Task<bool> AddAsync(OplogSlice slice, CancellationToken cancellation = default);

    Task<OplogSlice?> FindAsync(string syncId, long sequence, CancellationToken cancellation = default);

    /// <summary>By sync: the Last of the newest slice, of the syncs that replica sets have now (others may be there too); of one without slices there is none.</summary>
    Task<IReadOnlyDictionary<string, Optime>> NewestAsync(CancellationToken cancellation = default);

    /// <summary>The newest slice of that sync.</summary>
    Task<OplogSlice?> NewestAsync(string syncId, CancellationToken cancellation = default);

    /// <summary>At most <paramref name="limit"/> slices whose Last is after <paramref name="after"/>, in order.</summary>
    Task<IReadOnlyList<OplogSlice>> AfterAsync(
        string syncId,
        Optime after,
        int limit,
        CancellationToken cancellation = default
    );

    /// <summary>What the slices of that sync hold; null where there is none.</summary>
    Task<OplogExtent?> ExtentAsync(string syncId, CancellationToken cancellation = default);

    /// <summary>Raw bytes of the slices with entries after <paramref name="after"/> and not after <paramref name="through"/>.</summary>
    Task<long> RawBytesAsync(string syncId, Optime after, Optime through, CancellationToken cancellation = default);

    /// <summary>
    /// Gives up the slices whose Last is before <paramref name="before"/>, before what a hold that has not run out reads from, and before the begin
    /// of each partial sync beside that sync that is not built: their
    /// rows are removed and their objects are listed by <see cref="DoomedAsync"/>, in one step, so that no crash between the two leaves a
    /// row without its object or an object that nobody knows. The newest slice of a sync always stays, since the next one has to follow
    /// on it, except of an abandoned sync, which takes no more.
    /// </summary>
    /// <returns>How many were given up.</returns>
    Task<int> RemoveBeforeAsync(string syncId, Optime before, CancellationToken cancellation = default);

    /// <summary>At most <paramref name="limit"/> names of objects that no row refers to any more and that are to be deleted.</summary>
    Task<IReadOnlyList<string>> DoomedAsync(int limit, CancellationToken cancellation = default);

    /// <summary>Takes objects off that list, once they are deleted.</summary>
    Task DeletedAsync(IReadOnlyList<string> objectNames, CancellationToken cancellation = default);

    /// <summary>Nothing happens where a hole of the same sync, kind, From and namespace is known.</summary>
    Task AddHoleAsync(OplogHole hole, CancellationToken cancellation = default);

    /// <summary>Oldest first.</summary>
    Task<IReadOnlyList<OplogHole>> HolesAsync(string replicaSetId, CancellationToken cancellation = default);

    /// <summary>Removes the open holes of that kind: what stopped there has gone on.</summary>
    Task RemoveHolesAsync(string syncId, HoleKind kind, CancellationToken cancellation = default);
}

public interface IReadHolds
{
    /// <summary>Adds the hold, or renews it: the one with that id is replaced.</summary>
    Task SetAsync(ReadHold hold, CancellationToken cancellation = default);

    /// <summary>Nothing happens where there is none.</summary>
    Task ReleaseAsync(string id, CancellationToken cancellation = default);

    /// <summary>Those that have not run out.</summary>
    Task<IReadOnlyList<ReadHold>> ListAsync(string replicaSetId, CancellationToken cancellation = default);
}

public interface IHeads
{
    Task<HeadRecord?> FindAsync(string replicaSetId, CancellationToken cancellation = default);

    Task SetAsync(HeadRecord head, CancellationToken cancellation = default);

    /// <summary>Stores the head and a snapshot of it in one step.</summary>
    Task SetAsync(HeadRecord head, SnapshotRecord snapshot, CancellationToken cancellation = default);

    /// <summary>
    /// Stores the head and what its seam says in one step: the snapshot; the events; the partial sync is Built, its slices' rows are removed and their
    /// objects listed by <see cref="IOplogSlices.DoomedAsync"/>; open holes of collections that were copied are closed at the head's
    /// optime. False, and nothing changed, where the partial sync is not Copied (any more).
    /// </summary>
    Task<bool> CrossAsync(HeadRecord head, Seam seam, CancellationToken cancellation = default);

    /// <summary>Adds an event that is no seam. Nothing happens where one of the same sync, optime, kind and namespace is known.</summary>
    Task AddEventAsync(TimelineEvent added, CancellationToken cancellation = default);

    /// <summary>Of all syncs of the replica set, oldest first.</summary>
    Task<IReadOnlyList<TimelineEvent>> EventsAsync(string replicaSetId, CancellationToken cancellation = default);
}

public interface ISnapshots
{
    Task AddAsync(SnapshotRecord snapshot, CancellationToken cancellation = default);

    Task<SnapshotRecord?> FindAsync(string id, CancellationToken cancellation = default);

    /// <summary>How many there are of all replica sets, and the sum of their RawBytes.</summary>
    Task<(long Count, long RawBytes)> TotalAsync(CancellationToken cancellation = default);

    /// <summary>Newest first.</summary>
    Task<IReadOnlyList<SnapshotRecord>> ListAsync(string replicaSetId, CancellationToken cancellation = default);

    /// <summary>The newest one of each replica set that has one.</summary>
    Task<IReadOnlyList<SnapshotRecord>> NewestAsync(CancellationToken cancellation = default);

    /// <summary>Changes what somebody wants of a snapshot, and gives what is stored.</summary>
    /// <exception cref="Foundation.Errors.BackupException">6009 where there is none, 6154 where it is a part of a cluster's snapshot.</exception>
    Task<SnapshotRecord> KeepAsync(string id, KeepingChange change, CancellationToken cancellation = default);

    /// <summary>
    /// Removes a snapshot whose time is over. False, and nothing changed, where it is gone, a part of a cluster's snapshot, pinned, or read by somebody
    /// now, where it is the only one of its replica set, or where its end is another one than was seen: what was decided on is no longer so.
    /// </summary>
    /// <param name="seen">As it was when that was decided.</param>
    /// <param name="cancellation">Nothing was changed then.</param>
    Task<bool> ExpireAsync(SnapshotRecord seen, CancellationToken cancellation = default);

    /// <summary>Removes a snapshot since somebody wants it, whatever the policy says.</summary>
    /// <param name="id">Of one that is no part of a cluster's snapshot (6154).</param>
    /// <param name="evenLast">Also where it is the only one of its replica set.</param>
    /// <param name="cancellation">Nothing was changed then.</param>
    /// <exception cref="Foundation.Errors.BackupException">6009 none, 6151 the only one, 6152 somebody reads it, 6153 pinned: nothing is changed then.</exception>
    Task DeleteAsync(string id, bool evenLast, CancellationToken cancellation = default);
}
