using Backup.Metadata.Mongo.Collections;
using Backup.Metadata.Mongo.Documents;
using Backup.Metadata.Mongo.Transactions;

namespace Backup.Metadata.Mongo.Stores;

internal sealed class MongoSettings(ITransactions database) : ISettings
{
    public Task<string?> FindAsync(string name, CancellationToken cancellation = default) =>
        database.ReadAsync(session => FindAsync(session, name), cancellation);

    public Task SetAsync(string name, string value, CancellationToken cancellation = default) =>
        database.WriteAsync(session => SetAsync(session, name, value), cancellation);

    public Task<string> EnsureAsync(string name, string value, CancellationToken cancellation = default) =>
        database.WriteAsync(
            async session =>
            {
                if (await FindAsync(session, name) is { } stored)
                {
                    return stored;
                }

                await session.InsertAsync(AccessCollections.Settings, new Setting(name, value));
                return value;
            },
            cancellation
        );

    public Task<bool> ReplaceAsync(
        string name,
        string? expected,
        string value,
        CancellationToken cancellation = default
    ) =>
        database.WriteAsync(
            async session =>
            {
                if (await FindAsync(session, name) != expected)
                {
                    return false;
                }

                await SetAsync(session, name, value);
                return true;
            },
            cancellation
        );

    internal static Task SetAsync(MongoSession session, string name, string value) =>
        session.PutAsync(AccessCollections.Settings, Doc.Id(name), new Setting(name, value));

    private static async Task<string?> FindAsync(MongoSession session, string name) =>
        (await session.GetAsync(AccessCollections.Settings, name))?.Value;
}
