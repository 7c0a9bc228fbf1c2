namespace Backup.Metadata;

/// <summary>What is asked of a source's servers through its agent, and what may be: of each deployment the newest request, with its answer.</summary>
public interface IHostRequests
{
    /// <summary>Takes the place of the deployment's request before, and of its answer. 6009 where there is no such deployment.</summary>
    Task AskAsync(HostRequestRecord request, CancellationToken cancellation = default);

    /// <summary>The deployment's newest request; null where there was none.</summary>
    Task<HostRequestRecord?> FindAsync(string deploymentId, CancellationToken cancellation = default);

    /// <summary>
    /// Hands the deployment's request out, once: null where there is none, where it was handed out already, and where it was asked before that moment. Of several
    /// that ask at the same time one gets it.
    /// </summary>
    Task<HostRequestRecord?> TakeAsync(
        string deploymentId,
        DateTimeOffset askedSince,
        CancellationToken cancellation = default
    );

    /// <summary>Stores the answer. False, and nothing changed, where that request is not the newest any more, or was answered.</summary>
    Task<bool> AnswerAsync(string deploymentId, string id, string answer, CancellationToken cancellation = default);

    /// <summary>What may be asked; nothing dangerous unless somebody has set it.</summary>
    Task<HostSettings> SettingsAsync(string deploymentId, CancellationToken cancellation = default);

    /// <summary>6009 where there is no such deployment.</summary>
    Task SetSettingsAsync(string deploymentId, HostSettings settings, CancellationToken cancellation = default);
}

/// <param name="DeploymentId">Whose servers.</param>
/// <param name="Id">Ours.</param>
/// <param name="Request">JSON of the agents' contract, opaque to the catalogue.</param>
/// <param name="AskedAt">When.</param>
/// <param name="Answer">JSON of the agents' contract, opaque to the catalogue; null until it is answered.</param>
public sealed record HostRequestRecord(
    string DeploymentId,
    string Id,
    string Request,
    DateTimeOffset AskedAt,
    string? Answer = null
);

/// <summary>What may be asked of a source's servers.</summary>
/// <param name="AllowsStepDown">Whether its primary may be told to step down.</param>
/// <param name="ShowsValues">Whether values of queries may be shown, not their shape alone.</param>
public sealed record HostSettings(bool AllowsStepDown = false, bool ShowsValues = false);
