namespace Backup.Metadata;

/// <summary>
/// Which agent works on a deployment. Several may be able to: the one with the lease does, the others stand by. Whether a holder has fallen
/// silent is judged by whoever grants, with a clock of its own; what keeps the data right is <paramref name="Fence"/> alone.
/// </summary>
/// <param name="DeploymentId">The deployment.</param>
/// <param name="AgentId">Who holds it; null where it was given back.</param>
/// <param name="Session">The run of the agent that holds or held it: an agent that was started again is another holder.</param>
/// <param name="Fence">From 1; greater by one with every grant. Writes under an older one are refused.</param>
/// <param name="Renewals">How often this grant was renewed: who sees it stand still sees a silent holder, whatever any wall clock says.</param>
/// <param name="GrantedAt">For people; nothing is decided by it.</param>
/// <param name="RenewedAt">For people; nothing is decided by it.</param>
public sealed record AgentLease(
    string DeploymentId,
    string? AgentId,
    string Session,
    long Fence,
    long Renewals,
    DateTimeOffset GrantedAt,
    DateTimeOffset RenewedAt
);

/// <summary>What an agent proves with that it is the one: the lease it was granted.</summary>
public sealed record LeaseProof(string DeploymentId, string AgentId, long Fence);
