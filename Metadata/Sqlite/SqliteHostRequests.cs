namespace Backup.Metadata.Sqlite;

internal sealed class SqliteHostRequests(ITransactions database) : IHostRequests
{
    private const string Columns = "deployment_id, id, request, asked_at, answer";

    public Task AskAsync(HostRequestRecord request, CancellationToken cancellation = default) =>
        database.WriteAsync(
            session =>
            {
                Require(session, request.DeploymentId);
                session.Execute(
                    $"""
                    INSERT OR REPLACE INTO host_requests ({Columns}, taken)
                    VALUES (@DeploymentId, @Id, @Request, @at, NULL, 0)
                    """,
                    new
                    {
                        request.DeploymentId,
                        request.Id,
                        request.Request,
                        at = request.AskedAt.ToUnixTimeMilliseconds(),
                    }
                );
            },
            cancellation
        );

    public Task<HostRequestRecord?> FindAsync(string deploymentId, CancellationToken cancellation = default) =>
        database.ReadAsync(session => Find(session, deploymentId), cancellation);

    public async Task<HostRequestRecord?> TakeAsync(
        string deploymentId,
        DateTimeOffset askedSince,
        CancellationToken cancellation = default
    )
    {
        var since = askedSince.ToUnixTimeMilliseconds();
        const string Pending = "deployment_id = @deploymentId AND taken = 0 AND answer IS NULL AND asked_at >= @since";
        // With every heartbeat: nothing is written where nothing is asked.
        var isAsked = await database.ReadAsync(
            session =>
                session.Number($"SELECT count(*) FROM host_requests WHERE {Pending}", new { deploymentId, since }) > 0,
            cancellation
        );
        return !isAsked
            ? null
            : await database.WriteAsync(
                session =>
                    session.Execute($"UPDATE host_requests SET taken = 1 WHERE {Pending}", new { deploymentId, since })
                    > 0
                        ? Find(session, deploymentId)
                        : null,
                cancellation
            );
    }

    public Task<bool> AnswerAsync(
        string deploymentId,
        string id,
        string answer,
        CancellationToken cancellation = default
    ) =>
        database.WriteAsync(
            session =>
                session.Execute(
                    """
                    UPDATE host_requests SET answer = @answer
                    WHERE deployment_id = @deploymentId AND id = @id AND taken = 1 AND answer IS NULL
                    """,
                    new
                    {
                        deploymentId,
                        id,
                        answer,
                    }
                ) > 0,
            cancellation
        );

    public async Task<HostSettings> SettingsAsync(string deploymentId, CancellationToken cancellation = default) =>
        await database.ReadAsync(
            session =>
                session.Find(
                    "SELECT allows_step_down, shows_values FROM host_settings WHERE deployment_id = @deploymentId",
                    static row => new HostSettings(row.Flag(), row.Flag()),
                    new { deploymentId }
                ),
            cancellation
        ) ?? new HostSettings();

    public Task SetSettingsAsync(
        string deploymentId,
        HostSettings settings,
        CancellationToken cancellation = default
    ) =>
        database.WriteAsync(
            session =>
            {
                Require(session, deploymentId);
                session.Execute(
                    """
                    INSERT OR REPLACE INTO host_settings (deployment_id, allows_step_down, shows_values)
                    VALUES (@deploymentId, @stepDown, @values)
                    """,
                    new
                    {
                        deploymentId,
                        stepDown = settings.AllowsStepDown ? 1 : 0,
                        values = settings.ShowsValues ? 1 : 0,
                    }
                );
            },
            cancellation
        );

    private static HostRequestRecord? Find(Session session, string deploymentId) =>
        session.Find(
            $"SELECT {Columns} FROM host_requests WHERE deployment_id = @deploymentId",
            static row => new HostRequestRecord(row.Text(), row.Text(), row.Text(), row.Time(), row.TextOrNull()),
            new { deploymentId }
        );

    private static void Require(Session session, string deploymentId)
    {
        if (session.Number("SELECT count(*) FROM deployments WHERE id = @deploymentId", new { deploymentId }) == 0)
        {
            throw MetadataErrors.Missing("deployment", deploymentId);
        }
    }
}
