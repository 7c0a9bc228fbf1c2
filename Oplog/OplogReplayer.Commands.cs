using System.Collections.Frozen;
using System.Security.Cryptography;
using System.Text;
using Backup.Foundation;
using Backup.MongoWire.Bson;
using Backup.Oplog.Catalogues;

namespace Backup.Oplog;

/// <content>
/// Commands: what they mean for the catalogue. Each is harmless when it is replayed over a listing that is newer than the entry.
/// </content>
public sealed partial class OplogReplayer
{
    /// <summary>How deep an applyOps may stand in another. Servers nest one.</summary>
    private const int ApplyOpsDepth = 10;

    private enum Command
    {
        Create,
        Drop,
        DropDatabase,
        Rename,
        CollMod,
        CreateIndex,
        CommitIndexBuild,
        AbortIndexBuild,
        DropIndexes,
        ConvertToCapped,
        Empty,
        ApplyOps,
        Truncate,
        Unfollowable,

        /// <summary>Means nothing to documents, options and indexes.</summary>
        Nothing,
    }

    private static readonly FrozenDictionary<string, Command> Commands = new Dictionary<string, Command>
    {
        ["create"] = Command.Create,
        ["drop"] = Command.Drop,
        ["dropDatabase"] = Command.DropDatabase,
        ["renameCollection"] = Command.Rename,
        ["collMod"] = Command.CollMod,
        ["createIndexes"] = Command.CreateIndex,
        ["commitIndexBuild"] = Command.CommitIndexBuild,
        ["dropIndexes"] = Command.DropIndexes,
        ["dropIndex"] = Command.DropIndexes,
        ["deleteIndexes"] = Command.DropIndexes,
        ["deleteIndex"] = Command.DropIndexes,
        ["convertToCapped"] = Command.ConvertToCapped,
        ["emptycapped"] = Command.Empty,
        ["applyOps"] = Command.ApplyOps,
        ["truncateRange"] = Command.Truncate,
        ["importCollection"] = Command.Unfollowable,
        ["upgradeDowngradeViewlessTimeseries"] = Command.Unfollowable,
        ["startIndexBuild"] = Command.Nothing,
        ["abortIndexBuild"] = Command.AbortIndexBuild,
        ["dbCheck"] = Command.Nothing,
        ["setMultikeyMetadata"] = Command.Nothing,
        ["dropIdent"] = Command.Nothing,
        ["createGlobalIndex"] = Command.Nothing,
        ["dropGlobalIndex"] = Command.Nothing,
        ["modifyCollectionShardingIndexCatalog"] = Command.Nothing,
        ["createDatabaseMetadata"] = Command.Nothing,
        ["dropDatabaseMetadata"] = Command.Nothing,
        ["invalidateCollectionMetadata"] = Command.Nothing,
        ["initReplicatedFastCount"] = Command.Nothing,
    }.ToFrozenDictionary();

    private void ApplyCommand(OplogEntry entry)
    {
        var command = entry.Object.First;
        switch (CommandOf(entry))
        {
            case Command.Create:
                Create(entry, command.AsString);
                break;
            case Command.Drop:
                Drop(Subject(entry, command), entry);
                break;
            case Command.DropDatabase:
                DropDatabase(entry);
                break;
            case Command.Rename:
                Rename(entry);
                break;
            case Command.ApplyOps:
                ApplyAll(command.AsDocument, entry.Optime);
                break;
            case Command.Truncate or Command.Unfollowable:
                StopFollowing(entry, command);
                break;
            case Command.Nothing:
                break;
            case var change:
                if (Subject(entry, command) is { ExcludedBecause: null } collection)
                {
                    Change(change, collection, entry);
                }

                break;
        }
    }

