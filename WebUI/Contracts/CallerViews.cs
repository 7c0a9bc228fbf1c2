namespace Backup.WebUI.Contracts;

/// <summary>Whoever asks.</summary>
/// <param name="Name">As the audit has it.</param>
/// <param name="Kind">session, token or host.</param>
/// <param name="Administrator">Of the appliance as a whole.</param>
/// <param name="Groups">With what may be done there.</param>
/// <param name="Home">The id of the group that is meant where none is named: an API token's own, the host's; left out of sessions.</param>
public sealed record CallerView(
    string Name,
    string Kind,
    bool Administrator,
    IReadOnlyList<GroupView> Groups,
    string? Home
);

/// <summary>What a name may stand for.</summary>
public enum SubjectKind
{
    /// <summary>A cluster, or else a replica set.</summary>
    Any,

    /// <summary>A replica set: its id, its name, DEPLOYMENT/NAME or CLUSTER/SHARD.</summary>
    ReplicaSet,

    /// <summary>A deployment, or a replica set for its deployment: what an agent reads, found by it or not yet.</summary>
    Source,

    /// <summary>A deployment: its id or its name.</summary>
    Deployment,
}

/// <summary>What a name stands for.</summary>
/// <param name="Kind"><c>cluster</c>, <c>replicaSet</c> or <c>deployment</c>.</param>
/// <param name="Name">Its name.</param>
/// <param name="Id">Its id: what routes take as the deployment.</param>
/// <param name="Group">Whose it is.</param>
public sealed record FoundSubjectView(string Kind, string Name, string Id, string Group);
