using Backup.AlertService;
using Backup.AlertService.Watch;
using Backup.Blockstore;
using Backup.Blockstore.Shelf;
using Backup.Cli.Appliance;
using Backup.Cli.Stores;
using Backup.Daemon.Grooming;
using Backup.Metadata;
using Backup.Oplog.Catalogues;
using Backup.Snapshots.Exports;
using Backup.Snapshots.Manifests;
using Backup.WebUI.Contracts;
using Backup.WebUI.Desks;

namespace Backup.Cli.Web;

/// <summary>What is stored: all of it, and what single snapshots hold.</summary>
/// <param name="metadata">The catalogue of everything.</param>
/// <param name="backEnd">The blocks.</param>
/// <param name="operations">Queues jobs.</param>
/// <param name="time">The clock.</param>
internal sealed class StorageDesk(
    IMetadataStore metadata,
    BackEnd backEnd,
    ApplianceOperations operations,
    TimeProvider time
) : IStorageDesk
{
    public async Task<StorageView> StorageAsync(CancellationToken cancellation)
    {
        var (count, bytes) = await metadata.Snapshots.TotalAsync(cancellation);
        var statistics = backEnd.Blocks.Statistics;
        var (folder, disk) = FullestDisk() ?? default;
        return new StorageView(
            statistics.Blocks,
            statistics.StoredBytes,
            disk?.TotalSize,
            disk?.AvailableFreeSpace,
            (int)count,
            bytes
        )
        {
            FullInDays = disk is null ? null : await FullInAsync(folder, disk, cancellation),
            Space = await LastGroom.FindAsync(metadata.Settings, cancellation) is { } last ? SpaceOf(last) : null,
        };
    }

    /// <summary>Of those that stores are on; null where none is on this host.</summary>
    private (string Folder, DriveInfo Disk)? FullestDisk() =>
        backEnd
            .Places.Select(static one => one.BaseFolder)
            .OfType<string>()
            .Select(static folder => (Folder: folder, Disk: new DriveInfo(folder)))
            .OrderBy(static one => (double)one.Disk.AvailableFreeSpace / one.Disk.TotalSize)
            .Select(static one => ((string, DriveInfo)?)one)
            .FirstOrDefault();

    private Task<double?> FullInAsync(string folder, DriveInfo disk, CancellationToken cancellation) =>
        DiskOutlook.DaysLeftAsync(
            metadata.Settings,
            new DiskFacts(folder, disk.TotalSize, disk.AvailableFreeSpace),
            time.GetUtcNow(),
            cancellation
        );

    public Task<JobView> GroomAsync(GroomRequest request, CancellationToken cancellation) =>
        operations.RequestGroomAsync(request.DryRun, cancellation);

    public Task<JobView> CheckAsync(CheckRequest request, CancellationToken cancellation) =>
        operations.RequestCheckAsync(request.ReadPercent / 100, cancellation);

    public async Task<StoresView> StoresAsync(string group, CancellationToken cancellation)
    {
        var place = await metadata.GroupStores.FindAsync(group, cancellation);
        var tags = await metadata.GroupStores.TagsOfAsync(group, cancellation);
        IReadOnlyList<StoreSizeView> stores = [.. backEnd.Places.Zip(backEnd.Blocks.Stores, SizeOf)];
        var store = place?.Store ?? stores[0].Name;
        return new StoresView(
            stores,
            store,
            place is not null,
            place?.From ?? [],
            await operations.LastMoveAsync(group, cancellation)
        )
        {
            Tags = tags,
            Lacks = TaggedStores.FirstOrDefault(one => one.Name == store)?.Lacks(tags) ?? tags,
        };
    }

    public async Task<JobView> MoveAsync(string group, MoveRequest request, CancellationToken cancellation)
    {
        _ = backEnd.Blocks.Require(request.Store);
        await metadata.GroupStores.AssignAsync(group, request.Store, TaggedStores, cancellation);
        return await operations.RequestMoveAsync(group, cancellation);
    }

    public IReadOnlyList<TaggedStore> TaggedStores => [.. backEnd.Places.Select(static one => one.Tagged)];

    public async Task<StoresView> SetTagsAsync(string group, TagsRequest request, CancellationToken cancellation)
    {
        var set = await metadata.GroupStores.SetTagsAsync(group, request.Tags, TaggedStores, cancellation);
        if (set.Place is { IsMoving: true } place)
        {
            // Also where nothing was assigned now: whoever did so may have been killed before the job was queued.
            await operations.EnsureMoveAsync(place, cancellation);
        }

        return await StoresAsync(group, cancellation);
    }

    private static StoreSizeView SizeOf(StorePlace place, ShelvedStore store)
    {
        var disk = place.BaseFolder is { } folder ? new DriveInfo(folder) : null;
        var statistics = store.Blocks.Statistics;
        return new StoreSizeView(
            place.Name,
            place.Kind,
            statistics.Blocks,
            statistics.StoredBytes,
            disk?.TotalSize,
            disk?.AvailableFreeSpace
        )
        {
            Tags = place.Tags,
        };
    }

    private static SpaceView SpaceOf(LastGroom last)
    {
        var error = last.ErrorCode is { } code
            ? new ErrorView(code, last.ErrorMessage ?? "", last.ErrorHint ?? "")
            : null;
        if (last.Result is not { } result)
        {
            return new SpaceView(last.At, error) { GroomedAt = last.GroomedAt };
        }

        // What was given back is not there any more.
        var given = result.DryRun ? 0 : Math.Min(result.ReclaimableBytes, result.DeadBytes);
        return new SpaceView(last.At, error)
        {
            CountedAt = last.ResultAt,
            LiveBytes = result.LiveBytes,
            DeadBytes = result.DeadBytes - given,
            HeldBytes = result.HeldBytes,
            ReclaimableBytes = result.DryRun ? result.ReclaimableBytes : 0,
            FreedBytes = result.FreedBytes,
            Seconds = last.Seconds,
            GroomedAt = last.GroomedAt,
            Findings = (result.Findings?.Count ?? 0) + result.MissingBlocks,
        };
    }

    public async Task<ContentsView> ContentsAsync(
        string subject,
        string? snapshot,
        uint? second,
        CancellationToken cancellation
    )
    {
        using var look = backEnd.Blocks.Holds.Look();
        var chosen = await metadata.Deployments.FindReplicaSetAsync(subject, cancellation) is { } set
            ? await OfSetAsync(set, snapshot, second, cancellation)
            : await OfClusterAsync(subject, snapshot, second, cancellation);
        var found = new SortedDictionary<(string Database, string Name), CollectionContentView>(Names);
        foreach (var part in chosen.Parts)
        {
            await AddAsync(found, part, cancellation);
        }

        List<DatabaseContentView> databases =
        [
            .. found
                .GroupBy(static one => one.Key.Database, StringComparer.Ordinal)
                .Select(static database => new DatabaseContentView(
                    database.Key,
                    [.. database.Select(static one => one.Value)],
                    database.Sum(static one => one.Value.Documents),
                    database.Sum(static one => one.Value.Bytes)
                )),
        ];
        return new ContentsView(
            chosen.Id,
            new OptimeView(chosen.At.T, chosen.At.I),
            databases,
            databases.Sum(static one => one.Documents),
            databases.Sum(static one => one.Bytes)
        );
    }

    private static readonly Comparer<(string Database, string Name)> Names = Comparer<(
        string Database,
        string Name
    )>.Create(
        static (one, other) =>
            string.CompareOrdinal(one.Database, other.Database) is not 0 and var order
                ? order
                : string.CompareOrdinal(one.Name, other.Name)
    );

    private async Task<Chosen> OfSetAsync(
        ReplicaSetRecord set,
        string? snapshot,
        uint? second,
        CancellationToken cancellation
    )
    {
        var all = await metadata.Snapshots.ListAsync(set.Id, cancellation);
        var found = snapshot is null
            ? all.FirstOrDefault(one => second is not { } limit || one.Optime.T <= limit)
                ?? throw CliErrors.NothingToRestore(set.Name)
            : all.FirstOrDefault(one => one.Id == snapshot) ?? throw CliErrors.NoSuchSnapshot(snapshot);
        return new Chosen(found.Id, found.Optime, [found]);
    }

    private async Task<Chosen> OfClusterAsync(
        string cluster,
        string? snapshot,
        uint? second,
        CancellationToken cancellation
    )
    {
        var deployment = await ClusterNames.RequireAsync(metadata, cancellation: cancellation, name: cluster);
        var cuts = (await metadata.Clusters.CutsAsync(deployment.Id, cancellation)).Where(static one =>
            one is { State: CutState.Complete, Kind: CutKind.Snapshot }
        );
        var found = snapshot is null
            ? cuts.OrderByDescending(static one => one.Time)
                .FirstOrDefault(one => second is not { } limit || one.Time.T <= limit)
                ?? throw CliErrors.NothingToRestore(deployment.Name)
            : cuts.FirstOrDefault(one => one.Id == snapshot) ?? throw CliErrors.NoSuchSnapshot(snapshot);
        var parts = new List<SnapshotRecord>();
        foreach (var set in found.Sets)
        {
            parts.AddRange((await metadata.Snapshots.ListAsync(set, cancellation)).Where(one => one.CutId == found.Id));
        }

        return new Chosen(found.Id, found.Time, parts);
    }

    /// <summary>What shards hold of one collection is added up; the server's own databases are left out.</summary>
    private async Task AddAsync(
        SortedDictionary<(string Database, string Name), CollectionContentView> found,
        SnapshotRecord part,
        CancellationToken cancellation
    )
    {
        if (!BlockId.TryParse(part.ManifestBlock, out var block))
        {
            throw CliErrors.NoSuchSnapshot(part.Id);
        }

        var manifest = await ManifestStore.ReadAsync(backEnd.Blocks, block, cancellation);
        foreach (var collection in manifest.Collections)
        {
            var definition = collection.Definition;
            if (!UserData.Holds(definition))
            {
                continue;
            }

            var key = (definition.Database, definition.Name);
            var (documents, bytes) = (collection.Statistics.Documents, collection.Statistics.DocumentBytes);
            var before = found.GetValueOrDefault(key);
            found[key] = new CollectionContentView(
                definition.Name,
                definition.Type == CollectionType.TimeSeries ? "timeseries" : "collection",
                documents + (before?.Documents ?? 0),
                bytes + (before?.Bytes ?? 0),
                definition.ExcludedBecause ?? before?.Excluded
            );
        }
    }

    /// <param name="Id">Of the snapshot, or of the cut.</param>
    /// <param name="At">Its optime.</param>
    /// <param name="Parts">One, or those of all sets.</param>
    private sealed record Chosen(string Id, Foundation.Optime At, IReadOnlyList<SnapshotRecord> Parts);
}