    private void Change(Command command, CatalogueCollection collection, OplogEntry entry)
    {
        var parameters = entry.Object;
        switch (command)
        {
            case Command.CollMod:
                CollMod(collection, parameters, entry.Optime);
                break;
            case Command.CreateIndex:
                Catalogue.Set(IndexList.Add(collection, IndexList.FromCreate(parameters)));
                break;
            case Command.CommitIndexBuild:
                foreach (var index in parameters["indexes"u8].AsDocument)
                {
                    collection = IndexList.Add(collection, index.AsDocument.ToDocument());
                }

                Catalogue.Set(collection);
                break;
            case Command.AbortIndexBuild when parameters.TryGet("indexes"u8, out var aborted):
                // A listing names what is being built as if it were there already. None of that name was: a build of it would not have begun.
                foreach (var index in aborted.AsDocument)
                {
                    collection = IndexList.Drop(collection, index.AsDocument["name"u8]);
                }

                Catalogue.Set(collection);
                break;
            case Command.AbortIndexBuild:
                break;
            case Command.DropIndexes:
                Catalogue.Set(IndexList.Drop(collection, parameters["index"u8]));
                break;
            case Command.ConvertToCapped:
                var capped = BsonDocument.Build(w => w.Boolean("capped"u8, true));
                var options = CollectionOptions.With(collection.Options, "capped", capped.View.First);
                Catalogue.Set(
                    collection with
                    {
                        Options = CollectionOptions.With(options, "size", parameters["size"u8]),
                    }
                );
                break;
            default:
                WatchAll(collection, entry);
                _target.Clear(collection.Uuid);
                break;
        }
    }

    private void Create(OplogEntry entry, string name)
    {
        var database = DatabaseOf(entry);
        var ns = $"{database}.{name}";
        var uuid = entry.Collection ?? UuidOf(ns);
        if (Catalogue.Find(uuid) is not null || entry.Object.Has("viewOn"u8) || !IsIncluded(ns))
        {
            return;
        }

        var options = CollectionOptions.FromCreate(entry.Object);
        var type = options.View.Has("timeseries"u8) ? CollectionType.TimeSeries : CollectionType.Collection;
        var created = new CatalogueCollection(uuid, database, name, type, options, IdIndexOf(entry.Object, ns));
        Catalogue.Set(IndexList.Follow(created));
    }

    private BsonDocument[] IdIndexOf(BsonView create, string ns)
    {
        if (create.TryGet("idIndex"u8, out var index) && index.Type == BsonType.Document)
        {
            return [index.AsDocument.ToDocument()];
        }

        var hasNone =
            create.Has("clusteredIndex"u8)
            || create.Has("timeseries"u8)
            || create.TryGet("autoIndexId"u8, out var automatic) && !automatic.ToBoolean();
        return hasNone ? [] : [IndexList.DefaultIdIndex(_namesInIndexes ? ns : null)];
    }

    /// <summary>Its documents are lost to the source.</summary>
    private void Drop(CatalogueCollection? collection, OplogEntry entry)
    {
        if (collection is not null)
        {
            WatchAll(collection, entry);
            Forget(collection);
        }
    }

    private void Forget(CatalogueCollection collection)
    {
        Catalogue.Remove(collection.Uuid);
        _target.Drop(collection.Uuid);
    }

    /// <summary>Also where a cluster's drop is marked as a migration's on all shards but one: its documents are lost on each.</summary>
    private void WatchAll(CatalogueCollection collection, OplogEntry entry)
    {
        if (_options.Watch is { } watch)
        {
            long? documents =
                entry.HasObject2 && entry.Object2.TryGet("numRecords"u8, out var count) && count.IsNumber
                    ? count.ToInt64()
                    : null;
            watch.SeeAllGo(collection, documents, _committedAt ?? entry.Optime);
        }
    }

    /// <summary>
    /// The server logs a drop for each collection before it; so nothing is left, unless the listing of a copy is newer and shows the
    /// database as it was made again.
    /// </summary>
    private void DropDatabase(OplogEntry entry)
    {
        if (Mode == ReplayMode.Consistent)
        {
            var database = DatabaseOf(entry);
            foreach (var collection in Catalogue.Collections.Where(c => c.Database == database).ToList())
            {
                Drop(collection, entry);
            }
        }
    }

