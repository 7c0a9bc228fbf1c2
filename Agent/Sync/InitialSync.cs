using Backup.Agent.Flow;
using Backup.Agent.Server;
using Backup.Agent.Source;
using Backup.Agent.Work;
using Backup.Foundation;
using Backup.Foundation.Contracts;

namespace Backup.Agent.Sync;

/// <summary>Begins a sync, of everything or of some collections, copies what is not yet copied, several collections at a time, and reports the end.</summary>
internal sealed class InitialSync(
    SourceMember member,
    LeasedServer server,
    FlowLimits limits,
    WorkStatus status,
    TimeProvider time
)
{
    private static readonly TimeSpan MajorityPoll = TimeSpan.FromMilliseconds(100);

    /// <summary>Tells the server where the oplog begins and what there is; gives the new assignment.</summary>
    public async Task<Assignment> BeginAsync(
        string replicaSetId,
        NamespaceFilter? filter,
        CancellationToken cancellation
    )
    {
        var begin = await BeginPoint.FindAsync(member, cancellation);
        using var catalogue = await ListAsync(
            ns => CopiedNamespaces.Includes(ns) && filter?.Includes(ns) != false,
            cancellation
        );
        return await server.BeginSyncAsync(replicaSetId, begin, catalogue, filter, cancellation);
    }

    /// <summary>The same for some collections alone, beside the oplog that is followed.</summary>
    public async Task<SyncPosition> BeginPartialAsync(PartialSyncAnswer wanted, CancellationToken cancellation)
    {
        var begin = await BeginPoint.FindAsync(member, cancellation);
        using var catalogue = await ListAsync(wanted.Order.Selector(), cancellation);
        var begun = await server.BeginPartialAsync(wanted.SyncId, begin, catalogue, cancellation);
        return begun.Position ?? throw AgentErrors.BadAnswer("a sync that was begun has no position");
    }

    private async Task<Slice> ListAsync(Func<string, bool> includes, CancellationToken cancellation)
    {
        var listed = await CatalogueReader.ReadAsync(member, includes, limits.SplitBytes, time, cancellation);
        using var writer = new SliceWriter(limits.Budget);
        foreach (var collection in listed)
        {
            writer.Append(collection.ToDocument().Span);
        }

        return writer.Finish();
    }

    /// <summary>Comes back when every collection is acknowledged and the end is reported.</summary>
    public async Task CopyAsync(SyncPosition position, CancellationToken cancellation)
    {
        status.StartCopy(position.Ranges);
        await ReachAsync(position.Begin.ToOptime(), cancellation);
        long newest = 0;
        await Parallel.ForEachAsync(
            position.Ranges,
            new ParallelOptions { MaxDegreeOfParallelism = limits.Cursors, CancellationToken = cancellation },
            async (range, stop) =>
            {
                status.Phase = $"copying {range.Namespace}";
                var copier = new RangeCopier(member, server, limits, status, position.SyncId, range);
                await copier.RunAsync(stop);
                Raise(ref newest, (long)copier.OperationTime);
            }
        );
        var end = await EndAsync((ulong)newest, cancellation);
        await server.CopiedAsync(position.SyncId, end, cancellation);
        status.EndCopy();
        status.Phase = "tailing";
    }

    /// <summary>
    /// Waits until majority reads of this member see the sync's begin. It may be another member than the one that begin was read from, and
    /// behind it: what it would give now misses entries that are not shipped.
    /// </summary>
    private async Task ReachAsync(Optime begin, CancellationToken cancellation)
    {
        while (await member.ReadableMajorityAsync(cancellation) < begin)
        {
            await Task.Delay(MajorityPoll, time, cancellation);
        }
    }

    /// <summary>
    /// A majority-committed point that is not before anything the copy has seen: neither what this run of the agent saw, nor what an
    /// earlier run saw on another member. A majority read sees only what is committed, and the primary has all of that.
    /// </summary>
    private async Task<Optime> EndAsync(ulong seen, CancellationToken cancellation)
    {
        var applied = await member.PrimaryAppliedAsync(cancellation);
        var least = Math.Max(seen, applied.Timestamp);
        while (true)
        {
            var end = await member.MajorityAsync(cancellation);
            if (end.Timestamp >= least)
            {
                return end;
            }

            await Task.Delay(MajorityPoll, time, cancellation);
        }
    }

    private static void Raise(ref long target, long value)
    {
        var seen = Interlocked.Read(ref target);
        while (value > seen)
        {
            var before = Interlocked.CompareExchange(ref target, value, seen);
            if (before == seen)
            {
                return;
            }

            seen = before;
        }
    }
}
