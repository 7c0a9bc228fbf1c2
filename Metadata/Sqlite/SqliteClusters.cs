using System.Text.Json;
using Backup.Metadata.Secrets;

namespace Backup.Metadata.Sqlite;

/// <summary>Clusters and their balancers; cuts: <see cref="SqliteCuts"/>.</summary>
internal sealed class SqliteClusters(ITransactions database, UriSeal uris, TimeProvider time) : IClusters
{
    private const string Columns =
        "deployment_id, source_id, mongo_version, routers, balancer, seen_at, debt_cut_id, debt_since";

    private readonly SqliteCuts _cuts = new(database, time);

    public Task<ClusterRecord?> FindAsync(string deploymentId, CancellationToken cancellation = default) =>
        database.ReadAsync(session => Find(session, deploymentId), cancellation);

    public async Task<IReadOnlyList<ClusterRecord>> ListAsync(CancellationToken cancellation = default) =>
        await database.ReadAsync(List, cancellation);

    public Task<ClusterRecord> FoundAsync(
        ClusterRecord found,
        IReadOnlyList<Deployment> members,
        CancellationToken cancellation = default
    ) =>
        database.WriteAsync(
            session =>
            {
                if (Find(session, found.DeploymentId) is { } known && known.SourceId != found.SourceId)
                {
                    throw MetadataErrors.Another(found.DeploymentId, known.SourceId, found.SourceId);
                }

                SqliteDeployments.RequireDeployment(session, found.DeploymentId);
                Store(session, found);
                SetMembers(session, uris, found.DeploymentId, members);
                return Find(session, found.DeploymentId)!;
            },
            cancellation
        );

    public Task<bool> StopBalancerAsync(string cutId, bool wasOn, CancellationToken cancellation = default) =>
        database.WriteAsync(
            session =>
            {
                if (SqliteCuts.Find(session, cutId) is not { State: CutState.Wanted } cut)
                {
                    return false;
                }

                var now = time.GetUtcNow().ToUnixTimeMilliseconds();
                session.Execute(
                    """
                    UPDATE clusters SET debt_cut_id = @cutId, debt_since = @now
                    WHERE deployment_id = @ClusterId AND (@wasOn = 1 OR debt_cut_id IS NOT NULL)
                    """,
                    new
                    {
                        cutId,
                        cut.ClusterId,
                        now,
                        wasOn = wasOn ? 1 : 0,
                    }
                );
                session.Execute(
                    "UPDATE cuts SET state = @state, changed_at = @now WHERE id = @cutId",
                    new
                    {
                        cutId,
                        now,
                        state = (int)CutState.Stopping,
                    }
                );
                return true;
            },
            cancellation
        );

    public Task<bool> BalancerStartedAsync(string clusterId, CancellationToken cancellation = default) =>
        database.WriteAsync(
            session =>
            {
                if (SqliteCuts.Open(session, clusterId) is { State: CutState.Stopping or CutState.Marking })
                {
                    return false;
                }

                session.Execute(
                    """
                    UPDATE clusters SET debt_cut_id = NULL, debt_since = NULL, balancer = @balancer
                    WHERE deployment_id = @clusterId
                    """,
                    new { clusterId, balancer = (int)BalancerState.On }
                );
                return true;
            },
            cancellation
        );

    public Task AddCutAsync(CutRecord cut, CancellationToken cancellation = default) =>
        _cuts.AddAsync(cut, cancellation);

    public Task<CutRecord?> FindCutAsync(string id, CancellationToken cancellation = default) =>
        database.ReadAsync(session => SqliteCuts.Find(session, id), cancellation);

    public Task<CutRecord?> OpenCutAsync(string clusterId, CancellationToken cancellation = default) =>
        database.ReadAsync(session => SqliteCuts.Open(session, clusterId), cancellation);

    public Task<IReadOnlyList<CutRecord>> CutsAsync(string clusterId, CancellationToken cancellation = default) =>
        _cuts.ListAsync(clusterId, cancellation);

    public Task<IReadOnlyList<CutRecord>> NewestSnapshotsAsync(CancellationToken cancellation = default) =>
        _cuts.NewestSnapshotsAsync(cancellation);

    public Task<bool> AdvanceCutAsync(CutRecord next, CutState from, CancellationToken cancellation = default) =>
        _cuts.AdvanceAsync(next, from, cancellation);

    public Task<bool> AddPartAsync(string cutId, SnapshotRecord part, CancellationToken cancellation = default) =>
        _cuts.AddPartAsync(cutId, part, cancellation);

    public Task<bool> AddBuiltPartAsync(
        string cutId,
        SnapshotRecord part,
        PartPremise premise,
        CancellationToken cancellation = default
    ) => _cuts.AddBuiltPartAsync(cutId, part, premise, cancellation);

    public Task<IReadOnlyList<SnapshotRecord>> PartsAsync(string cutId, CancellationToken cancellation = default) =>
        _cuts.PartsAsync(cutId, cancellation);

