using Backup.Metadata.Alerting;

namespace Backup.Metadata.Sqlite;

/// <summary>A rule of no group, or of no deployment, has an empty text there: nulls are never the same key.</summary>
internal sealed class SqliteAlertRules(ITransactions database, TimeProvider time) : IAlertRules
{
    public async Task<IReadOnlyList<AlertRule>> ListAsync(CancellationToken cancellation = default) =>
        await database.ReadAsync(
            session =>
                session.Query(
                    """
                    SELECT nullif(group_id, ''), nullif(deployment_id, ''), condition, is_on, warning, critical FROM alert_rules
                    ORDER BY group_id, deployment_id, condition
                    """,
                    static row => new AlertRule(
                        row.TextOrNull(),
                        row.TextOrNull(),
                        row.Text(),
                        row.Flag(),
                        row.RealOrNull(),
                        row.RealOrNull()
                    )
                ),
            cancellation
        );

    public Task SetAsync(AlertRule rule, CancellationToken cancellation = default) =>
        database.WriteAsync(
            session =>
            {
                session.Execute(
                    """
                    INSERT INTO alert_rules (group_id, deployment_id, condition, is_on, warning, critical)
                    VALUES (@group, @deployment, @Condition, @isOn, @Warning, @Critical)
                    ON CONFLICT (group_id, deployment_id, condition)
                        DO UPDATE SET is_on = excluded.is_on, warning = excluded.warning, critical = excluded.critical
                    """,
                    new
                    {
                        group = rule.GroupId ?? "",
                        deployment = rule.DeploymentId ?? "",
                        rule.Condition,
                        isOn = rule.IsOn ? 1 : 0,
                        rule.Warning,
                        rule.Critical,
                    }
                );
            },
            cancellation
        );

    public Task<bool> RemoveAsync(
        string? groupId,
        string? deploymentId,
        string condition,
        CancellationToken cancellation = default
    ) =>
        database.WriteAsync(
            session =>
                session.Execute(
                    "DELETE FROM alert_rules WHERE group_id = @group AND deployment_id = @deployment AND condition = @condition",
                    new
                    {
                        group = groupId ?? "",
                        deployment = deploymentId ?? "",
                        condition,
                    }
                ) > 0,
            cancellation
        );

    public async Task<IReadOnlyList<MaintenanceWindow>> WindowsAsync(CancellationToken cancellation = default) =>
        await database.ReadAsync(
            session =>
                session.Query(
                    """
                    SELECT id, group_id, deployment_id, begins_at, ends_at, text, made_by FROM maintenance_windows
                    WHERE ends_at > @now ORDER BY begins_at, id
                    """,
                    static row => new MaintenanceWindow(
                        row.Text(),
                        row.Text(),
                        row.TextOrNull(),
                        row.Time(),
                        row.Time(),
                        row.Text(),
                        row.Text()
                    ),
                    new { now = time.GetUtcNow().ToUnixTimeMilliseconds() }
                ),
            cancellation
        );

    public Task AddWindowAsync(MaintenanceWindow window, CancellationToken cancellation = default) =>
        database.WriteAsync(
            session =>
            {
                // Those that are over are of no use to anybody: the audit tells of them.
                session.Execute(
                    "DELETE FROM maintenance_windows WHERE ends_at <= @now",
                    new { now = time.GetUtcNow().ToUnixTimeMilliseconds() }
                );
                session.Execute(
                    """
                    INSERT INTO maintenance_windows (id, group_id, deployment_id, begins_at, ends_at, text, made_by)
                    VALUES (@Id, @GroupId, @DeploymentId, @from, @to, @Text, @By)
                    """,
                    new
                    {
                        window.Id,
                        window.GroupId,
                        window.DeploymentId,
                        from = window.From.ToUnixTimeMilliseconds(),
                        to = window.To.ToUnixTimeMilliseconds(),
                        window.Text,
                        window.By,
                    }
                );
            },
            cancellation
        );

    public Task<bool> RemoveWindowAsync(string groupId, string id, CancellationToken cancellation = default) =>
        database.WriteAsync(
            session =>
                session.Execute(
                    "DELETE FROM maintenance_windows WHERE id = @id AND group_id = @groupId",
                    new { id, groupId }
                ) > 0,
            cancellation
        );
}
