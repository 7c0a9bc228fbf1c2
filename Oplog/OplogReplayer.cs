using Backup.Foundation;
using Backup.Oplog.Catalogues;

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
    /// The source's feature compatibility version when the first entry was written, for example <c>4.2</c>; the replayer follows
    /// its changes. Null: not known, taken as 5.0 or later.
    /// </summary>
    public string? FeatureCompatibilityVersion { get; init; }

    /// <summary>Bytes of open transactions kept in memory before they are spilled, default 64 MiB.</summary>
    public long TransactionMemoryBytes { get; init; } = 64L << 20;

    /// <summary>A folder for this replayer alone: what a crash left in it is removed. Null: transactions stay in memory.</summary>
    public string? SpillFolder { get; init; }

    /// <summary>Told of what an operator or the head's keeper must know; called on the replaying thread.</summary>
    public Action<ReplayNotice>? OnNotice { get; init; }
}

/// <summary>What a <see cref="ReplayNotice"/> is about. The numbers are frozen.</summary>
public enum ReplayNoticeKind
{
    /// <summary>The feature compatibility version changed: take a snapshot right after it.</summary>
    FeatureCompatibilityChanged = 1,

    /// <summary>One collection can no longer be followed and needs a fresh copy.</summary>
    CollectionNeedsResync = 2,
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

/// <summary>
/// Turns oplog entries, in order, into operations on documents (<see cref="IOperationTarget"/>) and changes of the
/// <see cref="Catalogue"/>. One entry is applied as a whole or, where it is refused, not at all. Not thread-safe.
/// </summary>
public sealed class OplogReplayer : IDisposable
{
    /// <param name="catalogue">Changed by commands.</param>
    /// <param name="target">Receives the documents' operations.</param>
    /// <param name="options">Where to start.</param>
    public OplogReplayer(Catalogue catalogue, IOperationTarget target, OplogReplayerOptions options)
    {
        Catalogue = catalogue;
        _ = target;
        Mode = options.Mode;
        FeatureCompatibilityVersion = options.FeatureCompatibilityVersion;
    }

    public Catalogue Catalogue { get; }

    /// <summary>Set it to <see cref="ReplayMode.Consistent"/> once the entry that ends the copy has been applied.</summary>
    public ReplayMode Mode { get; set; }

    /// <summary>The last entry given to <see cref="Apply"/>; zero before the first.</summary>
    public Optime Position { get; private set; }

    /// <summary>The source's feature compatibility version as of <see cref="Position"/>; null where it is not known.</summary>
    public string? FeatureCompatibilityVersion { get; private set; }

    /// <summary>
    /// The first entry of the oldest transaction that is not decided: a checkpoint taken now must replay from here to rebuild it.
    /// Null: no transaction is open.
    /// </summary>
    public Optime? OldestOpenTransaction => throw new NotSupportedException();

    /// <summary>The transactions that are prepared and undecided at <see cref="Position"/>, oldest first.</summary>
    public IReadOnlyList<PreparedTransaction> PreparedTransactions => throw new NotSupportedException();

    /// <summary>Applies the next entry.</summary>
    /// <param name="entry">One raw oplog document; not kept.</param>
    /// <exception cref="Foundation.Errors.BackupException">2001 or 3001 to 3099; nothing of the entry is applied.</exception>
    public void Apply(ReadOnlyMemory<byte> entry) => throw new NotSupportedException();

    /// <summary>
    /// Completes the state at <paramref name="cut"/> after every entry up to it has been applied: shows the entries after it, in order,
    /// until it answers true. Of these only the decisions on transactions prepared by then count: committed with a
    /// <c>commitTimestamp</c> up to the cut, they belong to it and are applied now; the rest of the oplog is not.
    /// <see cref="Position"/> stays, and replay may go on from the cut as if nothing had happened.
    /// </summary>
    /// <returns>Whether all transactions prepared up to the cut are decided.</returns>
    public bool DecideAfter(Optime cut, ReadOnlyMemory<byte> entry) => throw new NotSupportedException();

    public void Dispose() { }
}
