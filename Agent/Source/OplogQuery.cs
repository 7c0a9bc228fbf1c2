using Backup.Foundation;
using Backup.Foundation.Errors;
using Backup.MongoWire.Bson;
using Backup.MongoWire.Client;
using Backup.MongoWire.Uri;

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

    /// <summary>Whether some other member that is in sight has that very entry, of that term, in its oplog.</summary>
    public static async Task<bool> IsElsewhereAsync(SourceMember member, Optime entry, CancellationToken cancellation)
    {
        foreach (var other in member.Set.Topology.Servers.Values)
        {
            if (other.IsReadable && other.Address != member.Host && await HasAsync(member.Set, other.Address))
            {
                return true;
            }
        }

        return false;

        async Task<bool> HasAsync(MongoClient set, HostAddress host)
        {
            var command = BsonDocument.Build(w =>
            {
                w.String("find"u8, "oplog.rs")
                    .BeginDocument("filter"u8)
                    .Timestamp("ts"u8, entry.Timestamp)
                    .EndDocument()
                    .Int32("limit"u8, 1)
                    .Boolean("singleBatch"u8, true);
                if (member.SeeksOplogByFlag)
                {
                    w.Boolean("oplogReplay"u8, true);
                }
            });
            try
            {
                using var reply = await set.RunCommandAsync("local", command, ReadTarget.On(host), cancellation);
                foreach (var item in reply.View["cursor"u8].AsDocument["firstBatch"u8].AsDocument)
                {
                    return SourceMember.ReadOptime(item.AsDocument) == entry;
                }
            }
            catch (BackupException)
            {
                // It cannot be asked: it does not help now.
            }

            return false;
        }
    }

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
