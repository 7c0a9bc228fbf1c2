using Backup.Metadata.Mongo.Collections;
using Backup.Metadata.Mongo.Documents;
using Backup.Metadata.Mongo.Transactions;
using Backup.Metadata.People;

namespace Backup.Metadata.Mongo.Stores;

internal sealed class MongoApiTokens(ITransactions database) : IApiTokens
{
    private static readonly Collection<ApiTokenRecord> Tokens = PeopleCollections.Tokens;

    public Task AddAsync(ApiTokenRecord token, CancellationToken cancellation = default) =>
        database.WriteAsync(
            async session =>
            {
                var longOver = Is.AtMost(token.CreatedAt - IApiTokens.Kept);
                await session.DeleteAsync(
                    Tokens,
                    Doc.Of(Doc.Any(Doc.Of(("revokedAt", longOver)), Doc.Of(("expiresAt", longOver))))
                );
                await MongoAccess.RequireGroupAsync(session, token.GroupId);
                await session.InsertAsync(Tokens, token);
            },
            cancellation
        );

    public Task<ApiTokenRecord?> FindAsync(byte[] secretHash, CancellationToken cancellation = default) =>
        database.ReadAsync(session => session.FirstAsync(Tokens, Doc.Of(("secretHash", secretHash))), cancellation);

    public async Task<IReadOnlyList<ApiTokenRecord>> ListAsync(
        string groupId,
        CancellationToken cancellation = default
    ) =>
        await database.ReadAsync(
            session => session.FindAsync(Tokens, Doc.Of(("groupId", groupId)), Doc.Of(("createdAt", -1), ("_id", 1))),
            cancellation
        );

    public Task RevokeAsync(string groupId, string id, DateTimeOffset now, CancellationToken cancellation = default) =>
        database.WriteAsync(
            async session =>
            {
                if (!await session.AnyAsync(Tokens, Doc.Of(("_id", id), ("groupId", groupId))))
                {
                    throw MetadataErrors.Missing("API token", id);
                }

                await session.UpdateAsync(
                    Tokens,
                    Doc.Of(("_id", id), ("revokedAt", null)),
                    Doc.Set(("revokedAt", now))
                );
            },
            cancellation
        );

    // With requests of the API, and of one document alone.
    public Task UsedAsync(string id, DateTimeOffset at, CancellationToken cancellation = default) =>
        database.WriteBesideAsync(
            $"token {id}",
            session =>
            {
                var earlier = Doc.Any(Doc.Of(("lastUsedAt", null)), Doc.Of(("lastUsedAt", Is.Below(at))));
                return session.UpdateAsync(Tokens, Doc.Of(("_id", id), earlier), Doc.Set(("lastUsedAt", at)));
            },
            cancellation
        );
}
