using Backup.Agent.Server;
using Backup.Foundation.Contracts;
using Backup.Foundation.Errors;

namespace Backup.Agent.Sync;

/// <summary>
/// Copies single collections anew, beside the tail, whenever the server asks for it: one partial sync after another, with the bounds of an initial
/// sync. What it did so far is known to the server alone.
/// </summary>
internal sealed class PartialSyncs(InitialSync sync, LeasedServer server, string replicaSetId, TimeProvider time)
{
    /// <summary>The server's 6011 and 8019: it was given up meanwhile. 8024: it was begun meanwhile. 8048: its begin is too old.</summary>
    private static readonly int[] LookAgain = [6011, 8019, 8024, 8048];

    private static readonly TimeSpan Poll = TimeSpan.FromSeconds(5);

    /// <summary>Whether collections are being copied now.</summary>
    public bool IsCopying { get; private set; }

    /// <summary>Runs until it is cancelled or fails.</summary>
    /// <param name="initialCopy">The initial sync's copy; ends first.</param>
    /// <param name="cancellation">What was acknowledged stays.</param>
    public async Task RunAsync(Task initialCopy, CancellationToken cancellation)
    {
        await initialCopy;
        while (true)
        {
            try
            {
                if (await server.PartialSyncAsync(replicaSetId, cancellation) is { } wanted)
                {
                    await CopyAsync(wanted, cancellation);
                    continue;
                }
            }
            catch (BackupException refused) when (LookAgain.Contains(refused.Number))
            {
                // The server knows better what is to be done: it is asked again.
            }

            await Task.Delay(Poll, time, cancellation);
        }
    }

    private async Task CopyAsync(PartialSyncAnswer wanted, CancellationToken cancellation)
    {
        IsCopying = true;
        try
        {
            var position = wanted.Position ?? await sync.BeginPartialAsync(wanted, cancellation);
            await sync.CopyAsync(position, cancellation);
        }
        finally
        {
            IsCopying = false;
        }
    }
}
