using Backup.Foundation;

namespace Backup.Oplog;

/// <summary>What the documents under a replayer are.</summary>
public enum ReplayMode
{
    /// <summary>A fuzzy copy of an initial sync, before its end: what an entry refers to may be gone or newer already.</summary>
    CatchingUp = 0,

    /// <summary>The exact state at an optime: what an entry refers to must be there.</summary>
    Consistent = 1,
}

/// <summary>How a replayer starts.</summary>
public sealed class OplogReplayerOptions
{
    /// <summary>Default <see cref="ReplayMode.Consistent"/>.</summary>
    public ReplayMode Mode { get; init; } = ReplayMode.Consistent;

    /// <summary>Entries up to and including this optime are applied already: they only rebuild the buffer of open transactions.</summary>
    public Optime AppliedThrough { get; init; } = Optime.Zero;

    /// <summary>
    /// Transactions that <see cref="AppliedThrough"/> holds although their commit comes later: those of <see cref="OplogReplayer.AppliedAhead"/> of the
    /// replay that made it. Their commits change nothing.
    /// </summary>
    public IReadOnlyList<PreparedTransaction> AppliedAhead { get; init; } = [];

    /// <summary>
    /// The source's feature compatibility version at <see cref="AppliedThrough"/>, or where the oplog begins, for example <c>4.2</c>; the
    /// replayer follows its changes. Null: not known, taken as 5.0 or later.
    /// </summary>
    public string? FeatureCompatibilityVersion { get; init; }

    /// <summary>Bytes of open transactions kept in memory before they are spilled, default 64 MiB.</summary>
    public long TransactionMemoryBytes { get; init; } = 64L << 20;

    /// <summary>A folder for this replayer alone: what a crash left in it is removed. Null: transactions stay in memory.</summary>
    public string? SpillFolder { get; init; }

    /// <summary>
    /// Which namespaces (<c>db.collection</c>) are kept beside what <see cref="CopiedNamespaces"/> says; null: all. Asked for collections that
    /// the catalogue does not know yet.
    /// </summary>
    public Func<string, bool>? Includes { get; init; }

    /// <summary>Which names a collection that the catalogue holds may get by a rename and stay; any other makes it leave. Null: as <see cref="Includes"/>.</summary>
    public Func<string, bool>? Keeps { get; init; }

    /// <summary>
    /// Whether the catalogue holds some collections of a replica set, and another head holds the rest. Those it holds are followed wherever a rename
    /// takes them; of the others those are added that are created under a name that <see cref="Includes"/> takes. A collection that gets such
    /// a name by a rename is marked as excluded: it is the other head's.
    /// </summary>
    public bool IsPartial { get; init; }

    /// <summary>Told of what an operator or the head's keeper must know; called on the replaying thread.</summary>
    public Action<ReplayNotice>? OnNotice { get; init; }

    /// <summary>Sees what is applied; null: nobody counts.</summary>
    public IOperationWatch? Watch { get; init; }
}

/// <summary>What a <see cref="ReplayNotice"/> is about. The numbers are frozen.</summary>
public enum ReplayNoticeKind
{
    /// <summary>The feature compatibility version changed: take a snapshot right after it.</summary>
    FeatureCompatibilityChanged = 1,

    /// <summary>One collection can no longer be followed and needs a fresh copy.</summary>
    CollectionNeedsResync = 2,

    /// <summary>A collection cannot be backed up: its documents have no <c>_id</c>.</summary>
    CollectionExcluded = 3,

    /// <summary>A collection was renamed to a name that is not kept: it is gone from here on.</summary>
    CollectionLeft = 4,
}

/// <param name="Kind">What happened.</param>
/// <param name="At">At which entry.</param>
/// <param name="Namespace">Of the collection, or <c>admin.system.version</c>.</param>
/// <param name="Collection">Its UUID, where one is known.</param>
/// <param name="Text">For people: the new version, or the cause.</param>
public sealed record ReplayNotice(ReplayNoticeKind Kind, Optime At, string Namespace, Guid? Collection, string Text);

/// <summary>A transaction that is prepared and not yet decided.</summary>
/// <param name="Start">Its first entry.</param>
/// <param name="Prepared">The entry that prepared it.</param>
/// <param name="TransactionNumber"><c>txnNumber</c></param>
/// <param name="Session">The raw <c>lsid</c>, as a document.</param>
public sealed record PreparedTransaction(
    Optime Start,
    Optime Prepared,
    long TransactionNumber,
    MongoWire.Bson.BsonDocument Session
);
