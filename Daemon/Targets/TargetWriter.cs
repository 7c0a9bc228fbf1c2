using Backup.MongoWire.Bson;
using Backup.Snapshots.Exports;
using Backup.Snapshots.Reading;
using Backup.Snapshots.Sharding;

namespace Backup.Daemon.Targets;

/// <summary>
/// Writes a backup straight into MongoDB: collections with their options, documents, then indexes, views last. Into a cluster sharded collections as
/// such. Documents are compared before the indexes are made and before the collection's own expiry is set, since either may remove old documents.
/// </summary>
/// <param name="target">Where to.</param>
/// <param name="options">How.</param>
/// <param name="time">The clock.</param>
public sealed class TargetWriter(RestoreTarget target, TargetOptions options, TimeProvider time)
{
    private readonly TargetCommands _commands = new(target, time);
    private readonly TargetCheck _check = new(target, new TargetCommands(target, time));
    private readonly TargetExpiry _expiry = new(new TargetCommands(target, time));
    private readonly List<string> _notices = [];

    /// <summary>Everything.</summary>
    /// <param name="content">What is written.</param>
    /// <param name="layout">Of the cluster that it is of; null for that of a replica set.</param>
    /// <param name="progress">Told now and then.</param>
    /// <param name="cancellation">Stops; what was written stays.</param>
    /// <exception cref="Foundation.Errors.BackupException">9030 to 9034, 9154, 9157 and 9158 of the target; those of reading the backup.</exception>
    public async Task<TargetResult> WriteAsync(
        ExportContent content,
        ClusterLayout? layout,
        IProgress<TargetProgress>? progress = null,
        CancellationToken cancellation = default
    )
    {
        var told = new Teller(progress, content.ExpectedBytes);
        var report = await new TargetPreflight(target, _commands).LookAsync(content, options, cancellation);
        if (report.Obstacles is [var first, ..])
        {
            throw DaemonErrors.UnfitTarget(
                first,
                "See 'backup restore … --to … --dry-run' for all there is to say of it."
            );
        }

        _notices.AddRange(report.Warnings);
        var sharding = await PrepareAsync(content, layout, standIns: null, told, cancellation);
        foreach (var item in Collections(content))
        {
            await LoadAsync(item, told, cancellation);
            await IndexAsync(item, told, cancellation);
            await _expiry.ArmAsync(item, cancellation);
        }

        foreach (var view in content.Items.Where(static one => one.Type == ExportItem.View))
        {
            await _commands.CreateAsync(view.Database, view.Name, w => Options(w, view), cancellation);
        }

        if (sharding is { AbsentZones.Count: > 0 })
        {
            _notices.Add(
                $"No shard of the target belongs to the zones {string.Join(", ", sharding.AbsentZones.Order(StringComparer.Ordinal))}: their ranges were left out."
            );
        }

        var users = await new TargetUsers(_commands, target, options, time).MergeAsync(content, cancellation);
        return new TargetResult(content.Items.Count, told.Documents + told.AlreadyThere, told.Bytes, _notices)
        {
            AlreadyThere = told.AlreadyThere,
            Users = users,
        };
    }

    /// <summary>
    /// Makes an empty cluster what the source was, without its documents: collections with options and indexes, shard keys, zones, every chunk where it
    /// was. The documents are loaded by other means; what of them expires by an option of the collection gets that one with
    /// <see cref="TargetExpiry.ArmCollectionAsync"/>.
    /// </summary>
    /// <param name="content">What will be loaded; its documents are not read.</param>
    /// <param name="layout">Of the source.</param>
    /// <param name="standIns">By the source's shard the target's.</param>
    /// <param name="progress">Told now and then.</param>
    /// <param name="cancellation">Stops; what was made stays.</param>
    public async Task<IReadOnlyList<string>> PrepareClusterAsync(
        ExportContent content,
        ClusterLayout layout,
        IReadOnlyDictionary<string, string> standIns,
        IProgress<TargetProgress>? progress = null,
        CancellationToken cancellation = default
    )
    {
        await PrepareAsync(content, layout, standIns, new Teller(progress, 0), cancellation);
        return _notices;
    }

    /// <summary>What a restore would meet; nothing is changed.</summary>
    public Task<TargetReport> LookAsync(ExportContent content, CancellationToken cancellation = default) =>
        new TargetPreflight(target, _commands).LookAsync(content, options, cancellation);

