using System.Globalization;
using System.Text;
using Backup.Foundation;
using Backup.MongoWire.Bson;
using Backup.Oplog.Catalogues;
using Backup.Oplog.Transactions;

namespace Backup.Oplog;

/// <summary>
/// Turns oplog entries, in order, into operations on documents (<see cref="IOperationTarget"/>) and changes of the
/// <see cref="Catalogue"/>. One entry is applied as a whole or, where it is refused, not at all. Not thread-safe.
/// </summary>
public sealed partial class OplogReplayer : IDisposable
{
    private readonly IOperationTarget _target;
    private readonly OplogReplayerOptions _options;
    private readonly TransactionBuffer _transactions;
    private bool _trimsCapped;
    private bool _namesInIndexes;

    /// <param name="catalogue">Changed by commands.</param>
    /// <param name="target">Receives the documents' operations.</param>
    /// <param name="options">Where to start.</param>
    public OplogReplayer(Catalogue catalogue, IOperationTarget target, OplogReplayerOptions options)
    {
        Catalogue = catalogue;
        _target = target;
        _options = options;
        _transactions = new TransactionBuffer(options.TransactionMemoryBytes, options.SpillFolder);
        Mode = options.Mode;
        SetVersion(options.FeatureCompatibilityVersion);
    }

    public Catalogue Catalogue { get; }

    /// <summary>Set it to <see cref="ReplayMode.Consistent"/> once the entry that ends the copy has been applied.</summary>
    public ReplayMode Mode { get; set; }

    /// <summary>The last entry given to <see cref="Apply"/>; zero before the first.</summary>
    public Optime Position { get; private set; } = Optime.Zero;

    /// <summary>The source's feature compatibility version as of <see cref="Position"/>; null where it is not known.</summary>
    public string? FeatureCompatibilityVersion { get; private set; }

    /// <summary>
    /// The first entry of the oldest transaction that is not decided: a checkpoint taken now must replay from here to rebuild it.
    /// Null: no transaction is open.
    /// </summary>
    public Optime? OldestOpenTransaction => _transactions.OldestStart;

    /// <summary>The transactions that are prepared and undecided at <see cref="Position"/>, oldest first.</summary>
    public IReadOnlyList<PreparedTransaction> PreparedTransactions => _transactions.Prepared;

    /// <summary>Prepared transactions that <see cref="DecideAfter"/> applied and whose commit was not given to <see cref="Apply"/>, oldest first.</summary>
    public IReadOnlyList<PreparedTransaction> AppliedAhead => _transactions.AppliedAhead;

    /// <summary>Applies the next entry.</summary>
    /// <param name="entry">One raw oplog document; not kept.</param>
    /// <exception cref="Foundation.Errors.BackupException">2001 or 3001 to 3099; nothing of the entry is applied.</exception>
    public void Apply(ReadOnlyMemory<byte> entry)
    {
        var read = OplogEntry.Read(new BsonView(entry.Span));
        if (read.Optime <= Position)
        {
            throw OplogErrors.Order(read.Optime, Position);
        }

        var isRebuilding = read.Optime <= _options.AppliedThrough;
        if (read.Operation is [(byte)'c'])
        {
            var command = read.Object.First;
            if (!ApplyTransactionCommand(read, command, isRebuilding) && !isRebuilding)
            {
                Check(read, [], 0);
                ApplyOperation(read);
            }
        }
        else if (!isRebuilding)
        {
            ApplyOperation(read);
        }

        Position = read.Optime;
        _decisions.Clear();
    }

    public void Dispose() => _transactions.Dispose();

    /// <summary>Applies an operation that is no part of an undecided transaction.</summary>
    private void ApplyOperation(OplogEntry entry)
    {
        switch (entry.Operation)
        {
            case [(byte)'i']:
                Insert(entry);
                break;
            case [(byte)'u']:
                Update(entry);
                break;
            case [(byte)'d']:
                Delete(entry);
                break;
            case [(byte)'c']:
                ApplyCommand(entry);
                break;
            default:
                RequireNoOperation(entry);
                break;
        }
    }

    private static void RequireNoOperation(OplogEntry entry)
    {
        var isKnown =
            entry.Operation is [(byte)'n']
            || entry.Operation.SequenceEqual("xi"u8)
            || entry.Operation.SequenceEqual("xd"u8)
            || entry.Operation.SequenceEqual("ci"u8)
            || entry.Operation.SequenceEqual("cu"u8)
            || entry.Operation.SequenceEqual("cd"u8)
            || entry.Operation.SequenceEqual("km"u8)
            || entry.Operation.SequenceEqual("db"u8);
        if (!isKnown)
        {
            throw OplogErrors.Entry(
                entry.Optime,
                $"the operation '{Encoding.UTF8.GetString(entry.Operation)}' is not known"
            );
        }
    }

    private void Insert(OplogEntry entry)
    {
        if (entry.Collection is null && entry.Namespace.EndsWith(".system.indexes"u8))
        {
            CreateIndexOfOldServer(entry);
            return;
        }

        if (CollectionOf(entry) is not { } collection)
        {
            WatchForeignVersion(entry);
            return;
        }

        if (!entry.Object.Has("_id"u8))
        {
            Exclude(collection, entry.Optime, ReplayNoticeKind.CollectionExcluded, CatalogueCollection.WithoutId);
            return;
        }

        Watch(collection, WatchedOperation.Insert, entry);
        _target.Put(collection.Uuid, entry.Object, isInsert: true);
        if (_trimsCapped && collection.IsCapped)
        {
            _target.TrimOldest(collection.Uuid, collection.CappedBytes, collection.CappedDocuments);
        }

        WatchVersion(entry);
    }

