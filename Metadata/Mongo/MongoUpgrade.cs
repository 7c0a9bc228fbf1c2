using Backup.Metadata.Mongo.Documents;
using Backup.Metadata.Mongo.Stores;
using Backup.Metadata.Mongo.Transactions;
using Backup.Metadata.Secrets;

namespace Backup.Metadata.Mongo;

/// <summary>
/// Whether processes of the release before may work on the catalogue: they do not open one of a version that they do not know. Every write of what they would not
/// understand asks in its own transaction, so that none is written before that, and all are after it, in whichever process.
/// </summary>
internal static class MongoUpgrade
{
    /// <summary>The version of the schema from which on URIs of deployments are sealed.</summary>
    private const long SealedUris = 2;

    internal static async Task<bool> IsFinishedAsync(MongoSession session) =>
        await session.RawAsync(MongoSchema.Meta, Doc.Id(MongoSchema.Version)) is [var schema]
        && schema.View["version"u8].ToInt64() >= SealedUris;

    /// <returns>How many URIs were sealed.</returns>
    /// <exception cref="Foundation.Errors.BackupException">6346 no key here.</exception>
    internal static async Task<int> FinishAsync(MongoSession session, UriSeal uris, TimeProvider time)
    {
        var count = await MongoDeployments.SealAsync(session, uris, time);
        if (!await IsFinishedAsync(session))
        {
            await session.UpdateAsync(MongoSchema.Meta, Doc.Id(MongoSchema.Version), Doc.Set(("version", SealedUris)));
        }

        return count;
    }
}
