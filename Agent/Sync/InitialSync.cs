using Backup.Agent.Flow;
using Backup.Agent.Server;
using Backup.Agent.Source;
using Backup.Agent.Work;
using Backup.Foundation;
using Backup.Foundation.Contracts;

namespace Backup.Agent.Sync;

/// <summary>Begins a sync, copies what is not yet copied, several collections at a time, and reports the end.</summary>
internal sealed class InitialSync(
    SourceMember member,
    ServerClient server,
    FlowLimits limits,
    WorkStatus status,
    TimeProvider time
)
{
    private static readonly TimeSpan MajorityPoll = TimeSpan.FromMilliseconds(100);

    /// <summary>Tells the server where the oplog begins and what there is; gives the new assignment.</summary>
    public async Task<Assignment> BeginAsync(string replicaSetId, CancellationToken cancellation)
    {
        var begin = await BeginPoint.FindAsync(member, cancellation);
        var listed = await CatalogueReader.ReadAsync(member, cancellation);
        using var writer = new SliceWriter();
        foreach (var collection in listed)
        {
            writer.Append(collection.ToDocument().Span);
        }

        using var catalogue = writer.Finish(limits.Budget);
        return await server.BeginSyncAsync(replicaSetId, begin, catalogue, cancellation);
    }

    /// <summary>Comes back when every collection is acknowledged and the end is reported.</summary>
    public async Task CopyAsync(SyncPosition position, CancellationToken cancellation)
    {
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
        status.Phase = "tailing";
    }

    /// <summary>A majority-committed point that is not before anything the copy has seen.</summary>
    private async Task<Optime> EndAsync(ulong seen, CancellationToken cancellation)
    {
        while (true)
        {
            var end = await member.MajorityAsync(cancellation);
            if (end.Timestamp >= seen)
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
