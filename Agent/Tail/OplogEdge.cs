using Backup.Agent.Source;
using Backup.Foundation;
using Backup.Foundation.Contracts;
using Backup.Foundation.Errors;

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
        var oldest = await OplogQuery.OldestAsync(member, cancellation) ?? Optime.Zero;
        if (found is null)
        {
            var newest = await OplogQuery.NewestAsync(member, atMost: null, cancellation) ?? Optime.Zero;
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

        var oldest = await OplogQuery.OldestAsync(member, cancellation) ?? Optime.Zero;
        return new HoleReport(
            WireOptime.From(last),
            WireOptime.From(oldest > last ? oldest : last),
            new Fault(failure.Code, failure.Message, failure.Hint)
        );
    }
}
