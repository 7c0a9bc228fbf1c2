using System.Text.Json;
using Backup.Metadata.Alerting;

namespace Backup.Metadata.Sqlite;

/// <summary>A rule of no deployment has an empty text there: nulls are never the same key.</summary>
internal sealed class SqliteAlertExcerpts(ITransactions database) : IAlertExcerpts
{
    public async Task<IReadOnlyList<ExcerptRule>> RulesAsync(CancellationToken cancellation = default) =>
        await database.ReadAsync(
            static session =>
                session.Query(
                    """
                    SELECT group_id, nullif(deployment_id, ''), is_on, conditions, lines, severity, slow_ms
                    FROM excerpt_rules ORDER BY group_id, deployment_id
                    """,
                    static row => new ExcerptRule(
                        row.Text(),
                        row.TextOrNull(),
                        row.Flag(),
                        JsonSerializer.Deserialize<List<string>>(row.Text())!,
                        row.Int(),
                        row.TextOrNull(),
                        row.LongOrNull()
                    )
                ),
            cancellation
        );

    public Task SetRuleAsync(ExcerptRule rule, CancellationToken cancellation = default) =>
        database.WriteAsync(
            session =>
            {
                session.Execute(
                    """
                    INSERT OR REPLACE INTO excerpt_rules
                        (group_id, deployment_id, is_on, conditions, lines, severity, slow_ms)
                    VALUES (@GroupId, @deployment, @isOn, @conditions, @Lines, @Severity, @SlowMilliseconds)
                    """,
                    new
                    {
                        rule.GroupId,
                        deployment = rule.DeploymentId ?? "",
                        isOn = rule.IsOn ? 1 : 0,
                        conditions = JsonSerializer.Serialize(rule.Conditions),
                        rule.Lines,
                        rule.Severity,
                        rule.SlowMilliseconds,
                    }
                );
            },
            cancellation
        );

    public Task<bool> RemoveRuleAsync(string groupId, string? deploymentId, CancellationToken cancellation = default) =>
        database.WriteAsync(
            session =>
                session.Execute(
                    "DELETE FROM excerpt_rules WHERE group_id = @groupId AND deployment_id = @deployment",
                    new { groupId, deployment = deploymentId ?? "" }
                ) > 0,
            cancellation
        );

    public Task<bool> AddAsync(AlertExcerpt excerpt, CancellationToken cancellation = default) =>
        database.WriteAsync(
            session =>
                session.Execute(
                    """
                    INSERT INTO alert_excerpts (alert_id, at, raw_length, content)
                    SELECT ordinal, @at, @RawLength, @Content FROM alerts WHERE ordinal = @AlertId
                    ON CONFLICT (alert_id) DO NOTHING
                    """,
                    new
                    {
                        excerpt.AlertId,
                        at = excerpt.At.ToUnixTimeMilliseconds(),
                        excerpt.RawLength,
                        excerpt.Content,
                    }
                ) > 0,
            cancellation
        );

    public Task<AlertExcerpt?> FindAsync(long alertId, CancellationToken cancellation = default) =>
        database.ReadAsync(
            session =>
                session.Find(
                    "SELECT alert_id, at, raw_length, content FROM alert_excerpts WHERE alert_id = @alertId",
                    static row => new AlertExcerpt(row.Long(), row.Time(), row.Int(), row.Bytes()),
                    new { alertId }
                ),
            cancellation
        );

    public async Task<IReadOnlySet<long>> OfAsync(
        IReadOnlyCollection<long> alertIds,
        CancellationToken cancellation = default
    ) =>
        await database.ReadAsync(
            session =>
                session
                    .Query(
                        "SELECT alert_id FROM alert_excerpts WHERE alert_id IN (SELECT value FROM json_each(@ids))",
                        static row => row.Long(),
                        new { ids = JsonSerializer.Serialize(alertIds) }
                    )
                    .ToHashSet(),
            cancellation
        );
}
