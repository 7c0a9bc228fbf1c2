using Backup.Agent.Source;
using Backup.Foundation;
using Backup.MongoWire.Bson;

namespace Backup.Agent.Sync;

/// <summary>
/// Where the oplog of a new sync begins, so that replaying it over the copy gives every transaction whole.
/// </summary>
/// <remarks>
/// All is read from the one member that is copied, in this order, each step after the one before has answered:
/// <list type="number">
/// <item>C: the newest entry that majority reads of this member can see. The copy starts later, so it holds all up to C.</item>
/// <item>S: the oldest <c>startOpTime</c> in <c>config.transactions</c> with state inProgress or prepared, as the member has it.
/// begin = the older of C and S.</item>
/// <item>L: the newest entry of the member.</item>
/// <item>As long as an entry from begin to L is a link of a transaction whose link before is older than begin: begin = that link.</item>
/// </list>
/// No transaction that ends after begin has a link before it. Let T have a link before begin, and its end after it. Its first link is
/// before C, so the member had it when S was read. If T was open then, S is not after its first link: a contradiction. So its end was
/// there when S was read, hence not after L, and the links of T from begin to L contain one whose predecessor is before begin:
/// step 4 would have gone on. It ends, since begin moves to an older entry each time.
/// MongoDB's own initial sync and mongodump --oplog read config.transactions after the oplog's end for the same reason; step 4 is for
/// transactions that ended between both, which their oplog readers are allowed to skip and our replayer is not.
/// </remarks>
internal static class BeginPoint
{
    public static async Task<Optime> FindAsync(SourceMember member, CancellationToken cancellation)
    {
        var visible = await member.ReadableMajorityAsync(cancellation);
        var begin =
            await OplogQuery.NewestAsync(member, visible, cancellation)
            ?? throw AgentErrors.NoSet("its oplog has no entry that a majority has");
        if (await OldestOpenAsync(member, cancellation) is { } start && start < begin)
        {
            begin = start;
        }

        var newest = await OplogQuery.NewestAsync(member, atMost: null, cancellation) ?? begin;
        while (await OplogQuery.LinkBeforeAsync(member, begin, newest, cancellation) is { } link)
        {
            begin = link;
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
