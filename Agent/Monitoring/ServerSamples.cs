using Backup.Agent.Source;
using Backup.Foundation.Contracts;
using Backup.MongoWire.Bson;

namespace Backup.Agent.Monitoring;

/// <summary>Reads what servers answer to <c>serverStatus</c>, <c>replSetGetStatus</c> and <c>dbStats</c>, whatever a release leaves out.</summary>
internal static class ServerSamples
{
    private static readonly string[] Counters = ["insert", "query", "update", "delete", "getmore", "command"];

    /// <param name="host">host:port.</param>
    /// <param name="status">The answer to <c>serverStatus</c>.</param>
    public static HostSample Host(string host, BsonView status)
    {
        var operations = new Dictionary<string, long>();
        foreach (var counter in Counters)
        {
            if (Number(status, "opcounters", counter) is { } count)
            {
                operations[counter] = count;
            }
        }

        return new HostSample(
            host,
            status.TryGet("version"u8, out var version) && version.Type == BsonType.String ? version.AsString : "",
            Number(status, "uptime") ?? 0,
            Number(status, "connections", "current"),
            Number(status, "connections", "available"),
            operations,
            Number(status, "mem", "resident"),
            Number(status, "wiredTiger", "cache", "bytes currently in the cache"),
            Number(status, "wiredTiger", "cache", "maximum bytes configured"),
            Number(status, "network", "bytesIn"),
            Number(status, "network", "bytesOut")
        )
        {
            Queued = Number(status, "globalLock", "currentQueue", "total"),
        };
    }

    /// <param name="status">The answer to <c>replSetGetStatus</c>.</param>
    public static IReadOnlyList<MemberSample> Members(BsonView status)
    {
        var members = new List<MemberSample>();
        if (!status.TryGet("members"u8, out var array) || array.Type != BsonType.Array)
        {
            return members;
        }

        foreach (var item in array.AsDocument)
        {
            var member = item.AsDocument;
            members.Add(
                new MemberSample(
                    Text(member, "name"u8),
                    Text(member, "stateStr"u8),
                    Number(member, "health") == 1,
                    OptimeOf(member),
                    LagSeconds: null
                )
            );
        }

        var newest = members.Max(member => member.Optime?.T);
        return [.. members.Select(member => member with { LagSeconds = newest - member.Optime?.T })];
    }

    /// <param name="name">The database.</param>
    /// <param name="stats">The answer to <c>dbStats</c>.</param>
    public static DatabaseSample Database(string name, BsonView stats) =>
        new(
            name,
            Number(stats, "collections") ?? 0,
            Number(stats, "objects") ?? 0,
            Number(stats, "dataSize") ?? 0,
            Number(stats, "storageSize") ?? 0,
            Number(stats, "indexSize") ?? 0
        );

    /// <summary>With how full the disk is that its data are on, where it says so.</summary>
    /// <param name="host">The server that was asked.</param>
    /// <param name="stats">The answer to <c>dbStats</c> of any of its databases.</param>
    public static HostSample WithDisk(HostSample host, BsonView stats) =>
        host with
        {
            DiskUsedBytes = Number(stats, "fsUsedSize"),
            DiskTotalBytes = Number(stats, "fsTotalSize"),
        };

    private static WireOptime? OptimeOf(BsonView member) =>
        member.TryGet("optime"u8, out var optime)
        && optime.Type == BsonType.Document
        && optime.AsDocument.TryGet("ts"u8, out var ts)
        && ts.Type == BsonType.Timestamp
        && ts.AsTimestamp != 0
            ? WireOptime.From(SourceMember.ReadOptime(optime.AsDocument))
            : null;

    private static string Text(BsonView document, ReadOnlySpan<byte> name) =>
        document.TryGet(name, out var field) && field.Type == BsonType.String ? field.AsString : "";

    private static long? Number(BsonView document, params ReadOnlySpan<string> path)
    {
        foreach (var name in path[..^1])
        {
            if (
                !document.TryGet(System.Text.Encoding.UTF8.GetBytes(name), out var inner)
                || inner.Type != BsonType.Document
            )
            {
                return null;
            }

            document = inner.AsDocument;
        }

        return document.TryGet(System.Text.Encoding.UTF8.GetBytes(path[^1]), out var field) && field.IsNumber
            ? (long)field.ToDouble()
            : null;
    }
}
