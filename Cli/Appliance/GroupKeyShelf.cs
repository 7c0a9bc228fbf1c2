using Backup.Blockstore.Sealing;
using Backup.Metadata;

namespace Backup.Cli.Appliance;

/// <summary>The keys of groups, kept in the catalogue.</summary>
internal sealed class GroupKeyShelf(IGroupKeys keys) : IWrappedKeys
{
    public async Task<IReadOnlyList<WrappedKey>> ListAsync(CancellationToken cancellation = default) =>
        [
            .. (await keys.ListAsync(cancellation)).Select(static key => new WrappedKey(
                key.GroupId,
                IdOf(key.Id),
                key.Purpose == GroupKeyPurpose.Ids ? KeyPurpose.Ids : KeyPurpose.Data,
                key.Generation,
                key.CreatedAt,
                key.Master,
                key.Box
            )),
        ];

    public async Task<IReadOnlyList<DestroyedKey>> DestroyedAsync(CancellationToken cancellation = default) =>
        [
            .. (await keys.DestroyedAsync(cancellation)).Select(static key => new DestroyedKey(
                key.GroupId,
                IdOf(key.Id),
                key.At
            )),
        ];

    public Task AddAsync(IReadOnlyList<WrappedKey> added, CancellationToken cancellation = default) =>
        keys.AddAsync([.. added.Select(RecordOf)], cancellation);

    public Task ReplaceAsync(IReadOnlyList<WrappedKey> replaced, CancellationToken cancellation = default) =>
        keys.RewrapAsync([.. replaced.Select(RecordOf)], cancellation);

    public Task DestroyAsync(string group, DateTimeOffset at, CancellationToken cancellation = default) =>
        keys.DestroyAsync(group, at, cancellation);

    private static GroupKeyRecord RecordOf(WrappedKey key) =>
        new(
            key.Id.ToString(),
            key.Group,
            key.Purpose == KeyPurpose.Ids ? GroupKeyPurpose.Ids : GroupKeyPurpose.Data,
            key.Generation,
            key.CreatedAt,
            key.Master,
            key.Box
        );

    private static KeyId IdOf(string text) =>
        KeyId.TryParse(text, out var id) ? id : throw MetadataErrors.Missing("key", text);
}
