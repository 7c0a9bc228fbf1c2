namespace Backup.Metadata.Sqlite;

internal sealed class SqliteSshTargets(ITransactions database) : ISshTargets
{
    private const string KeyColumns = "id, group_id, name, public_key, sealed_key, created_at";

    private const string TargetColumns =
        "id, group_id, name, user, host, port, folder, host_key, key_id, sealed_password, created_at";

    public async Task<IReadOnlyList<SshKeyRecord>> KeysAsync(
        string groupId,
        CancellationToken cancellation = default
    ) =>
        await database.ReadAsync(
            session =>
                session.Query(
                    $"SELECT {KeyColumns} FROM ssh_keys WHERE group_id = @groupId ORDER BY name",
                    row => new SshKeyRecord(row.Text(), row.Text(), row.Text(), row.Text(), row.Bytes(), row.Time()),
                    new { groupId }
                ),
            cancellation
        );

    public Task AddKeyAsync(SshKeyRecord key, CancellationToken cancellation = default) =>
        database.WriteAsync(
            session =>
            {
                session.Execute(
                    $"INSERT INTO ssh_keys ({KeyColumns}) VALUES (@Id, @GroupId, @Name, @PublicKey, @SealedKey, @created)",
                    new
                    {
                        key.Id,
                        key.GroupId,
                        key.Name,
                        key.PublicKey,
                        key.SealedKey,
                        created = key.CreatedAt.ToUnixTimeMilliseconds(),
                    }
                );
            },
            cancellation
        );

    public Task<bool> RemoveKeyAsync(string keyId, CancellationToken cancellation = default) =>
        database.WriteAsync(
            session =>
            {
                if (session.Number("SELECT count(*) FROM ssh_targets WHERE key_id = @keyId", new { keyId }) > 0)
                {
                    return false;
                }

                return session.Execute("DELETE FROM ssh_keys WHERE id = @keyId", new { keyId }) == 1
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
            session =>
                session.Query(
                    $"SELECT {TargetColumns} FROM ssh_targets WHERE group_id = @groupId ORDER BY name",
                    row => new SshTargetRecord(
                        row.Text(),
                        row.Text(),
                        row.Text(),
                        row.Text(),
                        row.Text(),
                        row.Int(),
                        row.Text(),
                        row.Text(),
                        row.TextOrNull(),
                        row.BytesOrNull(),
                        row.Time()
                    ),
                    new { groupId }
                ),
            cancellation
        );

    public Task AddTargetAsync(SshTargetRecord target, CancellationToken cancellation = default) =>
        database.WriteAsync(
            session =>
            {
                session.Execute(
                    $"""
                    INSERT INTO ssh_targets ({TargetColumns})
                    VALUES (@Id, @GroupId, @Name, @User, @Host, @Port, @Folder, @HostKey, @KeyId, @SealedPassword, @created)
                    """,
                    new
                    {
                        target.Id,
                        target.GroupId,
                        target.Name,
                        target.User,
                        target.Host,
                        target.Port,
                        target.Folder,
                        target.HostKey,
                        target.KeyId,
                        target.SealedPassword,
                        created = target.CreatedAt.ToUnixTimeMilliseconds(),
                    }
                );
            },
            cancellation
        );

    public Task RemoveTargetAsync(string targetId, CancellationToken cancellation = default) =>
        database.WriteAsync(
            session =>
            {
                if (session.Execute("DELETE FROM ssh_targets WHERE id = @targetId", new { targetId }) == 0)
                {
                    throw MetadataErrors.Missing("SSH target", targetId);
                }
            },
            cancellation
        );
}
