using Backup.Agent.Flow;
using Backup.Agent.Server;
using Backup.Foundation.Contracts;
using Backup.Foundation.Errors;

namespace Backup.Agent.Work;

/// <summary>Gets the deployment's lease from the server, standing by for as long as another agent has it. Not thread-safe.</summary>
/// <param name="session">Of this run of the agent.</param>
internal sealed class LeaseKeeper(
    ConfiguredDeployment deployment,
    string session,
    ServerClient server,
    WorkStatus status,
    AgentLog log,
    TimeProvider time
)
{
    private static readonly TimeSpan LongestBackoff = TimeSpan.FromSeconds(5);
    private long? _last;

    /// <summary>Comes back with the lease, to be disposed when the work is over.</summary>
    public async Task<HeldLease> AcquireAsync(CancellationToken cancellation)
    {
        var backoff = new Backoff(time, TimeSpan.FromMilliseconds(500), LongestBackoff);
        string? told = null;
        while (true)
        {
            try
            {
                var sentAt = time.GetTimestamp();
                var answer = await server.ClaimLeaseAsync(deployment.Id, new LeaseClaim(session, _last), cancellation);
                if (answer.Fence is { } fence)
                {
                    _last = fence;
                    status.StartWork(fence, sentAt);
                    log.Info("lease granted", deployment.Name, $"number {fence}");
                    return new HeldLease(deployment, session, answer, server, status, log, time);
                }

                status.StandBy(answer.Holder);
                if (told != answer.Holder)
                {
                    told = answer.Holder;
                    log.Info("standing by", deployment.Name, $"{answer.Holder} works on it");
                }

                backoff.Reset();
                await Task.Delay(Pause(answer), time, cancellation);
            }
            catch (BackupException failure)
            {
                status.Failed(failure);
                if (told != failure.Code)
                {
                    told = failure.Code;
                    log.Error(failure, deployment.Name);
                }

                await backoff.WaitAsync(cancellation);
            }
        }
    }

    internal static TimeSpan Pause(LeaseAnswer answer) =>
        TimeSpan.FromSeconds(Math.Clamp(answer.AskAgainSeconds, 1, 60));
}
