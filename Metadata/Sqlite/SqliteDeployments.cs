using System.Globalization;
using System.Text.Json;
using Backup.Foundation;
using Backup.Foundation.Contracts;
using Backup.Metadata.Secrets;

namespace Backup.Metadata.Sqlite;

internal sealed class SqliteDeployments(ITransactions database, UriSeal uris, TimeProvider time) : IDeployments
{
    private const string OwnColumns =
        "id, group_id, name, type, uri, created_at, removed_at, namespaces, cluster_id, shard";

    /// <summary>A cluster goes with its sets.</summary>
    private const string AllOfIt = "(id = @deploymentId OR cluster_id = @deploymentId)";

    private const string DeploymentColumns =
        $"{OwnColumns}, source_revision, source_member, source_cursors, source_bytes_per_second, source_paused_at";

    private const string ReplicaSetColumns = """
        id, deployment_id, name, set_id, mongo_version, fcv, storage_engine, state, stop_code, stop_message, stop_hint,
        sync_id, source_t, source_i, source_term, source_seen_at
        """;

    public Task<Deployment> EnsureAsync(Deployment deployment, CancellationToken cancellation = default) =>
        database.WriteAsync(session => Ensure(session, uris, deployment), cancellation);

    public string OpenUri(Deployment deployment) => uris.Open(deployment);

    public Task<Deployment> SetUriAsync(string deploymentId, string uri, CancellationToken cancellation = default) =>
        database.WriteAsync(
            session =>
            {
                var found = Find(session, deploymentId) ?? throw MetadataErrors.Missing("deployment", deploymentId);
                if (At(session, uris, found.GroupId, uri) is { } other && other.Id != deploymentId)
                {
                    throw MetadataErrors.UriTaken(other.Name);
                }

                SetUri(session, uris, deploymentId, uri);
                return Find(session, deploymentId)!;
            },
            cancellation
        );

    public Task<int> SealUrisAsync(CancellationToken cancellation = default) =>
        database.WriteAsync(
            session =>
            {
                var unsealed = uris.CanSeal ? List(session).FindAll(static one => !one.Uri.IsSealed) : [];
                foreach (var one in unsealed)
                {
                    SetUri(session, uris, one.Id, uris.Open(one));
                }

                if (unsealed.Count > 0)
                {
                    var now = time.GetUtcNow().ToUnixTimeMilliseconds();
                    SqliteSettings.Set(
                        session,
                        IDeployments.SealedAtSetting,
                        now.ToString(CultureInfo.InvariantCulture)
                    );
                    SqliteSweep.Want(session);
                }

                return unsealed.Count;
            },
            cancellation
        );

    public async Task<IReadOnlyList<Deployment>> ListAsync(CancellationToken cancellation = default) =>
        await database.ReadAsync(List, cancellation);

    public Task<Deployment?> FindAsync(string id, CancellationToken cancellation = default) =>
        database.ReadAsync(session => Find(session, id), cancellation);

    public Task RemoveAsync(string deploymentId, CancellationToken cancellation = default) =>
        database.WriteAsync(
            session =>
            {
                RequireDeployment(session, deploymentId);
                session.Execute(
                    $"UPDATE deployments SET removed_at = @now WHERE {AllOfIt} AND removed_at IS NULL",
                    new { deploymentId, now = time.GetUtcNow().ToUnixTimeMilliseconds() }
                );
                session.Execute(
                    $"""
                    UPDATE agent_leases SET agent_id = NULL
                    WHERE deployment_id IN (SELECT id FROM deployments WHERE {AllOfIt})
                    """,
                    new { deploymentId }
                );
            },
            cancellation
        );

    public Task<Deployment> SetNamespacesAsync(
        string deploymentId,
        NamespaceFilter filter,
        CancellationToken cancellation = default
    ) =>
        database.WriteAsync(
            session =>
            {
                RequireDeployment(session, deploymentId);
                session.Execute(
                    "UPDATE deployments SET namespaces = @namespaces WHERE id = @deploymentId",
                    new { deploymentId, namespaces = TextOf(filter) }
                );
                return session.Find(
                    $"SELECT {DeploymentColumns} FROM deployments WHERE id = @deploymentId",
                    Deployment,
                    new { deploymentId }
                )!;
            },
            cancellation
        );