    public Task<bool> CompleteCutAsync(
        string cutId,
        DateTimeOffset? expiresAt,
        CancellationToken cancellation = default
    ) => _cuts.CompleteAsync(cutId, expiresAt, cancellation);

    public Task<bool> FailCutAsync(
        string cutId,
        string code,
        string message,
        string hint,
        CancellationToken cancellation = default
    ) => _cuts.FailAsync(cutId, code, message, hint, cancellation);

    public Task<CutRecord> KeepCutAsync(string cutId, KeepingChange change, CancellationToken cancellation = default) =>
        _cuts.KeepAsync(cutId, change, cancellation);

    public Task<bool> ExpireCutAsync(CutRecord seen, CancellationToken cancellation = default) =>
        _cuts.ExpireAsync(seen, cancellation);

    public Task DeleteCutAsync(string cutId, bool evenLast, CancellationToken cancellation = default) =>
        _cuts.DeleteAsync(cutId, evenLast, cancellation);

    public Task RemoveCutAsync(string cutId, CancellationToken cancellation = default) =>
        _cuts.RemoveAsync(cutId, cancellation);

    internal static List<ClusterRecord> List(Session session) =>
        session.Query($"SELECT {Columns} FROM clusters ORDER BY rowid", Cluster);

    private static ClusterRecord? Find(Session session, string deploymentId) =>
        session.Find(
            $"SELECT {Columns} FROM clusters WHERE deployment_id = @deploymentId",
            Cluster,
            new { deploymentId }
        );

    private static void Store(Session session, ClusterRecord found)
    {
        session.Execute(
            """
            INSERT INTO clusters (deployment_id, source_id, mongo_version, routers, balancer, seen_at)
            VALUES (@DeploymentId, @SourceId, @MongoVersion, @routers, @balancer, @seen)
            ON CONFLICT (deployment_id) DO UPDATE SET
                mongo_version = excluded.mongo_version,
                routers = excluded.routers,
                balancer = excluded.balancer,
                seen_at = excluded.seen_at
            """,
            new
            {
                found.DeploymentId,
                found.SourceId,
                found.MongoVersion,
                routers = JsonSerializer.Serialize(found.Routers),
                balancer = (int)found.Balancer,
                seen = found.SeenAt.ToUnixTimeMilliseconds(),
            }
        );
        session.Execute(
            "UPDATE deployments SET type = @type WHERE id = @DeploymentId AND type <> @type",
            new { found.DeploymentId, type = DeploymentTypes.ShardedCluster }
        );
    }

    private static void SetMembers(Session session, UriSeal uris, string clusterId, IReadOnlyList<Deployment> members)
    {
        foreach (var member in members)
        {
            var (shard, uri) = (member.Cluster!.Shard, uris.Open(member));
            if (
                SqliteDeployments.OfShard(session, clusterId, shard) is null
                && SqliteDeployments.At(session, uris, member.GroupId, uri) is { Cluster: null } alone
                && alone.Id != clusterId
            )
            {
                // One that was protected by itself before becomes the cluster's, with its head and all its snapshots.
                session.Execute(
                    "UPDATE deployments SET cluster_id = @clusterId, shard = @shard WHERE id = @Id",
                    new
                    {
                        clusterId,
                        shard,
                        alone.Id,
                    }
                );
            }

            if (SqliteDeployments.OfShard(session, clusterId, shard) is not { } own)
            {
                SqliteDeployments.Ensure(session, uris, member);
                continue;
            }

            if (!uris.IsAt(own, uri))
            {
                if (SqliteDeployments.At(session, uris, member.GroupId, uri) is { } other)
                {
                    throw MetadataErrors.UriTaken(other.Name);
                }

                SqliteDeployments.SetUri(session, uris, own.Id, uri);
            }

            if (!own.IsProtected)
            {
                session.Execute("UPDATE deployments SET removed_at = NULL WHERE id = @Id", new { own.Id });
            }
        }

        var there = JsonSerializer.Serialize(members.Select(member => member.Cluster!.Shard));
        const string gone =
            "cluster_id = @clusterId AND shard NOT IN (SELECT value FROM json_each(@there)) AND removed_at IS NULL";
        session.Execute(
            $"UPDATE agent_leases SET agent_id = NULL WHERE deployment_id IN (SELECT id FROM deployments WHERE {gone})",
            new { clusterId, there }
        );
        session.Execute(
            $"""
            UPDATE deployments SET removed_at = (SELECT seen_at FROM clusters WHERE deployment_id = @clusterId)
            WHERE {gone}
            """,
            new { clusterId, there }
        );
    }

    private static ClusterRecord Cluster(Row row) =>
        new(
            row.Text(),
            row.Text(),
            row.Text(),
            JsonSerializer.Deserialize<List<string>>(row.Text())!,
            (BalancerState)row.Int(),
            row.Time()
        )
        {
            Debt = row.TextOrNull() is { } cut && row.TimeOrNull() is { } since ? new BalancerDebt(cut, since) : null,
        };
}