    private void Rename(OplogEntry entry)
    {
        var from = entry.Object["renameCollection"u8].AsString;
        var to = entry.Object["to"u8].AsString;
        var collection = entry.Collection is { } uuid ? Catalogue.Find(uuid) : FindByName(from);
        DropTarget(entry, collection, to);
        if (collection is null)
        {
            RenameUnknown(entry, from, to);
            return;
        }

        if (!IsKept(to))
        {
            Forget(collection);
            _options.OnNotice?.Invoke(
                new ReplayNotice(
                    ReplayNoticeKind.CollectionLeft,
                    entry.Optime,
                    collection.Namespace,
                    collection.Uuid,
                    $"It was renamed to '{to}', which is not backed up."
                )
            );
            return;
        }

        var dot = to.IndexOf('.', StringComparison.Ordinal);
        var isTemporary = entry.Object.TryGet("stayTemp"u8, out var stay) && stay.ToBoolean();
        var renamed = collection with
        {
            Database = to[..dot],
            Name = to[(dot + 1)..],
            Options = isTemporary ? collection.Options : CollectionOptions.Without(collection.Options, "temp"),
            Indexes = IndexList.Renamed(collection.Indexes, to),
        };
        Catalogue.Set(renamed);
        if (
            collection.Name.StartsWith("system.resharding.", StringComparison.Ordinal)
            && renamed.ExcludedBecause is null
        )
        {
            Exclude(renamed, entry.Optime, ReplayNoticeKind.CollectionNeedsResync, "it was resharded");
        }
    }

    /// <summary>
    /// What bore the new name: by UUID, as servers from 3.6 on log it. By name alone only where the catalogue is not newer than the entry.
    /// </summary>
    private void DropTarget(OplogEntry entry, CatalogueCollection? renamed, string to)
    {
        if (!entry.Object.TryGet("dropTarget"u8, out var target))
        {
            return;
        }

        if (target.Type == BsonType.Binary)
        {
            Drop(Catalogue.Find(target.AsUuid), entry);
        }
        else if (target.ToBoolean() && Mode == ReplayMode.Consistent)
        {
            foreach (var other in Catalogue.FindByName(to).Where(c => c.Uuid != renamed?.Uuid).ToList())
            {
                Drop(other, entry);
            }
        }
    }

    /// <summary>Whether a collection that is held stays so under that name.</summary>
    private bool IsKept(string ns) =>
        CopiedNamespaces.Includes(ns)
        && (_options.IsPartial || (_options.Keeps ?? _options.Includes)?.Invoke(ns) != false);

    /// <summary>A collection that was left out gets a name that is not: its documents are nowhere.</summary>
    private void RenameUnknown(OplogEntry entry, string from, string to)
    {
        if (!IsIncluded(to))
        {
            return;
        }

        // Also while a copy is fuzzy: what its listing shows under the new name is known by its UUID.
        if (_options.IsPartial || !IsIncluded(from))
        {
            var cause = _options.IsPartial ? "among what is copied" : "backed up";
            MakeExcluded(entry, to, $"it was renamed from '{from}', which is not {cause}");
            return;
        }

        if (Mode != ReplayMode.CatchingUp)
        {
            throw OplogErrors.Collection(entry.Optime, from, entry.Collection);
        }
    }

    /// <summary>A command whose effect on documents cannot be known from the oplog: that collection is copied afresh.</summary>
    private void StopFollowing(OplogEntry entry, BsonElement command)
    {
        if (Subject(entry, command) is { } collection)
        {
            if (collection.ExcludedBecause is null)
            {
                Exclude(
                    collection,
                    entry.Optime,
                    ReplayNoticeKind.CollectionNeedsResync,
                    $"'{command.NameText}' cannot be replayed"
                );
            }

            return;
        }

        var name = command.Type == BsonType.String ? command.AsString : "";
        var ns = name.StartsWith(DatabaseOf(entry) + ".", StringComparison.Ordinal)
            ? name
            : $"{DatabaseOf(entry)}.{name}";
        if (
            entry.Collection is not null
            && name.Length > 0
            && IsIncluded(ns)
            && CommandOf(entry) == Command.Unfollowable
        )
        {
            MakeExcluded(entry, ns, $"'{command.NameText}' cannot be replayed");
        }
    }

