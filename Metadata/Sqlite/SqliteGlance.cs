namespace Backup.Metadata.Sqlite;

/// <summary>Reads a <see cref="Glance"/>: each table once, all of them in one transaction.</summary>
internal static class SqliteGlance
{
    internal static Glance Read(Session session, TimeProvider time)
    {
        // Without it each query would see what was written since the one before.
        session.Execute("BEGIN");
        try
        {
            var (syncs, sets) = (SyncRows.All(session), SqliteDeployments.ReplicaSets(session));
            return new Glance
            {
                Deployments = SqliteDeployments.List(session),
                ReplicaSets = sets,
                ByDeployment = sets.ToLookup(static one => one.DeploymentId),
                Clusters = SqliteClusters.List(session).ToDictionary(static one => one.DeploymentId),
                Heads = SqliteHeads.List(session).ToDictionary(static one => one.ReplicaSetId),
                Snapshots = SqliteSnapshots.All(session).ToLookup(static one => one.ReplicaSetId),
                Cuts = SqliteCuts.All(session).ToLookup(static one => one.ClusterId),
                Syncs = syncs.Where(static one => !one.IsPartial).ToLookup(static one => one.ReplicaSetId),
                PartialSyncs = syncs.Where(static one => one.IsPartial).ToLookup(static one => one.Beside!),
                Extents = Extents(session, syncs),
                Holes = SqliteHoles.All(session).ToLookup(static one => one.ReplicaSetId),
                Events = SqliteTimelineEvents.All(session).ToLookup(static one => one.ReplicaSetId),
                Holds = SqliteReadHolds.All(session, time).ToLookup(static one => one.ReplicaSetId),
                Policies = SqlitePolicies.All(session).ToDictionary(static one => one.SubjectId),
            };
        }
        finally
        {
            session.Execute("COMMIT");
        }
    }

    private static Dictionary<string, OplogExtent> Extents(Session session, List<SyncRecord> syncs)
    {
        var extents = new Dictionary<string, OplogExtent>(StringComparer.Ordinal);
        foreach (var sync in syncs.Where(static one => !one.IsPartial))
        {
            if (SqliteOplogSlices.Extent(session, sync.Id) is { } extent)
            {
                extents[sync.Id] = extent;
            }
        }

        return extents;
    }
}
