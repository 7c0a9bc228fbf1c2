using Backup.Metadata.Mongo.Collections;
using Backup.Metadata.Mongo.Documents;
using Backup.Metadata.Mongo.Transactions;
using Backup.Metadata.People;
using Backup.MongoWire.Bson;

namespace Backup.Metadata.Mongo.Stores;

internal sealed class MongoSecondFactors(ITransactions database) : ISecondFactors
{
    private static readonly Collection<UserRecord> Users = PeopleCollections.Users;
    private static readonly Collection<RecoveryCode> Codes = PeopleCollections.RecoveryCodes;

    public Task OfferAsync(string userId, byte[] sealedSecret, CancellationToken cancellation = default) =>
        database.WriteAsync(
            async session =>
            {
                if (!await session.UpdateAsync(Users, Doc.Id(userId), Doc.Set(("sealedTotpOffer", sealedSecret))))
                {
                    throw MetadataErrors.Missing("user", userId);
                }
            },
            cancellation
        );

    public Task<bool> ConfirmAsync(
        string userId,
        byte[] sealedSecret,
        long step,
        IReadOnlyList<byte[]> recoveryCodes,
        CancellationToken cancellation = default
    ) =>
        database.WriteAsync(
            async session =>
            {
                if (!await session.AnyAsync(Users, Doc.Id(userId)))
                {
                    throw MetadataErrors.Missing("user", userId);
                }

                var taken = await session.UpdateAsync(
                    Users,
                    Doc.Of(("_id", userId), ("sealedTotpOffer", sealedSecret)),
                    Doc.Set(("sealedTotp", sealedSecret), ("totpLastStep", step), ("sealedTotpOffer", null))
                );
                if (!taken)
                {
                    return false;
                }

                await session.DeleteAsync(Codes, OfUser(userId));
                await session.InsertAsync(
                    Codes,
                    [.. recoveryCodes.Select(code => Codes.Write(new RecoveryCode(userId, code, null)))]
                );
                return true;
            },
            cancellation
        );

    public Task RemoveAsync(string userId, CancellationToken cancellation = default) =>
        database.WriteAsync(
            async session =>
            {
                await session.DeleteAsync(Codes, OfUser(userId));
                await session.UpdateAsync(
                    Users,
                    Doc.Id(userId),
                    Doc.Set(("sealedTotp", null), ("totpLastStep", null), ("sealedTotpOffer", null))
                );
            },
            cancellation
        );

    public Task<bool> UseStepAsync(string userId, long step, CancellationToken cancellation = default) =>
        database.WriteAsync(
            session =>
            {
                var earlier = Doc.Any(Doc.Of(("totpLastStep", null)), Doc.Of(("totpLastStep", Is.Below(step))));
                return session.UpdateAsync(Users, Doc.Of(("_id", userId), earlier), Doc.Set(("totpLastStep", step)));
            },
            cancellation
        );

    public Task<bool> UseRecoveryCodeAsync(
        string userId,
        byte[] hash,
        DateTimeOffset now,
        CancellationToken cancellation = default
    ) =>
        database.WriteAsync(
            session =>
                session.UpdateAsync(
                    Codes,
                    Doc.Of(("userId", userId), ("codeHash", hash), ("usedAt", null)),
                    Doc.Set(("usedAt", now))
                ),
            cancellation
        );

    public async Task<int> RecoveryCodesLeftAsync(string userId, CancellationToken cancellation = default) =>
        (int)
            await database.ReadAsync(
                session => session.CountAsync(Codes, Doc.Of(("userId", userId), ("usedAt", null))),
                cancellation
            );

    private static BsonDocument OfUser(string userId) => Doc.Of(("userId", userId));
}
