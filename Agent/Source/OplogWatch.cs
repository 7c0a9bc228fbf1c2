using Backup.Agent.Work;
using Backup.Foundation.Contracts;
using Backup.Foundation.Errors;
using Backup.MongoWire.Client;

namespace Backup.Agent.Source;

/// <summary>Asks now and then how much time the source's oplog holds; also while it is not read. It comes second to the backup.</summary>
internal sealed class OplogWatch(SourceMember member, WorkStatus status, TimeProvider time)
{
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);

    /// <summary>Runs until it is cancelled; it never fails.</summary>
    public async Task RunAsync(CancellationToken cancellation)
    {
        while (!cancellation.IsCancellationRequested)
        {
            try
            {
                using var patience = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
                patience.CancelAfter(Patience);
                status.Window = await LookAsync(member, patience.Token);
            }
            catch (Exception failure)
                when (failure is BackupException or OperationCanceledException or ObjectDisposedException)
            {
                // What is known stays for a while; an agent that hears nothing of its source says so by itself.
            }

            await Task.Delay(Interval, time, cancellation).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    /// <summary>Null where the oplog is empty.</summary>
    internal static async Task<OplogWindow?> LookAsync(SourceMember member, CancellationToken cancellation)
    {
        if (
            await OplogQuery.OldestAsync(member, cancellation) is not { } first
            || await OplogQuery.NewestAsync(member, atMost: null, cancellation) is not { } last
        )
        {
            return null;
        }

        var span = (long)last.T - first.T;
        return new OplogWindow(
            WireOptime.From(first),
            WireOptime.From(last),
            (long)(span * await GrowthAsync(member, cancellation))
        );
    }

    /// <summary>How many times as much the oplog can hold as it does; 1 where it is full, or nobody says.</summary>
    private static async Task<double> GrowthAsync(SourceMember member, CancellationToken cancellation)
    {
        try
        {
            var command = MongoWire.Bson.BsonDocument.Build(w => w.String("collStats"u8, "oplog.rs"));
            using var stats = await member.RunAsync("local", command, cancellation);
            return
                stats.View.TryGet("size"u8, out var size)
                && stats.View.TryGet("maxSize"u8, out var most)
                && size.ToDouble() is > 0 and var bytes
                ? Math.Max(1, most.ToDouble() / bytes)
                : 1;
        }
        catch (CommandException)
        {
            // Not allowed: what it holds now is the least that it can hold.
            return 1;
        }
    }
}