    private void Update(OplogEntry entry)
    {
        if (CollectionOf(entry) is not { } collection)
        {
            WatchForeignVersion(entry);
            return;
        }

        if (!entry.HasObject2)
        {
            throw OplogErrors.Entry(entry.Optime, "an update does not say of which document");
        }

        Watch(collection, WatchedOperation.Update, entry);
        if (DocumentUpdate.IsPartial(entry.Object))
        {
            var ifMissing =
                entry.IsUpsert ? MissingDocument.Upsert
                : Mode == ReplayMode.CatchingUp ? MissingDocument.Ignore
                : MissingDocument.Damage;
            _target.Update(collection.Uuid, entry.Object2, entry.Object, ifMissing, entry.Optime);
        }
        else if (entry.Object.Has("_id"u8))
        {
            _target.Put(collection.Uuid, entry.Object, isInsert: false);
        }
        else
        {
            using var writer = new BsonWriter();
            writer.BeginDocument().Element(entry.Object2["_id"u8]).RawElements(entry.Object.Bytes[4..^1]).EndDocument();
            _target.Put(collection.Uuid, new BsonView(writer.Written), isInsert: false);
        }

        WatchVersion(entry);
    }

    private void Delete(OplogEntry entry)
    {
        if (CollectionOf(entry) is { } collection)
        {
            Watch(collection, WatchedOperation.Delete, entry);
            _target.Delete(collection.Uuid, entry.Object);
        }
    }

    private void Watch(CatalogueCollection collection, WatchedOperation operation, OplogEntry entry)
    {
        if (_options.Watch is { } watch && !entry.IsFromMigration)
        {
            watch.See(collection, operation, _committedAt ?? entry.Optime);
        }
    }

    /// <summary>The collection of a document's operation; null where the operation is none of this head's business.</summary>
    private CatalogueCollection? CollectionOf(OplogEntry entry)
    {
        var found = entry.Collection is { } uuid
            ? Catalogue.Find(uuid)
            : FindByName(Encoding.UTF8.GetString(entry.Namespace));
        if (found is not null)
        {
            return found.ExcludedBecause is null ? found : null;
        }

        return Mode == ReplayMode.CatchingUp || _options.IsPartial || !IsIncluded(entry.Namespace)
            ? null
            : throw OplogErrors.Collection(entry.Optime, Encoding.UTF8.GetString(entry.Namespace), entry.Collection);
    }

    private CatalogueCollection? FindByName(string ns) => Catalogue.FindByName(ns).LastOrDefault();

    private bool IsIncluded(ReadOnlySpan<byte> ns) =>
        CopiedNamespaces.Includes(ns) && (_options.Includes is null || _options.Includes(Encoding.UTF8.GetString(ns)));

    private bool IsIncluded(string ns) => CopiedNamespaces.Includes(ns) && (_options.Includes?.Invoke(ns) ?? true);

    /// <summary>The collection cannot be followed any longer: its documents go, its entries are passed over.</summary>
    private void Exclude(CatalogueCollection collection, Optime at, ReplayNoticeKind kind, string reason)
    {
        Catalogue.Set(collection with { ExcludedBecause = reason });
        _target.Drop(collection.Uuid);
        _options.OnNotice?.Invoke(new ReplayNotice(kind, at, collection.Namespace, collection.Uuid, reason));
    }

    /// <summary>Where another head holds the collection of the version, its changes count here too.</summary>
    private void WatchForeignVersion(OplogEntry entry)
    {
        if (_options.IsPartial)
        {
            WatchVersion(entry);
        }
    }

    /// <summary>Follows <c>{_id: "featureCompatibilityVersion", version: "5.0"}</c> in admin.system.version.</summary>
    private void WatchVersion(OplogEntry entry)
    {
        if (!entry.Namespace.SequenceEqual("admin.system.version"u8))
        {
            return;
        }

        var holder = entry.HasObject2 ? entry.Object2 : entry.Object;
        var isVersion =
            holder.TryGet("_id"u8, out var id)
            && id.Type == BsonType.String
            && id.AsUtf8.SequenceEqual("featureCompatibilityVersion"u8);
        if (!isVersion || VersionIn(entry.Object) is not { } version || version == FeatureCompatibilityVersion)
        {
            return;
        }

        SetVersion(version);
        _options.OnNotice?.Invoke(
            new ReplayNotice(
                ReplayNoticeKind.FeatureCompatibilityChanged,
                entry.Optime,
                "admin.system.version",
                entry.Collection,
                version
            )
        );
    }

    /// <summary>The new <c>version</c>, out of a whole document, modifiers or a diff.</summary>
    private static string? VersionIn(BsonView document)
    {
        foreach (var field in document)
        {
            if (field.NameIs("version"u8) && field.Type == BsonType.String)
            {
                return field.AsString;
            }

            var holdsFields =
                field.NameIs("$set"u8) || field.NameIs("diff"u8) || field.NameIs("u"u8) || field.NameIs("i"u8);
            if (holdsFields && field.Type == BsonType.Document && VersionIn(field.AsDocument) is { } nested)
            {
                return nested;
            }
        }

        return null;
    }

    private void SetVersion(string? version)
    {
        FeatureCompatibilityVersion = version;
        var isKnown = double.TryParse(
            version,
            NumberStyles.AllowDecimalPoint,
            CultureInfo.InvariantCulture,
            out var number
        );
        _trimsCapped = isKnown && number < 5.0;
        _namesInIndexes = isKnown && number < 4.4;
    }
}
