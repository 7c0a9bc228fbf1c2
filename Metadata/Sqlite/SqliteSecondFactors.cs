using Backup.Metadata.People;

namespace Backup.Metadata.Sqlite;

internal sealed class SqliteSecondFactors(ITransactions database) : ISecondFactors
{
    public Task OfferAsync(string userId, byte[] sealedSecret, CancellationToken cancellation = default) =>
        database.WriteAsync(
            session =>
            {
                var found = session.Execute(
                    "UPDATE users SET sealed_totp_offer = @sealedSecret WHERE id = @userId",
                    new { userId, sealedSecret }
                );
                if (found == 0)
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
            session =>
            {
                _ = SqliteUsers.Find(session, userId) ?? throw MetadataErrors.Missing("user", userId);
                var taken = session.Execute(
                    """
                    UPDATE users SET sealed_totp = @sealedSecret, totp_last_step = @step, sealed_totp_offer = NULL
                    WHERE id = @userId AND sealed_totp_offer = @sealedSecret
                    """,
                    new
                    {
                        userId,
                        sealedSecret,
                        step,
                    }
                );
                if (taken == 0)
                {
                    return false;
                }

                session.Execute("DELETE FROM recovery_codes WHERE user_id = @userId", new { userId });
                foreach (var code in recoveryCodes)
                {
                    session.Execute(
                        "INSERT INTO recovery_codes (user_id, code_hash) VALUES (@userId, @code)",
                        new { userId, code }
                    );
                }

                return true;
            },
            cancellation
        );

    public Task RemoveAsync(string userId, CancellationToken cancellation = default) =>
        database.WriteAsync(
            session =>
            {
                session.Execute("DELETE FROM recovery_codes WHERE user_id = @userId", new { userId });
                session.Execute(
                    """
                    UPDATE users SET sealed_totp = NULL, totp_last_step = NULL, sealed_totp_offer = NULL WHERE id = @userId
                    """,
                    new { userId }
                );
            },
            cancellation
        );

    public Task<bool> UseStepAsync(string userId, long step, CancellationToken cancellation = default) =>
        database.WriteAsync(
            session =>
                session.Execute(
                    """
                    UPDATE users SET totp_last_step = @step
                    WHERE id = @userId AND (totp_last_step IS NULL OR totp_last_step < @step)
                    """,
                    new { userId, step }
                ) == 1,
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
                session.Execute(
                    "UPDATE recovery_codes SET used_at = @now WHERE user_id = @userId AND code_hash = @hash AND used_at IS NULL",
                    new
                    {
                        userId,
                        hash,
                        now = now.ToUnixTimeMilliseconds(),
                    }
                ) == 1,
            cancellation
        );

    public async Task<int> RecoveryCodesLeftAsync(string userId, CancellationToken cancellation = default) =>
        (int)
            await database.ReadAsync(
                session =>
                    session.Number(
                        "SELECT count(*) FROM recovery_codes WHERE user_id = @userId AND used_at IS NULL",
                        new { userId }
                    ),
                cancellation
            );
}
