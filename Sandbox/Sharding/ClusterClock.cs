using Backup.MongoWire.Bson;

namespace Backup.Sandbox.Sharding;

/// <summary>What one participant of a cluster knows of its time: it goes with every command and comes back with every reply.</summary>
internal sealed class ClusterClock
{
    private static readonly byte[] NoHash = new byte[20];

    private ulong _now;

    /// <summary>As a timestamp of the oplog; 0 before anything was heard.</summary>
    public ulong Now => Volatile.Read(ref _now);

    public void Advance(ulong heard)
    {
        var known = Now;
        while (heard > known)
        {
            var seen = Interlocked.CompareExchange(ref _now, heard, known);
            if (seen == known)
            {
                return;
            }

            known = seen;
        }
    }

    /// <summary><c>$clusterTime</c>, unsigned as that of a cluster without authentication.</summary>
    public static void Write(BsonWriter writer, ulong time) =>
        writer
            .BeginDocument("$clusterTime"u8)
            .Timestamp("clusterTime"u8, time)
            .BeginDocument("signature"u8)
            .Binary("hash"u8, NoHash)
            .Int64("keyId"u8, 0)
            .EndDocument()
            .EndDocument();

    /// <summary>The time that a command or a reply brings along; 0: none.</summary>
    public static ulong Read(BsonView message) =>
        message.TryGet("$clusterTime"u8, out var told) && told.AsDocument.TryGet("clusterTime"u8, out var time)
            ? time.AsTimestamp
            : 0;
}
