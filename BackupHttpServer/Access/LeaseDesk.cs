using System.Collections.Concurrent;
using Backup.Foundation.Contracts;
using Backup.Metadata;

namespace Backup.BackupHttpServer.Access;

/// <summary>
/// Grants each deployment's lease to one agent at a time, and to the next one when that falls silent. Thread-safe; any number of servers may
/// do so on one catalogue.
/// </summary>
/// <remarks>
/// A holder is silent when this server has seen the count of its renewals stand still for <paramref name="silence"/>, by a clock that only
/// goes forward. No wall clock and no other host's clock is asked: one that jumps, or that differs between two servers, neither takes a
/// lease from who is alive nor keeps it for who is gone. A server that was started just now has seen nothing yet, so it waits that long once.
/// A wrong judgement costs a change of hands, never data: the fencing number is compared in the transaction of each write.
/// </remarks>
internal sealed class LeaseDesk(IMetadataStore metadata, TimeSpan silence, TimeProvider time)
{
    /// <summary>Losing a compare-and-set again and again would mean that many servers grant at once.</summary>
    private const int Tries = 5;

    private const string Session = "session";
    private const int LongestSession = 64;

    private readonly ConcurrentDictionary<string, Sight> _sights = new(StringComparer.Ordinal);

    /// <summary>When an agent is to ask again.</summary>
    public int AskAgainSeconds { get; } = (int)Math.Clamp(silence.TotalSeconds / 5, 1, 60);

    /// <summary>Grants or renews the lease, or says who has it.</summary>
    public async Task<LeaseAnswer> ClaimAsync(
        AgentRecord agent,
        string deploymentId,
        LeaseClaim claim,
        CancellationToken cancellation
    )
    {
        RequireSession(claim);
        for (var tries = 1; ; tries++)
        {
            var stored = await metadata.Leases.FindAsync(deploymentId, cancellation);
            if (tries > Tries && stored is not null)
            {
                return await AnswerAsync(agent, stored, granted: false, cancellation);
            }

            var isOwn = stored is not null && stored.AgentId == agent.Id && stored.Session == claim.Session;
            if (!isOwn && stored is not null && !await MayTakeAsync(agent, claim, stored, cancellation))
            {
                return await AnswerAsync(agent, stored, granted: false, cancellation);
            }

            var lease = isOwn
                ? await metadata.Leases.RenewAsync(stored!, cancellation)
                : await metadata.Leases.GrantAsync(deploymentId, agent.Id, claim.Session, stored, cancellation);
            if (lease is not null)
            {
                _ = See(lease);
                return await AnswerAsync(agent, lease, granted: true, cancellation);
            }
        }
    }

    /// <summary>Gives back what that run of the agent holds; nothing happens where it holds nothing.</summary>
    public async Task ReleaseAsync(
        AgentRecord agent,
        string deploymentId,
        LeaseClaim claim,
        CancellationToken cancellation
    )
    {
        RequireSession(claim);
        var stored = await metadata.Leases.FindAsync(deploymentId, cancellation);
        if (stored is not null && stored.AgentId == agent.Id && stored.Session == claim.Session)
        {
            _ = await metadata.Leases.ReleaseAsync(stored, cancellation);
        }
    }

    /// <summary>
    /// Who was started again takes its own lease at once: the run before it is gone, or is fenced off. A run that lost the lease to another
    /// run of the same agent waits like anybody else, so that two processes with one identity do not take it from each other for ever.
    /// </summary>
    private async Task<bool> MayTakeAsync(
        AgentRecord agent,
        LeaseClaim claim,
        AgentLease stored,
        CancellationToken cancellation
    )
    {
        if (stored.AgentId is null || (stored.AgentId == agent.Id && claim.Fence is null) || IsSilent(stored))
        {
            return true;
        }

        var agents = await metadata.Access.AgentsAsync(cancellation);
        return !agents.Any(one => one.Id == stored.AgentId && !one.Revoked);
    }

    private bool IsSilent(AgentLease stored) => time.GetElapsedTime(See(stored).Since) >= silence;

    /// <summary>Since when this server sees the lease as it is.</summary>
    private Sight See(AgentLease stored) =>
        _sights.AddOrUpdate(
            stored.DeploymentId,
            _ => new Sight(stored.Fence, stored.Renewals, time.GetTimestamp()),
            (_, seen) =>
                // What is read before a renewal may come here after it.
                (seen.Fence, seen.Renewals).CompareTo((stored.Fence, stored.Renewals)) >= 0
                    ? seen
                    : new Sight(stored.Fence, stored.Renewals, time.GetTimestamp())
        );

    private async Task<LeaseAnswer> AnswerAsync(
        AgentRecord agent,
        AgentLease lease,
        bool granted,
        CancellationToken cancellation
    )
    {
        var agents = (await metadata.Access.AgentsAsync(cancellation)).Where(one => !one.Revoked).ToList();
        var now = time.GetUtcNow();
        var reports = await metadata.Deployments.AgentReportsAsync(cancellation);
        var standBys = reports.Count(report =>
            report.DeploymentId == lease.DeploymentId
            && report.AgentId != lease.AgentId
            && (now - report.At).Duration() < silence
            && agents.Exists(one => one.Id == report.AgentId)
        );
        var holder = agents.Find(one => one.Id == lease.AgentId);
        return new LeaseAnswer(
            granted ? lease.Fence : null,
            holder is null ? "nobody" : $"{holder.HostName} ({holder.Id})",
            AskAgainSeconds,
            standBys
        );
    }

    private static void RequireSession(LeaseClaim claim)
    {
        if (claim.Session.Length is 0 or > LongestSession)
        {
            throw BackupHttpServerErrors.BadJson($"at '{Session}'.");
        }
    }

    private sealed record Sight(long Fence, long Renewals, long Since);
}
