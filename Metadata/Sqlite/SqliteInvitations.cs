using Backup.Metadata.People;

namespace Backup.Metadata.Sqlite;

internal sealed class SqliteInvitations(ITransactions database) : IInvitations
{
    private const string Columns =
        "id, secret_hash, group_id, role, email, invited_by, created_at, expires_at, ended_at";

    public Task AddAsync(InvitationRecord invitation, CancellationToken cancellation = default) =>
        database.WriteAsync(
            session =>
            {
                session.Execute(
                    "DELETE FROM invitations WHERE min(coalesce(ended_at, expires_at), expires_at) <= @before",
                    new { before = (invitation.CreatedAt - IInvitations.Kept).ToUnixTimeMilliseconds() }
                );
                session.Execute(
                    $"""
                    INSERT INTO invitations ({Columns})
                    VALUES (@Id, @SecretHash, @GroupId, @role, @Email, @InvitedBy, @created, @expires, @ended)
                    """,
                    new
                    {
                        invitation.Id,
                        invitation.SecretHash,
                        invitation.GroupId,
                        role = (int)invitation.Role,
                        invitation.Email,
                        invitation.InvitedBy,
                        created = invitation.CreatedAt.ToUnixTimeMilliseconds(),
                        expires = invitation.ExpiresAt.ToUnixTimeMilliseconds(),
                        ended = invitation.EndedAt?.ToUnixTimeMilliseconds(),
                    }
                );
            },
            cancellation
        );

    public Task<InvitationRecord?> FindAsync(byte[] secretHash, CancellationToken cancellation = default) =>
        database.ReadAsync(session => Find(session, secretHash), cancellation);

    public async Task<IReadOnlyList<InvitationRecord>> OpenAsync(
        string groupId,
        DateTimeOffset now,
        CancellationToken cancellation = default
    ) =>
        await database.ReadAsync(
            session =>
                session.Query(
                    $"""
                    SELECT {Columns} FROM invitations
                    WHERE group_id = @groupId AND ended_at IS NULL AND expires_at > @now ORDER BY created_at DESC, id
                    """,
                    Invitation,
                    new { groupId, now = now.ToUnixTimeMilliseconds() }
                ),
            cancellation
        );

    public Task RevokeAsync(string groupId, string id, DateTimeOffset now, CancellationToken cancellation = default) =>
        database.WriteAsync(
            session =>
            {
                var found = session.Execute(
                    "UPDATE invitations SET ended_at = coalesce(ended_at, @now) WHERE id = @id AND group_id = @groupId",
                    new
                    {
                        id,
                        groupId,
                        now = now.ToUnixTimeMilliseconds(),
                    }
                );
                if (found == 0)
                {
                    throw MetadataErrors.Missing("invitation", id);
                }
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
            session =>
            {
                if (
                    Find(session, secretHash) is not { } invitation
                    || !invitation.IsOpen(now)
                    || UserRecord.Fold(invitation.Email) != UserRecord.Fold(user.Email)
                )
                {
                    throw MetadataErrors.NoInvitation();
                }

                if (SqliteUsers.Find(session, user.Id) is null)
                {
                    SqliteUsers.Insert(session, user);
                }

                if (SqliteMemberships.Role(session, user.Id, invitation.GroupId) is null)
                {
                    SqliteMemberships.Upsert(session, invitation.GroupId, user.Id, invitation.Role, now);
                }

                session.Execute(
                    "UPDATE invitations SET ended_at = @now WHERE id = @Id",
                    new { invitation.Id, now = now.ToUnixTimeMilliseconds() }
                );
            },
            cancellation
        );

    private static InvitationRecord? Find(Session session, byte[] secretHash) =>
        session.Find(
            $"SELECT {Columns} FROM invitations WHERE secret_hash = @secretHash",
            Invitation,
            new { secretHash }
        );

    private static InvitationRecord Invitation(Row row) =>
        new(
            row.Text(),
            row.Bytes(),
            row.Text(),
            (GroupRole)row.Int(),
            row.Text(),
            row.Text(),
            row.Time(),
            row.Time(),
            row.TimeOrNull()
        );
}
