using Backup.Foundation;
using Backup.MongoWire.Bson;

namespace Backup.Agent.Source;

/// <summary>Single questions to a member's oplog, as the member has it (read concern local).</summary>
internal static class OplogQuery
{
    private const int Newest = -1;
    private const int Oldest = 1;

    /// <summary>The newest entry, or the newest that is not after a point; null where there is none.</summary>
    public static Task<Optime?> NewestAsync(SourceMember member, Optime? atMost, CancellationToken cancellation) =>
        FirstAsync(
            member,
            Newest,
            filter =>
            {
                if (atMost is { } limit)
                {
                    filter.BeginDocument("ts"u8).Timestamp("$lte"u8, limit.Timestamp).EndDocument();
                }
            },
            static entry => SourceMember.ReadOptime(entry),
            cancellation
        );

    public static Task<Optime?> OldestAsync(SourceMember member, CancellationToken cancellation) =>
        FirstAsync(member, Oldest, static _ => { }, static entry => SourceMember.ReadOptime(entry), cancellation);

    /// <summary>
    /// The predecessor of the first link of a transaction that stands from <paramref name="begin"/> to <paramref name="end"/> and
    /// continues one from before <paramref name="begin"/>; null where there is none.
    /// </summary>
    /// <remarks>
    /// A retryable write's <c>prevOpTime</c> chains statements, not a transaction: these are no commands, but for vectored inserts
    /// (<c>multiOpType: 1</c>).
    /// </remarks>
    public static Task<Optime?> LinkBeforeAsync(
        SourceMember member,
        Optime begin,
        Optime end,
        CancellationToken cancellation
    ) =>
        FirstAsync(
            member,
            Oldest,
            filter =>
                filter
                    .BeginDocument("ts"u8)
                    .Timestamp("$gte"u8, begin.Timestamp)
                    .Timestamp("$lte"u8, end.Timestamp)
                    .EndDocument()
                    .String("op"u8, "c")
                    .BeginDocument("prevOpTime.ts"u8)
                    .Timestamp("$gt"u8, 0)
                    .Timestamp("$lt"u8, begin.Timestamp)
                    .EndDocument()
                    .BeginDocument("multiOpType"u8)
                    .Int32("$ne"u8, 1)
                    .EndDocument(),
            static entry => SourceMember.ReadOptime(entry["prevOpTime"u8].AsDocument),
            cancellation,
            seek: true
        );

    private static async Task<Optime?> FirstAsync(
        SourceMember member,
        int direction,
        Action<BsonWriter> filter,
        Func<BsonView, Optime> read,
        CancellationToken cancellation,
        bool seek = false
    )
    {
        var command = BsonDocument.Build(w =>
        {
            w.String("find"u8, "oplog.rs").BeginDocument("filter"u8);
            filter(w);
            w.EndDocument()
                .BeginDocument("sort"u8)
                .Int32("$natural"u8, direction)
                .EndDocument()
                .BeginDocument("projection"u8)
                .Int32("ts"u8, 1)
                .Int32("t"u8, 1)
                .Int32("prevOpTime"u8, 1)
                .EndDocument()
                .Int32("limit"u8, 1)
                .Boolean("singleBatch"u8, true);
            if (seek && member.SeeksOplogByFlag)
            {
                w.Boolean("oplogReplay"u8, true);
            }
        });
        using var reply = await member.RunAsync("local", command, cancellation);
        foreach (var item in reply.View["cursor"u8].AsDocument["firstBatch"u8].AsDocument)
        {
            return read(item.AsDocument);
        }

        return null;
    }
}
