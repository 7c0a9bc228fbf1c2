using Backup.Agent.Source;
using Backup.Foundation;
using Backup.MongoWire.Bson;

namespace Backup.Agent.Sync;

/// <summary>
/// Where the oplog of a new sync begins: the last majority-committed entry, or the start of the oldest transaction that was open
/// around it. Asked for before and after that entry is read, so that a transaction which ends in between is not missed.
/// </summary>
internal static class BeginPoint
{
    public static async Task<Optime> FindAsync(SourceMember member, CancellationToken cancellation)
    {
        var before = await OldestOpenAsync(member, cancellation);
        var committed = await member.MajorityAsync(cancellation);
        var after = await OldestOpenAsync(member, cancellation);
        var begin = committed;
        foreach (var open in new[] { before, after })
        {
            begin = open is { } start && start < begin ? start : begin;
        }

        return begin;
    }

    private static async Task<Optime?> OldestOpenAsync(SourceMember member, CancellationToken cancellation)
    {
        var command = BsonDocument.Build(w =>
        {
            w.String("find"u8, "transactions")
                .BeginDocument("filter"u8)
                .BeginDocument("state"u8)
                .BeginArray("$in"u8)
                .String("0"u8, "prepared")
                .String("1"u8, "inProgress")
                .EndArray()
                .EndDocument()
                .EndDocument()
                .BeginDocument("sort"u8)
                .Int32("startOpTime"u8, 1)
                .EndDocument()
                .Int32("limit"u8, 1)
                .Boolean("singleBatch"u8, true);
        });
        using var reply = await member.RunAsync("config", command, cancellation);
        foreach (var item in reply.View["cursor"u8].AsDocument["firstBatch"u8].AsDocument)
        {
            if (item.AsDocument.TryGet("startOpTime"u8, out var start))
            {
                return SourceMember.ReadOptime(start.AsDocument);
            }
        }

        return null;
    }
}