    private void MakeExcluded(OplogEntry entry, string ns, string reason)
    {
        var dot = ns.IndexOf('.', StringComparison.Ordinal);
        var uuid = entry.Collection ?? UuidOf(ns);
        var collection = new CatalogueCollection(
            uuid,
            ns[..dot],
            ns[(dot + 1)..],
            CollectionType.Collection,
            BsonDocument.Empty,
            []
        );
        Exclude(collection, entry.Optime, ReplayNoticeKind.CollectionNeedsResync, reason);
    }

    private void CollMod(CatalogueCollection collection, BsonView parameters, Optime at)
    {
        var changed = IndexList.Follow(
            collection with
            {
                Options = CollectionOptions.AfterCollMod(collection.Options, parameters),
            }
        );
        changed = parameters.TryGet("index"u8, out var index) ? IndexList.Modify(changed, index.AsDocument) : changed;
        Catalogue.Set(changed);

        // A server that can do this logs what it overwrites; before its upgrade it did not, and which documents were gone by then rests on the limits of then.
        var isLarger =
            changed.CappedBytes > collection.CappedBytes || changed.CappedDocuments > collection.CappedDocuments;
        if (isLarger && changed.IsCapped && changed.ExcludedBecause is null && _target.KeepsLimits(changed.Uuid))
        {
            Exclude(
                changed,
                at,
                ReplayNoticeKind.CollectionNeedsResync,
                "it was capped at less before the source's upgrade"
            );
        }
    }

    private void CreateIndexOfOldServer(OplogEntry entry)
    {
        if (FindByName(entry.Object["ns"u8].AsString) is { } collection)
        {
            Catalogue.Set(IndexList.Add(collection, entry.Object.ToDocument()));
        }
    }

    /// <summary>Refuses, before anything is applied, what could not be applied to its end.</summary>
    private void Check(OplogEntry entry, HashSet<Guid> created, int depth)
    {
        if (entry.Operation is not [(byte)'c'])
        {
            var isDocument = entry.Operation is [(byte)'i'] or [(byte)'u'] or [(byte)'d'];
            if (isDocument && !(entry.Collection is { } uuid && created.Contains(uuid)))
            {
                CollectionOf(entry);
            }
            else if (!isDocument)
            {
                RequireNoOperation(entry);
            }

            return;
        }

        var command = entry.Object.First;
        switch (CommandOf(entry))
        {
            case Command.Create when entry.Collection is { } uuid:
                created.Add(uuid);
                break;
            case Command.ApplyOps:
                CheckAll(command.AsDocument, entry.Optime, created, depth + 1);
                break;
        }
    }

    private void CheckAll(BsonView operations, Optime at, HashSet<Guid> created, int depth)
    {
        if (depth > ApplyOpsDepth)
        {
            throw OplogErrors.Entry(at, "applyOps is nested too deep");
        }

        foreach (var operation in operations)
        {
            Check(OplogEntry.ReadInner(operation.AsDocument, at), created, depth);
        }
    }

    private static Command CommandOf(OplogEntry entry)
    {
        var name = entry.Object.First.NameText;
        return Commands.TryGetValue(name, out var command)
            ? command
            : throw OplogErrors.Command(entry.Optime, name, Encoding.UTF8.GetString(entry.Namespace));
    }

    /// <summary>The collection that a command is about: by UUID, else by name; null where the head does not know it.</summary>
    private CatalogueCollection? Subject(OplogEntry entry, BsonElement command)
    {
        if (entry.Collection is { } uuid)
        {
            return Catalogue.Find(uuid);
        }

        return command.Type == BsonType.String ? FindByName($"{DatabaseOf(entry)}.{command.AsString}") : null;
    }

    private static string DatabaseOf(OplogEntry entry)
    {
        var dot = entry.Namespace.IndexOf((byte)'.');
        return Encoding.UTF8.GetString(dot < 0 ? entry.Namespace : entry.Namespace[..dot]);
    }

    /// <summary>For servers that know no collection UUIDs.</summary>
    private static Guid UuidOf(string ns) =>
        new(SHA256.HashData(Encoding.UTF8.GetBytes(ns)).AsSpan(0, 16), bigEndian: true);
}
