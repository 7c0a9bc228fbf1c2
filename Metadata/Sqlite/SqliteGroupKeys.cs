namespace Backup.Metadata.Sqlite;

/// <param name="database">The tables.</param>
/// <param name="sweep">Of its files.</param>
internal sealed class SqliteGroupKeys(ITransactions database, SqliteSweep sweep) : IGroupKeys
{
    private const string Columns = "id, group_id, purpose, generation, created_at, master, box";

    public async Task<IReadOnlyList<GroupKeyRecord>> ListAsync(CancellationToken cancellation = default) =>
        await database.ReadAsync(
            static session =>
                session.Query(
                    $"SELECT {Columns} FROM group_keys ORDER BY group_id, purpose, generation",
                    static row => new GroupKeyRecord(
                        row.Text(),
                        row.Text(),
                        (GroupKeyPurpose)row.Int(),
                        row.Int(),
                        row.Time(),
                        row.Text(),
                        row.Bytes()
                    )
                ),
            cancellation
        );

    public async Task<IReadOnlyList<DestroyedKeyRecord>> DestroyedAsync(CancellationToken cancellation = default) =>
        await database.ReadAsync(
            static session =>
                session.Query(
                    "SELECT id, group_id, at FROM destroyed_keys ORDER BY at, id",
                    static row => new DestroyedKeyRecord(row.Text(), row.Text(), row.Time())
                ),
            cancellation
        );

    public Task AddAsync(IReadOnlyList<GroupKeyRecord> keys, CancellationToken cancellation = default) =>
        database.WriteAsync(
            session =>
            {
                foreach (var key in keys)
                {
                    if (
                        session.Number(
                            "SELECT count(*) FROM destroyed_keys WHERE group_id = @GroupId",
                            new { key.GroupId }
                        ) > 0
                    )
                    {
                        throw MetadataErrors.KeysDestroyed(key.GroupId);
                    }

                    session.Execute(
                        $"""
                        INSERT INTO group_keys ({Columns})
                        VALUES (@Id, @GroupId, @purpose, @Generation, @created, @Master, @Box)
                        """,
                        new
                        {
                            key.Id,
                            key.GroupId,
                            purpose = (int)key.Purpose,
                            key.Generation,
                            created = key.CreatedAt.ToUnixTimeMilliseconds(),
                            key.Master,
                            key.Box,
                        }
                    );
                }
            },
            cancellation
        );

    public Task RewrapAsync(IReadOnlyList<GroupKeyRecord> keys, CancellationToken cancellation = default) =>
        database.WriteAsync(
            session =>
            {
                foreach (var key in keys)
                {
                    var changed = session.Execute(
                        "UPDATE group_keys SET master = @Master, box = @Box WHERE id = @Id",
                        new
                        {
                            key.Id,
                            key.Master,
                            key.Box,
                        }
                    );
                    if (changed == 0)
                    {
                        throw MetadataErrors.Missing("key", key.Id);
                    }
                }
            },
            cancellation
        );

    public async Task DestroyAsync(string groupId, DateTimeOffset at, CancellationToken cancellation = default)
    {
        await database.WriteAsync(
            session =>
            {
                session.Execute(
                    "INSERT INTO destroyed_keys (id, group_id, at) SELECT id, group_id, @at FROM group_keys WHERE group_id = @groupId",
                    new { groupId, at = at.ToUnixTimeMilliseconds() }
                );
                if (session.Execute("DELETE FROM group_keys WHERE group_id = @groupId", new { groupId }) > 0)
                {
                    SqliteSweep.Want(session);
                }
            },
            cancellation
        );
        // From here on it is to be ended, whoever waits for it.
        await SweepAsync(CancellationToken.None);
    }

    public Task SweepAsync(CancellationToken cancellation = default) => sweep.RunAsync(cancellation);
}
