using System.Text.Json;

namespace Backup.Metadata.Sqlite;

/// <summary>Reads every reference into the block store, in one transaction: a table that gets one of its own is to be added here.</summary>
internal static class SqliteManifests
{
    // Replica sets of groups whose keys were destroyed.
    private const string Over = """
        SELECT replica_sets.id FROM replica_sets
        JOIN deployments ON deployments.id = replica_sets.deployment_id
        JOIN destroyed_keys ON destroyed_keys.group_id = deployments.group_id
        """;

    internal static IReadOnlyList<ManifestReference> Read(Session session, TimeProvider time)
    {
        // Without it each query would see what was written since the one before, and a reference that moved between two tables in none.
        session.Execute("BEGIN");
        try
        {
            return
            [
                .. session.Query(
                    $"""
                    SELECT heads.manifest_block, 'head of ' || coalesce(replica_sets.name, heads.replica_set_id), heads.replica_set_id
                    FROM heads LEFT JOIN replica_sets ON replica_sets.id = heads.replica_set_id
                    WHERE heads.replica_set_id NOT IN ({Over})
                    """,
                    Reference
                ),
                .. session.Query(
                    $"""
                    SELECT manifest_block, 'snapshot ' || id, replica_set_id FROM snapshots
                    WHERE replica_set_id NOT IN ({Over}) ORDER BY ordinal
                    """,
                    Reference
                ),
                .. session.Query(
                    $"SELECT part, 'part of cut ' || cut_id, replica_set_id FROM cut_parts WHERE replica_set_id NOT IN ({Over})",
                    static row => new ManifestReference(
                        JsonSerializer.Deserialize<SnapshotRecord>(row.Text())!.ManifestBlock,
                        row.Text()
                    )
                    {
                        ReplicaSetId = row.Text(),
                    }
                ),
                .. SqliteReadHolds
                    .All(session, time)
                    .Select(static hold => new ManifestReference(
                        hold.ManifestBlock,
                        $"what {hold.Id} reads",
                        IsHold: true
                    )
                    {
                        ReplicaSetId = hold.ReplicaSetId,
                    }),
            ];
        }
        finally
        {
            session.Execute("COMMIT");
        }
    }

    private static ManifestReference Reference(Row row) => new(row.Text(), row.Text()) { ReplicaSetId = row.Text() };
}
