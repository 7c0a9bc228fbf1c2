using Backup.Metadata.Mongo.Collections;
using Backup.Metadata.Mongo.Documents;
using Backup.Metadata.Mongo.Transactions;
using Backup.Metadata.People;

namespace Backup.Metadata.Mongo.Stores;

internal sealed class MongoInvitations(ITransactions database) : IInvitations
{
    private static readonly Collection<InvitationRecord> Invitations = PeopleCollections.Invitations;

    public Task AddAsync(InvitationRecord invitation, CancellationToken cancellation = default) =>
        database.WriteAsync(
            async session =>
            {
                var longOver = Is.AtMost(invitation.CreatedAt - IInvitations.Kept);
                await session.DeleteAsync(
                    Invitations,
                    Doc.Of(Doc.Any(Doc.Of(("endedAt", longOver)), Doc.Of(("expiresAt", longOver))))
                );
                await MongoAccess.RequireGroupAsync(session, invitation.GroupId);
                await session.InsertAsync(Invitations, invitation);
            },
            cancellation
        );

    public Task<InvitationRecord?> FindAsync(byte[] secretHash, CancellationToken cancellation = default) =>
        database.ReadAsync(session => FindAsync(session, secretHash), cancellation);

    public async Task<IReadOnlyList<InvitationRecord>> OpenAsync(
        string groupId,
        DateTimeOffset now,
        CancellationToken cancellation = default
    ) =>
        await database.ReadAsync(
            session =>
                session.FindAsync(
                    Invitations,
                    Doc.Of(("groupId", groupId), ("endedAt", null), ("expiresAt", Is.Above(now))),
                    Doc.Of(("createdAt", -1), ("_id", 1))
                ),
            cancellation
        );

    public Task RevokeAsync(string groupId, string id, DateTimeOffset now, CancellationToken cancellation = default) =>
        database.WriteAsync(
            async session =>
            {
                if (!await session.AnyAsync(Invitations, Doc.Of(("_id", id), ("groupId", groupId))))
                {
                    throw MetadataErrors.Missing("invitation", id);
                }

                await session.UpdateAsync(
                    Invitations,
                    Doc.Of(("_id", id), ("endedAt", null)),
                    Doc.Set(("endedAt", now))
                );
            },
            cancellation
        );

    public Task AcceptAsync(
        byte[] secretHash,
        UserRecord user,
        DateTimeOffset now,
        CancellationToken cancellation = default
    ) =>
        database.WriteAsync(
            async session =>
            {
                if (
                    await FindAsync(session, secretHash) is not { } invitation
                    || !invitation.IsOpen(now)
                    || UserRecord.Fold(invitation.Email) != UserRecord.Fold(user.Email)
                )
                {
                    throw MetadataErrors.NoInvitation();
                }

                if (!await session.AnyAsync(PeopleCollections.Users, Doc.Id(user.Id)))
                {
                    await MongoUsers.InsertAsync(session, user);
                }

                if (await MongoMemberships.RoleAsync(session, user.Id, invitation.GroupId) is null)
                {
                    await MongoMemberships.SetAsync(session, invitation.GroupId, user.Id, invitation.Role, now);
                }

                await session.UpdateAsync(Invitations, Doc.Id(invitation.Id), Doc.Set(("endedAt", now)));
            },
            cancellation
        );

    private static Task<InvitationRecord?> FindAsync(MongoSession session, byte[] secretHash) =>
        session.FirstAsync(Invitations, Doc.Of(("secretHash", secretHash)));
}