    public async Task<IReadOnlyList<ReplicaSetRecord>> ReplicaSetsAsync(CancellationToken cancellation = default) =>
        await database.ReadAsync(ReplicaSets, cancellation);

    public Task<ReplicaSetRecord?> FindReplicaSetAsync(string id, CancellationToken cancellation = default) =>
        database.ReadAsync(
            session =>
                session.Find($"SELECT {ReplicaSetColumns} FROM replica_sets WHERE id = @id", ReplicaSet, new { id }),
            cancellation
        );

    public Task<ReplicaSetRecord> EnsureReplicaSetAsync(
        ReplicaSetRecord replicaSet,
        CancellationToken cancellation = default
    ) => database.WriteAsync(session => EnsureReplicaSet(session, replicaSet), cancellation);

    public Task SetStateAsync(
        string replicaSetId,
        ReplicaSetState state,
        string? stopCode = null,
        string? stopMessage = null,
        string? stopHint = null,
        CancellationToken cancellation = default
    ) =>
        ChangeReplicaSetAsync(
            """
            UPDATE replica_sets
            SET state = @state, stop_code = @stopCode, stop_message = @stopMessage, stop_hint = @stopHint
            WHERE id = @replicaSetId
            """,
            replicaSetId,
            new
            {
                replicaSetId,
                state = (int)state,
                stopCode,
                stopMessage,
                stopHint,
            },
            cancellation
        );

    public Task SetSourceOptimeAsync(
        string replicaSetId,
        Optime optime,
        DateTimeOffset? readAfter = null,
        CancellationToken cancellation = default
    ) =>
        database.WriteAsync(
            session =>
            {
                RequireReplicaSet(session, replicaSetId);
                var now = time.GetUtcNow().ToUnixTimeMilliseconds();
                // What is stored from the future was written before the clock was put back: it keeps nothing out.
                session.Execute(
                    """
                    UPDATE replica_sets
                    SET source_t = @t, source_i = @i, source_term = @term, source_seen_at = @seen
                    WHERE id = @replicaSetId
                        AND (source_seen_at IS NULL OR source_seen_at <= @seen OR source_seen_at > @now)
                    """,
                    new
                    {
                        replicaSetId,
                        t = (long)optime.T,
                        i = (long)optime.I,
                        term = optime.Term,
                        seen = Math.Min(now, readAfter?.ToUnixTimeMilliseconds() ?? now),
                        now,
                    }
                );
            },
            cancellation
        );

    public Task<Deployment> SetSourceAsync(
        string deploymentId,
        SourceSettings settings,
        CancellationToken cancellation = default
    )
    {
        settings.Validate();
        return database.WriteAsync(
            session =>
            {
                RequireDeployment(session, deploymentId);
                session.Execute(
                    """
                    UPDATE deployments
                    SET source_revision = source_revision + 1, source_member = @Member, source_cursors = @Cursors,
                        source_bytes_per_second = @BytesPerSecond, source_paused_at = @paused
                    WHERE id = @deploymentId
                    """,
                    new
                    {
                        deploymentId,
                        settings.Member,
                        settings.Cursors,
                        settings.BytesPerSecond,
                        paused = settings.PausedAt?.ToUnixTimeMilliseconds(),
                    }
                );
                return session.Find(
                    $"SELECT {DeploymentColumns} FROM deployments WHERE id = @deploymentId",
                    Deployment,
                    new { deploymentId }
                )!;
            },
            cancellation
        );
    }

    public Task SetAgentReportAsync(AgentReport report, CancellationToken cancellation = default) =>
        database.WriteAsync(
            session =>
            {
                RequireDeployment(session, report.DeploymentId);
                session.Execute(
                    """
                    INSERT OR REPLACE INTO agent_reports (deployment_id, agent_id, phase, code, message, hint, at, source)
                    VALUES (@DeploymentId, @AgentId, @Phase, @Code, @Message, @Hint, @at, @Source)
                    """,
                    new
                    {
                        report.DeploymentId,
                        report.AgentId,
                        report.Phase,
                        report.Code,
                        report.Message,
                        report.Hint,
                        report.Source,
                        at = report.At.ToUnixTimeMilliseconds(),
                    }
                );
            },
            cancellation
        );