    /// <summary>The target's shards, where it is a cluster.</summary>
    public Task<IReadOnlyList<ShardDefinition>> ShardsAsync(CancellationToken cancellation = default) =>
        TargetSharding.ShardsAsync(_commands, cancellation);

    private async Task<TargetSharding?> PrepareAsync(
        ExportContent content,
        ClusterLayout? layout,
        IReadOnlyDictionary<string, string>? standIns,
        Teller told,
        CancellationToken cancellation
    )
    {
        var there = await MakeRoomAsync(content, cancellation);
        var sharding =
            layout is not null && target.IsCluster
                ? new TargetSharding(_commands, layout, await ShardsAsync(cancellation), standIns)
                : null;
        var enabled = new HashSet<string>(StringComparer.Ordinal);
        foreach (var item in Collections(content))
        {
            var sharded = sharding?.Find(item);
            if (sharding is not null && (sharded is not null || standIns is not null) && enabled.Add(item.Database))
            {
                await sharding.EnableAsync(item.Database, cancellation);
            }

            // The servers' own come to be with their first document.
            if (there.Contains(item.Namespace))
            {
                await _expiry.RestAsync(item, cancellation);
            }
            else if (!item.Name.StartsWith("system.", StringComparison.Ordinal))
            {
                told.Phase("create", item.Namespace);
                await _commands.CreateAsync(item.Database, item.Name, w => Options(w, item), cancellation);
            }

            if (sharded is not null && item.Type == ExportItem.TimeSeries)
            {
                _notices.Add($"'{item.Namespace}' was sharded: a time series is restored as one that is not.");
            }
            else if (sharded is not null)
            {
                told.Phase("shard", item.Namespace);
                // The index that the key rests on, as it was: else the server makes one of its own, with a name of its own. mongorestore, which
                // loads what a description tells of, makes it once more, and takes no other expiry for it.
                await CreateIndexesAsync(
                    item,
                    [
                        .. item
                            .Indexes.Where(one => Supports(one, sharded.Key))
                            .Select(one => standIns is null ? _expiry.Resting(item, one) : one),
                    ],
                    cancellation
                );
                await sharding!.ShardAsync(item, sharded, phase => told.Phase(phase, item.Namespace), cancellation);
            }
        }

        return sharding;
    }

    private static IEnumerable<ExportItem> Collections(ExportContent content) =>
        content.Items.Where(static one => one.DataName is not null && !TargetUsers.IsUserData(one));

    /// <summary>Nothing is written before it is known that nothing is in the way.</summary>
    /// <returns>Collections that are there already.</returns>
    private async Task<IReadOnlySet<string>> MakeRoomAsync(ExportContent content, CancellationToken cancellation)
    {
        var room = await TargetRoom.LookAsync(_commands, content, options.Resume, cancellation);
        if (room.InTheWay.Count > 0 && !options.Drop && !options.Resume)
        {
            throw DaemonErrors.NotEmptyTarget([.. room.InTheWay.Select(static one => one.Namespace)]);
        }

        if (room.Different.Count > 0 && !options.Drop)
        {
            throw DaemonErrors.KeptOtherwise(room.Differences);
        }

        foreach (var item in room.InTheWay.Concat(room.Different.Select(static one => one.Item)))
        {
            await _commands.DropAsync(item.Database, item.Name, cancellation);
        }

        return room.Usable;
    }

    private async Task LoadAsync(ExportItem item, Teller told, CancellationToken cancellation)
    {
        told.Phase("load", item.Namespace);
        var loader = new DocumentLoader(target, options.Parallelism, time);
        using var print = _check.NewPrint(item);
        var documents = new PrintingCursor(item.Open(), print);
        var missing = options.Resume && TargetCheck.IsPlain(item) ? Missing(item, documents, cancellation) : null;
        await using (var cursor = missing ?? (DocumentCursor)documents)
        {
            await loader.LoadAsync(
                item.Database,
                item.DataName!,
                cursor,
                inOrder: item.Options.View.TryGet("capped"u8, out var capped) && capped.ToBoolean(),
                (count, bytes) => told.Loaded(item.Namespace, count, bytes),
                cancellation
            );
        }

        told.Skipped(missing?.Skipped ?? 0);
        told.Phase("check", item.Namespace);
        await _check.CompareAsync(item, print, options.Hashes, cancellation);
    }

