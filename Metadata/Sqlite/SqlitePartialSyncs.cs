using Backup.Foundation;

namespace Backup.Metadata.Sqlite;

internal sealed class SqlitePartialSyncs(ITransactions database) : IPartialSyncs
{
    public Task AddAsync(SyncRecord partial, CancellationToken cancellation = default) =>
        database.WriteAsync(
            session =>
            {
                var whole = partial.Beside is { } beside ? SyncRows.Find(session, beside) : null;
                if (whole is null or { State: SyncState.Abandoned } || whole.ReplicaSetId != partial.ReplicaSetId)
                {
                    throw MetadataErrors.NotCurrent(partial.Beside ?? partial.Id);
                }

                SyncRows.Insert(session, partial, []);
            },
            cancellation
        );

    public async Task<IReadOnlyList<SyncRecord>> ListAsync(string syncId, CancellationToken cancellation = default) =>
        await database.ReadAsync(session => SyncRows.Beside(session, syncId), cancellation);

    public Task<bool> BeginAsync(
        string partialId,
        Optime begin,
        byte[] catalogue,
        IReadOnlyList<SyncCollection> collections,
        CancellationToken cancellation = default
    ) => database.WriteAsync(session => Begin(session, partialId, begin, catalogue, collections), cancellation);

    public Task AbandonAsync(string partialId, string? failure = null, CancellationToken cancellation = default) =>
        database.WriteAsync(
            session =>
            {
                if (SyncRows.Find(session, partialId) is { IsPartial: true, IsOpen: true })
                {
                    End(session, partialId, SyncState.Abandoned);
                    session.Execute(
                        "UPDATE syncs SET failure = @failure WHERE id = @partialId",
                        new { partialId, failure }
                    );
                }
            },
            cancellation
        );

    /// <summary>Nothing more comes of it, and its slices are not needed any more.</summary>
    internal static void End(Session session, string partialId, SyncState state)
    {
        const string own = "FROM sync_slices WHERE sync_id = @partialId";
        session.Execute("UPDATE syncs SET state = @state WHERE id = @partialId", new { partialId, state = (int)state });
        session.Execute($"INSERT OR IGNORE INTO doomed_objects (name) SELECT object_name {own}", new { partialId });
        session.Execute($"DELETE {own}", new { partialId });
    }

    private static bool Begin(
        Session session,
        string partialId,
        Optime begin,
        byte[] catalogue,
        IReadOnlyList<SyncCollection> collections
    )
    {
        var partial = SyncRows.RequireState(session, partialId, SyncState.Wanted);
        if (SqliteOplogSlices.Extent(session, partial.Beside!)?.ReachesBackTo(begin) != true)
        {
            return false;
        }

        session.Execute(
            """
            UPDATE syncs SET state = @state, begin_t = @t, begin_i = @i, begin_term = @term, catalogue = @catalogue
            WHERE id = @partialId
            """,
            new
            {
                partialId,
                state = (int)SyncState.Copying,
                t = (long)begin.T,
                i = (long)begin.I,
                term = begin.Term,
                catalogue,
            }
        );
        foreach (var collection in collections)
        {
            SyncRows.AddCollection(session, collection with { SyncId = partialId });
        }

        return true;
    }
}
