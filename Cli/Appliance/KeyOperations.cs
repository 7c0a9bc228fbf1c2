using Backup.Blockstore;
using Backup.Blockstore.Sealing;
using Backup.Metadata;
using Backup.WebUI.Contracts;
using Backup.WebUI.Desks;

namespace Backup.Cli.Appliance;

/// <summary>What people ask about the keys that stored data is sealed under.</summary>
/// <param name="metadata">Which groups there are, and what they protect.</param>
/// <param name="encryption">The keys.</param>
/// <param name="objects">Slices.</param>
/// <param name="exports">Of the metadata: they hold keys, wrapped.</param>
/// <param name="time">The clock.</param>
internal sealed class KeyOperations(
    IMetadataStore metadata,
    Encryption encryption,
    IObjectStore objects,
    MetadataExports exports,
    TimeProvider time
) : IKeyDesk
{
    public async Task<KeysView> KeysAsync(CancellationToken cancellation)
    {
        var all = await encryption.Keys.ListAsync(cancellation);
        var groups = await metadata.Access.GroupsAsync(cancellation);
        return new KeysView(
            encryption.Keys.Seals,
            encryption.Keys.Master,
            [
                .. groups
                    .Select(group => View(group, all))
                    .Where(static one => one.Keys.Count > 0 || one.DestroyedAt is not null),
            ]
        );
    }

    /// <exception cref="Foundation.Errors.BackupException">5034 the group's keys were destroyed, 5035 it has none, 9685 no such group, 9686 there are none at all.</exception>
    public async Task<KeysView> RotateAsync(KeyRotation request, CancellationToken cancellation)
    {
        if (encryption.Keys.Master is null)
        {
            throw CliErrors.NotEncrypted();
        }

        if (request.Group is { } one)
        {
            await encryption.Keys.RotateAsync((await FindAsync(one, cancellation)).Id, cancellation);
            return await KeysAsync(cancellation);
        }

        foreach (var group in (await KeysAsync(cancellation)).Groups.Where(static group => group.Keys.Count > 0))
        {
            await encryption.Keys.RotateAsync(group.Group, cancellation);
        }

        return await KeysAsync(cancellation);
    }

    /// <exception cref="Foundation.Errors.BackupException">1020 and 1021 the next master key cannot be used, 9682 it is not there, 9686 there are no keys.</exception>
    public async Task<MasterRotatedView> RotateMasterAsync(CancellationToken cancellation)
    {
        if (encryption.Keys.Master is null)
        {
            throw CliErrors.NotEncrypted();
        }

        if (encryption.Next is not { IsThere: true } next)
        {
            throw CliErrors.NextMasterKeyWanted(encryption.Next?.Path);
        }

        var rewrapped = await encryption.Keys.RotateMasterAsync(await next.ReadAsync(time, cancellation), cancellation);
        return new MasterRotatedView(encryption.Keys.Master!, rewrapped);
    }

    /// <exception cref="Foundation.Errors.BackupException">5035 the group has no keys, 9683 it protects something, 9684 it is not confirmed, 9685 no such group.</exception>
    public async Task<KeysView> ShredAsync(KeyShredding request, CancellationToken cancellation)
    {
        var group = await FindAsync(request.Group, cancellation);
        if (request.Confirm != group.Name)
        {
            throw CliErrors.ShredWanted(group.Name);
        }

        var protects = (await metadata.Deployments.ListAsync(cancellation))
            .Where(one => one.GroupId == group.Id && one.IsProtected)
            .Select(static one => one.Name)
            .ToList();
        if (protects.Count > 0)
        {
            throw CliErrors.StillProtects(group.Name, protects);
        }

        var all = await encryption.Keys.ListAsync(cancellation);
        if (all.Keys.Any(key => key.Group == group.Id))
        {
            // First: those of before encryption was turned on are plain. Killed in between, it is asked for again.
            await RemoveSlicesAsync(group.Id, cancellation);
        }

        await encryption.Keys.DestroyAsync(group.Id, cancellation);
        // Those of before hold the keys, wrapped; killed in between, the next look at them does it.
        await exports.RenewAsync(cancellation);
        return await KeysAsync(cancellation);
    }

    private async Task RemoveSlicesAsync(string groupId, CancellationToken cancellation)
    {
        var deployments = (await metadata.Deployments.ListAsync(cancellation))
            .Where(one => one.GroupId == groupId)
            .Select(static one => one.Id)
            .ToHashSet(StringComparer.Ordinal);
        foreach (var set in await metadata.Deployments.ReplicaSetsAsync(cancellation))
        {
            if (!deployments.Contains(set.DeploymentId))
            {
                continue;
            }

            foreach (var sync in await metadata.Syncs.ListAsync(set.Id, cancellation))
            {
                await objects.DeletePrefixAsync(SliceNames.SyncPrefix(sync.Id), cancellation);
                await objects.DeletePrefixAsync(SliceNames.OplogPrefix(sync.Id), cancellation);
                foreach (var beside in await metadata.PartialSyncs.ListAsync(sync.Id, cancellation))
                {
                    await objects.DeletePrefixAsync(SliceNames.SyncPrefix(beside.Id), cancellation);
                }
            }
        }
    }

    private static GroupKeysView View(Group group, KeyList all)
    {
        var keys = all
            .Keys.Where(key => key.Group == group.Id && key.Purpose == KeyPurpose.Data)
            .OrderByDescending(static key => key.Generation)
            .ToList();
        return new GroupKeysView(
            group.Id,
            group.Name,
            [
                .. keys.Select(
                    (key, n) => new DataKeyView(key.Id.ToString(), key.Generation, key.CreatedAt, Seals: n == 0)
                ),
            ],
            all.Destroyed.Where(key => key.Group == group.Id)
                .Select(static key => (DateTimeOffset?)key.At)
                .FirstOrDefault()
        );
    }

    private async Task<Group> FindAsync(string name, CancellationToken cancellation)
    {
        var groups = await metadata.Access.GroupsAsync(cancellation);
        return groups.FirstOrDefault(one => one.Id == name || one.Name == name)
            ?? throw CliErrors.NoSuchGroup(name, groups.Select(static one => one.Name));
    }
}
