namespace Backup.Metadata;

/// <summary>The lease of each deployment. Every change is a compare-and-set: of two that try at the same time one succeeds.</summary>
public interface ILeases
{
    /// <summary>As it was stored last, given back or not; null where it was never granted.</summary>
    Task<AgentLease?> FindAsync(string deploymentId, CancellationToken cancellation = default);

    Task<IReadOnlyList<AgentLease>> ListAsync(CancellationToken cancellation = default);

    /// <summary>
    /// Grants the lease anew, with the next fencing number, where what is stored still has the fence and the renewals of
    /// <paramref name="seen"/>; null, and nothing changed, where it has not.
    /// </summary>
    /// <param name="deploymentId">The deployment; 6009 where there is none.</param>
    /// <param name="agentId">Who gets it.</param>
    /// <param name="session">Which run of that agent.</param>
    /// <param name="seen">What the decision was made on; null: it was never granted.</param>
    Task<AgentLease?> GrantAsync(
        string deploymentId,
        string agentId,
        string session,
        AgentLease? seen,
        CancellationToken cancellation = default
    );

    /// <summary>Counts a sign of life of the holder; null, and nothing changed, where this grant is over.</summary>
    Task<AgentLease?> RenewAsync(AgentLease held, CancellationToken cancellation = default);

    /// <summary>Gives the lease back: nobody holds it, and nothing more is written under it. False where this grant is over already.</summary>
    Task<bool> ReleaseAsync(AgentLease held, CancellationToken cancellation = default);
}
