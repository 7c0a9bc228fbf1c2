using Backup.Metadata.Mongo.Collections;
using Backup.Metadata.Mongo.Documents;
using Backup.Metadata.Mongo.Transactions;
using Backup.MongoWire.Bson;

namespace Backup.Metadata.Mongo.Stores;

internal sealed class MongoSshTargets(ITransactions database) : ISshTargets
{
    private static readonly Collection<SshKeyRecord> Keys = AccessCollections.SshKeys;
    private static readonly Collection<SshTargetRecord> Targets = AccessCollections.SshTargets;
    private static readonly BsonDocument ByName = Doc.Of(("name", 1));

    public async Task<IReadOnlyList<SshKeyRecord>> KeysAsync(
        string groupId,
        CancellationToken cancellation = default
    ) =>
        await database.ReadAsync(
            session => session.FindAsync(Keys, Doc.Of(("groupId", groupId)), ByName),
            cancellation
        );

    public Task AddKeyAsync(SshKeyRecord key, CancellationToken cancellation = default) =>
        database.WriteAsync(
            async session =>
            {
                await MongoAccess.RequireGroupAsync(session, key.GroupId);
                await session.InsertAsync(Keys, key);
            },
            cancellation
        );

    public Task<bool> RemoveKeyAsync(string keyId, CancellationToken cancellation = default) =>
        database.WriteAsync(
            async session =>
            {
                if (await session.AnyAsync(Targets, Doc.Of(("keyId", keyId))))
                {
                    return false;
                }

                return await session.DeleteAsync(Keys, Doc.Id(keyId)) == 1
                    ? true
                    : throw MetadataErrors.Missing("SSH key", keyId);
            },
            cancellation
        );

    public async Task<IReadOnlyList<SshTargetRecord>> TargetsAsync(
        string groupId,
        CancellationToken cancellation = default
    ) =>
        await database.ReadAsync(
            session => session.FindAsync(Targets, Doc.Of(("groupId", groupId)), ByName),
            cancellation
        );

    public Task AddTargetAsync(SshTargetRecord target, CancellationToken cancellation = default) =>
        database.WriteAsync(
            async session =>
            {
                await MongoAccess.RequireGroupAsync(session, target.GroupId);
                if (target.KeyId is { } key && !await session.AnyAsync(Keys, Doc.Id(key)))
                {
                    throw MetadataErrors.Exists("record");
                }

                await session.InsertAsync(Targets, target);
            },
            cancellation
        );

    public Task RemoveTargetAsync(string targetId, CancellationToken cancellation = default) =>
        database.WriteAsync(
            async session =>
            {
                if (await session.DeleteAsync(Targets, Doc.Id(targetId)) == 0)
                {
                    throw MetadataErrors.Missing("SSH target", targetId);
                }
            },
            cancellation
        );
}
