using Backup.Agent.Source;
using Backup.Foundation;
using Backup.Foundation.Contracts;
using Backup.Foundation.Errors;
using Backup.MongoWire.Bson;

namespace Backup.Agent.Tail;

/// <summary>Why an oplog does not go on where it was left.</summary>
internal static class OplogEdge
{
    /// <param name="member">Who was read from.</param>
    /// <param name="last">The last acknowledged entry.</param>
    /// <param name="found">The first entry not before it that is there; null where there is none.</param>
    public static async Task<BackupException> ExplainAsync(
        SourceMember member,
        Optime last,
        Optime? found,
        CancellationToken cancellation
    )
    {
        var oldest = await EndAsync(member, 1, cancellation);
        if (found is null)
        {
            var newest = await EndAsync(member, -1, cancellation);
            return AgentErrors.Behind(last, newest);
        }

        return oldest > last ? AgentErrors.Hole(last, oldest)
            : found.Value.Timestamp == last.Timestamp
                ? AgentErrors.Rollback(last, $"it is of term {found.Value.Term} there")
            : AgentErrors.Rollback(last, $"the next one there is {found.Value}");
    }

    /// <summary>What the server is told of a hole or a rollback; null for any other error.</summary>
    public static async Task<HoleReport?> ReportAsync(
        SourceMember member,
        BackupException failure,
        Optime last,
        CancellationToken cancellation
    )
    {
        if (failure.Number is not (AgentErrors.OplogHole or AgentErrors.RolledBack))
        {
            return null;
        }

        var oldest = await EndAsync(member, 1, cancellation);
        return new HoleReport(
            WireOptime.From(last),
            WireOptime.From(oldest > last ? oldest : last),
            new Fault(failure.Code, failure.Message, failure.Hint)
        );
    }

    /// <summary>The oldest (1) or newest (-1) entry's optime; zero where the oplog is empty.</summary>
    private static async Task<Optime> EndAsync(SourceMember member, int direction, CancellationToken cancellation)
    {
        var command = BsonDocument.Build(w =>
            w.String("find"u8, "oplog.rs")
                .BeginDocument("filter"u8)
                .EndDocument()
                .BeginDocument("sort"u8)
                .Int32("$natural"u8, direction)
                .EndDocument()
                .BeginDocument("projection"u8)
                .Int32("ts"u8, 1)
                .Int32("t"u8, 1)
                .EndDocument()
                .Int32("limit"u8, 1)
                .Boolean("singleBatch"u8, true)
        );
        using var reply = await member.RunAsync("local", command, cancellation);
        foreach (var item in reply.View["cursor"u8].AsDocument["firstBatch"u8].AsDocument)
        {
            return SourceMember.ReadOptime(item.AsDocument);
        }

        return Optime.Zero;
    }
}