    public async Task<IReadOnlyList<AgentReport>> AgentReportsAsync(CancellationToken cancellation = default) =>
        await database.ReadAsync(
            session =>
                session.Query(
                    """
                    SELECT deployment_id, agent_id, phase, code, message, hint, at, source
                    FROM agent_reports ORDER BY rowid
                    """,
                    row => new AgentReport(
                        row.Text(),
                        row.Text(),
                        row.Text(),
                        row.TextOrNull(),
                        row.TextOrNull(),
                        row.TextOrNull(),
                        row.Time(),
                        row.TextOrNull()
                    )
                ),
            cancellation
        );

    public Task<SnapshotPolicy> PolicyAsync(string subjectId, CancellationToken cancellation = default) =>
        database.ReadAsync(session => SqlitePolicies.Find(session, subjectId), cancellation);

    public Task SetPolicyAsync(SnapshotPolicy policy, CancellationToken cancellation = default)
    {
        policy.Validate();
        return database.WriteAsync(session => SqlitePolicies.Set(session, policy), cancellation);
    }

    internal static List<Deployment> List(Session session) =>
        session.Query($"SELECT {DeploymentColumns} FROM deployments ORDER BY rowid", Deployment);

    internal static List<ReplicaSetRecord> ReplicaSets(Session session) =>
        session.Query($"SELECT {ReplicaSetColumns} FROM replica_sets ORDER BY rowid", ReplicaSet);

    internal static Deployment? Find(Session session, string id) =>
        session.Find($"SELECT {DeploymentColumns} FROM deployments WHERE id = @id", Deployment, new { id });

    /// <summary>The part of that cluster; null where there is none yet.</summary>
    internal static Deployment? OfShard(Session session, string clusterId, string shard) =>
        session.Find(
            $"SELECT {DeploymentColumns} FROM deployments WHERE cluster_id = @clusterId AND shard = @shard",
            Deployment,
            new { clusterId, shard }
        );

    /// <summary>The one of that group with that URI; null where there is none.</summary>
    internal static Deployment? At(Session session, UriSeal uris, string groupId, string uri) =>
        session
            .Query(
                $"SELECT {DeploymentColumns} FROM deployments WHERE group_id = @groupId ORDER BY rowid",
                Deployment,
                new { groupId }
            )
            .Find(one => uris.IsAt(one, uri));

    internal static void SetUri(Session session, UriSeal uris, string deploymentId, string uri) =>
        session.Execute(
            "UPDATE deployments SET uri = @uri WHERE id = @deploymentId",
            new { deploymentId, uri = uris.Seal(deploymentId, uri).Stored }
        );

    /// <summary>Adds it; one of that group with that URI is protected again where it was removed.</summary>
    internal static Deployment Ensure(Session session, UriSeal uris, Deployment deployment)
    {
        var uri = uris.Open(deployment);
        if (At(session, uris, deployment.GroupId, uri) is not { } stored)
        {
            Insert(session, deployment with { Uri = uris.Seal(deployment.Id, uri) });
            return Find(session, deployment.Id)!;
        }

        session.Execute(
            "UPDATE deployments SET removed_at = NULL WHERE id = @Id AND removed_at IS NOT NULL",
            new { stored.Id }
        );
        return stored with { RemovedAt = null };
    }

    private static void Insert(Session session, Deployment deployment) =>
        session.Execute(
            $"""
            INSERT INTO deployments ({OwnColumns})
            VALUES (@Id, @GroupId, @Name, @Type, @uri, @created, NULL, @namespaces, @cluster, @shard)
            """,
            new
            {
                deployment.Id,
                deployment.GroupId,
                deployment.Name,
                deployment.Type,
                uri = deployment.Uri.Stored,
                created = deployment.CreatedAt.ToUnixTimeMilliseconds(),
                namespaces = TextOf(deployment.Namespaces),
                cluster = deployment.Cluster?.DeploymentId,
                shard = deployment.Cluster?.Shard,
            }
        );

