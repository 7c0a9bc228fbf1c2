using Backup.Blockstore;
using Backup.Blockstore.Sealing;
using Backup.Blockstore.Shared;
using Backup.Blockstore.Shelf;
using Backup.Daemon.Grooming;
using Backup.Daemon.Stores;
using Backup.Foundation.Errors;
using Backup.Metadata;
using Backup.Snapshots.Manifests;

namespace Backup.Daemon.Jobs;

/// <summary>
/// Brings all that a group has into the block store that it was assigned to, while everything goes on: whatever is put for it since goes there already. It goes through
/// what the group refers to, once more through what has come since, until there is nothing more to go through; then the catalogue says that the group
/// is there, and grooms of the other stores give back what it had in them. Killed, or cancelled, it has harmed nothing, and the next one
/// writes only what is not there yet.
/// </summary>
/// <param name="metadata">The catalogue.</param>
/// <param name="shelf">The stores.</param>
/// <param name="keys">Of all groups; null: nothing is sealed.</param>
/// <param name="time">The clock.</param>
internal sealed class MoveGroupJob(IMetadataStore metadata, StoreShelf shelf, KeyRing? keys, TimeProvider time)
    : IJobHandler
{
    /// <summary>Rounds in which nothing new was found, and the catalogue refers to something more all the same.</summary>
    private const int MostInVain = 20;

    public string Kind => JobKinds.MoveGroup;

    public async Task<string> RunAsync(JobRecord job, JobProgress progress, CancellationToken cancellation)
    {
        var group = JobJson.Arguments<MoveGroupArguments>(job).GroupId;
        var place =
            await metadata.GroupStores.FindAsync(group, cancellation)
            ?? throw MetadataErrors.Missing("store of group", group);
        if (!place.IsMoving)
        {
            return JobJson.Result(new MoveGroupResult(place.Store, 0, 0, 0));
        }

        var target = shelf.Require(place.Store);
        // Before anything is put or held: what these sessions do not last for is not said to be there.
        var sessions = SharedStores.SessionsOf(shelf);
        using var work = target.Blocks.Holds.Begin();
        BlockSealer[] sealers = keys?.KnownSealerOf(group) is { } sealer
            ? [sealer, BlockSealer.Plain]
            : [BlockSealer.Plain];
        await using var carrier = new BlockCarrier(
            shelf.ViewOf(place.Store, place.From),
            target.Blocks,
            sealers,
            cancellation
        );
        var proven = new HashSet<string>(StringComparer.Ordinal);
        // Held for readers who came too late: what is below them is not there any more.
        var late = new HashSet<string>(StringComparer.Ordinal);
        for (var inVain = 0; inVain < MostInVain; )
        {
            // Heads write a manifest now and then; each round is shorter than the one before.
            inVain = await ProveAsync(group, carrier, proven, late, progress, cancellation) ? 0 : inVain + 1;
            var all = proven.Union(late).ToHashSet(StringComparer.Ordinal);
            if (await metadata.GroupStores.MovedAsync(group, place.Store, all, sessions, cancellation))
            {
                var (blocks, bytes) = carrier.Put;
                progress.Log($"All of it is in '{place.Store}': {blocks} blocks, {carrier.CopiedBytes} bytes copied");
                return JobJson.Result(new MoveGroupResult(place.Store, blocks, bytes, carrier.CopiedBytes));
            }

            if ((await metadata.GroupStores.FindAsync(group, cancellation))?.Store != place.Store)
            {
                break;
            }
        }

        throw DaemonErrors.MovedElsewhere(place.Store);
    }

    /// <summary>Puts into the target all that the group refers to now and that was not put yet.</summary>
    /// <returns>Whether there was anything.</returns>
    private async Task<bool> ProveAsync(
        string group,
        BlockCarrier carrier,
        HashSet<string> proven,
        HashSet<string> late,
        JobProgress progress,
        CancellationToken cancellation
    )
    {
        var manifests = (await ManifestsAsync(group, cancellation))
            .Where(one => !proven.Contains(one.Key) && !(one.Value && late.Contains(one.Key)))
            .ToList();
        foreach (var (n, (manifest, isHeldAlone)) in manifests.Index())
        {
            progress.Report("copying blocks", carrier.Put.Bytes, 0, (double)n / manifests.Count);
            if (!BlockId.TryParse(manifest, out var root))
            {
                throw DaemonErrors.NoSnapshot(manifest);
            }

            try
            {
                await BlockTracer.TraceAsync(shelf, root, carrier, cancellation);
                await carrier.SettleAsync(cancellation);
            }
            catch (BackupException gone) when (gone.Number == BlockstoreErrors.BlockMissing)
            {
                await carrier.BeginAgainAsync(cancellation);
                if (isHeldAlone)
                {
                    late.Add(manifest);
                }
                else if ((await ManifestsAsync(group, cancellation)).ContainsKey(manifest))
                {
                    throw;
                }

                // Else it expired meanwhile.
                continue;
            }

            proven.Add(manifest);
        }

        return manifests.Count > 0;
    }

    /// <returns>Each, and whether it is only held for somebody who reads.</returns>
    private async Task<Dictionary<string, bool>> ManifestsAsync(string group, CancellationToken cancellation)
    {
        var deployments = (await metadata.Deployments.ListAsync(cancellation))
            .Where(one => one.GroupId == group)
            .Select(static one => one.Id)
            .ToHashSet(StringComparer.Ordinal);
        var sets = (await metadata.Deployments.ReplicaSetsAsync(cancellation))
            .Where(set => deployments.Contains(set.DeploymentId))
            .Select(static set => set.Id)
            .ToHashSet(StringComparer.Ordinal);
        return (await metadata.ManifestsAsync(cancellation))
            .Concat(await ExportedHeads.ListAsync(metadata, time, cancellation))
            .Where(one => sets.Contains(one.ReplicaSetId))
            .GroupBy(static one => one.ManifestBlock, StringComparer.Ordinal)
            .ToDictionary(
                static same => same.Key,
                static same => same.All(static one => one.IsHold),
                StringComparer.Ordinal
            );
    }
}
