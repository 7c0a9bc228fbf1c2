using Backup.Foundation.Errors;

namespace Backup.MongoWire.Client;

/// <summary>What may be sent twice, and when.</summary>
internal static class RetryRules
{
    private static readonly HashSet<string> Reads = new(StringComparer.OrdinalIgnoreCase)
    {
        "aggregate",
        "buildInfo",
        "balancerStatus",
        "collStats",
        "connectionStatus",
        "count",
        "dbHash",
        "dbStats",
        "distinct",
        "find",
        "getLog",
        "getParameter",
        "getShardMap",
        "hello",
        "hostInfo",
        "isMaster",
        "listCollections",
        "listDatabases",
        "listIndexes",
        "listShards",
        "ping",
        "replSetGetConfig",
        "replSetGetStatus",
        "serverStatus",
    };

    internal static bool IsRead(string command) => Reads.Contains(command);

    internal static bool IsRetryable(BackupException failure) =>
        failure.IsTransient && failure.Number != MongoWireErrors.NoSuitableServer;

    /// <summary>50 ms, doubled each time, at most 2 s; half of it by chance, so that many clients do not come at once.</summary>
    internal static TimeSpan Backoff(int attempt)
    {
        var full = Math.Min(2000, 50 * (1 << Math.Min(attempt, 10)));
        return TimeSpan.FromMilliseconds((full / 2.0) + (Random.Shared.NextDouble() * full / 2.0));
    }
}