    internal static void RequireDeployment(Session session, string id)
    {
        if (session.Number("SELECT count(*) FROM deployments WHERE id = @id", new { id }) == 0)
        {
            throw MetadataErrors.Missing("deployment", id);
        }
    }

    internal static void RequireReplicaSet(Session session, string id)
    {
        if (session.Number("SELECT count(*) FROM replica_sets WHERE id = @id", new { id }) == 0)
        {
            throw MetadataErrors.Missing("replica set", id);
        }
    }

    private Task ChangeReplicaSetAsync(
        string sql,
        string replicaSetId,
        object arguments,
        CancellationToken cancellation
    ) =>
        database.WriteAsync(
            session =>
            {
                if (session.Execute(sql, arguments) == 0)
                {
                    throw MetadataErrors.Missing("replica set", replicaSetId);
                }
            },
            cancellation
        );

    private static ReplicaSetRecord EnsureReplicaSet(Session session, ReplicaSetRecord set)
    {
        session.Execute(
            $"""
            INSERT INTO replica_sets ({ReplicaSetColumns})
            VALUES (@Id, @DeploymentId, @Name, @SetId, @MongoVersion, @fcv, @StorageEngine, @state, @StopCode,
                @StopMessage, @StopHint, @SyncId, @t, @i, @term, @seen)
            ON CONFLICT (deployment_id, set_id) DO UPDATE SET
                name = excluded.name,
                mongo_version = excluded.mongo_version,
                fcv = excluded.fcv,
                storage_engine = excluded.storage_engine
            WHERE name <> excluded.name OR mongo_version <> excluded.mongo_version OR fcv <> excluded.fcv
                OR storage_engine <> excluded.storage_engine
            """,
            new
            {
                set.Id,
                set.DeploymentId,
                set.Name,
                set.SetId,
                set.MongoVersion,
                fcv = set.FeatureCompatibilityVersion,
                set.StorageEngine,
                state = (int)set.State,
                set.StopCode,
                set.StopMessage,
                set.StopHint,
                set.SyncId,
                t = (long)set.SourceOptime.T,
                i = (long)set.SourceOptime.I,
                term = set.SourceOptime.Term,
                seen = set.SourceSeenAt?.ToUnixTimeMilliseconds(),
            }
        );
        return session.Find(
            $"SELECT {ReplicaSetColumns} FROM replica_sets WHERE deployment_id = @DeploymentId AND set_id = @SetId",
            ReplicaSet,
            new { set.DeploymentId, set.SetId }
        )!;
    }

    private static ClusterMembership? Membership(string? clusterId, string? shard) =>
        clusterId is null ? null : new ClusterMembership(clusterId, shard!);

    private static string? TextOf(NamespaceFilter filter) =>
        filter.IsEverything ? null : JsonSerializer.Serialize(filter, AgentJson.Default.NamespaceFilter);

    private static Deployment Deployment(Row row) =>
        new(row.Text(), row.Text(), row.Text(), row.Text(), new DeploymentUri(row.Text()), row.Time(), row.TimeOrNull())
        {
            Namespaces = row.TextOrNull() is { } filter
                ? JsonSerializer.Deserialize(filter, AgentJson.Default.NamespaceFilter)!
                : NamespaceFilter.Everything,
            Cluster = Membership(row.TextOrNull(), row.TextOrNull()),
            Source = new SourceSettings(
                row.Long(),
                row.Text(),
                (int?)row.LongOrNull(),
                row.LongOrNull(),
                row.TimeOrNull()
            ),
        };

    private static ReplicaSetRecord ReplicaSet(Row row) =>
        new(
            row.Text(),
            row.Text(),
            row.Text(),
            row.Text(),
            row.Text(),
            row.Text(),
            row.Text(),
            (ReplicaSetState)row.Int(),
            row.TextOrNull(),
            row.TextOrNull(),
            row.TextOrNull(),
            row.TextOrNull(),
            row.Optime(),
            row.TimeOrNull()
        );
}
