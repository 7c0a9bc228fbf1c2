namespace Backup.Metadata.Sqlite;

/// <summary>Policies of replica sets and of clusters.</summary>
internal static class SqlitePolicies
{
    private const string Columns = """
        subject_id, interval_ms, reference, base_retention_ms, window_ms, checkpoint_ms, balancer_rule, at_ms, zone,
        daily_ms, weekly_ms, monthly_ms, week_ends, verify_ms
        """;

    internal static SnapshotPolicy Find(Session session, string subjectId) =>
        session.Find($"SELECT {Columns} FROM policies WHERE subject_id = @subjectId", Policy, new { subjectId })
        ?? SnapshotPolicy.Default(subjectId);

    /// <summary>Those that are stored.</summary>
    internal static List<SnapshotPolicy> All(Session session) =>
        session.Query($"SELECT {Columns} FROM policies", Policy);

    private static SnapshotPolicy Policy(Row row) =>
        new(row.Text(), row.Duration(), row.Time(), row.Duration(), row.Duration())
        {
            CheckpointInterval = row.LongOrNull() is { } every ? TimeSpan.FromMilliseconds(every) : null,
            Balancer = (BalancerRule)row.Int(),
            At = row.LongOrNull() is { } at ? TimeOnly.FromTimeSpan(TimeSpan.FromMilliseconds(at)) : null,
            Zone = row.Text(),
            DailyRetention = row.Duration(),
            WeeklyRetention = row.Duration(),
            MonthlyRetention = row.Duration(),
            WeekEnds = (DayOfWeek)row.Int(),
            VerifyInterval = row.Duration(),
        };

    internal static void Set(Session session, SnapshotPolicy policy)
    {
        var subjects = session.Number(
            """
            SELECT (SELECT count(*) FROM replica_sets WHERE id = @SubjectId)
                + (SELECT count(*) FROM clusters WHERE deployment_id = @SubjectId)
            """,
            new { policy.SubjectId }
        );
        if (subjects == 0)
        {
            throw MetadataErrors.Missing("replica set or cluster", policy.SubjectId);
        }

        session.Execute(
            $"""
            INSERT OR REPLACE INTO policies ({Columns})
            VALUES (@SubjectId, @interval, @reference, @retention, @window, @checkpoints, @balancer, @at, @Zone,
                @daily, @weekly, @monthly, @weekEnds, @verify)
            """,
            new
            {
                policy.SubjectId,
                interval = (long)policy.Interval.TotalMilliseconds,
                reference = policy.Reference.ToUnixTimeMilliseconds(),
                retention = (long)policy.BaseRetention.TotalMilliseconds,
                window = (long)policy.PointInTimeWindow.TotalMilliseconds,
                checkpoints = (long?)policy.CheckpointInterval?.TotalMilliseconds,
                balancer = (int)policy.Balancer,
                at = (long?)policy.At?.ToTimeSpan().TotalMilliseconds,
                policy.Zone,
                daily = (long)policy.DailyRetention.TotalMilliseconds,
                weekly = (long)policy.WeeklyRetention.TotalMilliseconds,
                monthly = (long)policy.MonthlyRetention.TotalMilliseconds,
                weekEnds = (int)policy.WeekEnds,
                verify = (long)policy.VerifyInterval.TotalMilliseconds,
            }
        );
    }
}