    private MissingDocuments Missing(ExportItem item, DocumentCursor documents, CancellationToken cancellation)
    {
        var there = _commands.QueryAsync(
            item.Database,
            w =>
                w.String("find"u8, item.DataName!)
                    .BeginDocument("projection"u8)
                    .Int32("_id"u8, 1)
                    .EndDocument()
                    .BeginDocument("sort"u8)
                    .Int32("_id"u8, 1)
                    .EndDocument(),
            cancellation
        );
        return new MissingDocuments(item.Namespace, documents, there.GetAsyncEnumerator(cancellation));
    }

    private async Task IndexAsync(ExportItem item, Teller told, CancellationToken cancellation)
    {
        told.Phase("index", item.Namespace);
        await CreateIndexesAsync(item, [.. item.Indexes.Select(one => _expiry.AsItRests(item, one))], cancellation);
    }

    private async Task CreateIndexesAsync(
        ExportItem item,
        IReadOnlyList<BsonDocument> indexes,
        CancellationToken cancellation
    )
    {
        foreach (var index in indexes.Where(static one => !IsOfId(one)))
        {
            await _commands.RunAsync(
                $"creating the index '{index.View["name"u8].AsString}' of '{item.Namespace}'",
                item.Database,
                w =>
                {
                    w.String("createIndexes"u8, item.Name).BeginArray("indexes"u8).BeginDocument("0"u8);
                    foreach (var field in index.View)
                    {
                        // Servers up to 4.2 keep the namespace in each index; later ones take none.
                        if (!field.NameIs("ns"u8) && !field.NameIs("background"u8))
                        {
                            w.Element(field);
                        }
                    }

                    if (item.Options.View.Has("collation"u8) && !index.View.Has("collation"u8))
                    {
                        // The simple one is not listed; without it the index would get that of the collection.
                        w.BeginDocument("collation"u8).String("locale"u8, "simple").EndDocument();
                    }

                    w.EndDocument().EndArray();
                },
                cancellation
            );
        }
    }

    private static bool IsOfId(BsonDocument index) =>
        index.View.Has("clustered"u8)
        || (index.View.TryGet("key"u8, out var key) && key.Value.SequenceEqual(IdKey.Span))
        || (index.View.TryGet("name"u8, out var name) && name.AsString == "_id_");

    private static BsonDocument IdKey { get; } = BsonDocument.Build(w => w.Int32("_id"u8, 1));

    /// <summary>Whether an index begins with the fields of a shard key, and has every document.</summary>
    private static bool Supports(BsonDocument index, ShardKeyPattern key)
    {
        if (
            index.View.Has("partialFilterExpression"u8)
            || index.View.Has("sparse"u8)
            || !index.View.TryGet("key"u8, out var own)
        )
        {
            return false;
        }

        var fields = own.AsDocument.GetEnumerator();
        foreach (var wanted in key.Pattern.View)
        {
            if (!fields.MoveNext() || !fields.Current.Name.SequenceEqual(wanted.Name))
            {
                return false;
            }

            var isSame =
                wanted.Type == BsonType.String
                    ? fields.Current.Type == BsonType.String && fields.Current.AsString == wanted.AsString
                    : fields.Current.IsNumber && fields.Current.ToDouble() == wanted.ToDouble();
            if (!isSame)
            {
                return false;
            }
        }

        return true;
    }

    private static void Options(BsonWriter writer, ExportItem item)
    {
        foreach (var option in item.Options.View)
        {
            // What of them belongs to one server's storage, or to a collection on its way to another one; the expiry comes last.
            if (option.NameText is not ("autoIndexId" or "temp" or "uuid" or "idIndex" or TargetExpiry.Option))
            {
                writer.Element(option);
            }
        }
    }

    /// <summary>Counts what is acknowledged, from several threads.</summary>
    private sealed class Teller(IProgress<TargetProgress>? progress, long expected)
    {
        private long _documents;
        private long _bytes;
        private long _alreadyThere;

        /// <summary>Of an earlier run.</summary>
        internal long AlreadyThere => Volatile.Read(ref _alreadyThere);

        internal void Skipped(long documents) => Interlocked.Add(ref _alreadyThere, documents);

        internal long Documents => Volatile.Read(ref _documents);

        internal long Bytes => Volatile.Read(ref _bytes);

        internal void Phase(string phase, string ns) =>
            progress?.Report(new TargetProgress(phase, ns, Documents, Bytes, expected));

        internal void Loaded(string ns, int documents, long bytes)
        {
            Interlocked.Add(ref _documents, documents);
            Interlocked.Add(ref _bytes, bytes);
            Phase("load", ns);
        }
    }
}
