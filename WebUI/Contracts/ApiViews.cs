namespace Backup.WebUI.Contracts;

/// <summary>What the first page shows.</summary>
/// <param name="Sentence">Am I safe?</param>
/// <param name="Attention">What somebody should look at, worst first.</param>
/// <param name="Deployments">Those that are protected, then those that were.</param>
/// <param name="Agents">Those that may connect.</param>
/// <param name="Store">What is stored, of all groups; left out while the store is being opened.</param>
/// <param name="At">When this was so.</param>
public sealed record OverviewView(
    SentenceView Sentence,
    IReadOnlyList<AttentionView> Attention,
    IReadOnlyList<DeploymentCardView> Deployments,
    IReadOnlyList<AgentView> Agents,
    StorageView? Store,
    DateTimeOffset At
)
{
    /// <summary>The snapshot of the group that was read back whole last; null where none was yet.</summary>
    public ProofView? LastProof { get; init; }
}

/// <param name="Level">ok, warning, bad, or none where nothing is protected yet.</param>
/// <param name="Text">One sentence.</param>
public sealed record SentenceView(string Level, string Text);

/// <param name="Level">warning or bad.</param>
/// <param name="Text">Cause and consequence.</param>
/// <param name="Hint">The way out; left out where there is none.</param>
/// <param name="Code">Of the error; left out where it is none.</param>
/// <param name="Deployment">Its id; left out where it is not about one.</param>
public sealed record AttentionView(string Level, string Text, string? Hint, string? Code, string? Deployment)
{
    /// <summary>The alert that is open of it; left out where there is none (yet).</summary>
    public long? Alert { get; init; }

    /// <summary>Since when that is open.</summary>
    public DateTimeOffset? Since { get; init; }

    /// <summary>Whether somebody has said that they know.</summary>
    public bool Known { get; init; }
}

/// <param name="Deployment">As the status has it.</param>
/// <param name="Level">ok, warning, bad, or none before anything can be restored.</param>
/// <param name="Summary">In a few words.</param>
/// <param name="Subject">By this id its snapshots, ranges and policy are asked for; left out before an agent has found it.</param>
/// <param name="LastSnapshot">The newest that is good; left out where there is none.</param>
/// <param name="From">The oldest moment that can be restored; left out where there is none.</param>
/// <param name="To">The newest moment that can be restored; left out where there is none.</param>
/// <param name="Ranges">What of the window can be restored, and why the rest cannot; of a cluster without its cuts.</param>
/// <param name="Days">Of the last 30 days how many snapshots each still has, oldest first.</param>
/// <param name="StoredBytes">Of all its snapshots, what was stored for them.</param>
public sealed record DeploymentCardView(
    DeploymentView Deployment,
    string Level,
    string Summary,
    string? Subject,
    SnapshotEntryView? LastSnapshot,
    DateTimeOffset? From,
    DateTimeOffset? To,
    RangesView? Ranges,
    IReadOnlyList<DayView> Days,
    long StoredBytes
);

/// <param name="Day">In UTC.</param>
/// <param name="Snapshots">Complete ones of that day.</param>
public sealed record DayView(DateOnly Day, int Snapshots);

/// <summary>A snapshot of a replica set or of a cluster, in one shape.</summary>
/// <param name="Id">What is restored by it.</param>
/// <param name="Kind">snapshot or checkpoint.</param>
/// <param name="State">complete, failed, or how far it is.</param>
/// <param name="Optime">Everything up to and including this entry is in it; left out before it is known.</param>
/// <param name="Documents">In it.</param>
/// <param name="RawBytes">Of these.</param>
/// <param name="NewBytes">That no earlier one had.</param>
/// <param name="StoredBytes">What was stored for these.</param>
/// <param name="CreatedAt">When it was made.</param>
/// <param name="ExpiresAt">Left out where that is not set.</param>
/// <param name="Trigger">Who asked for it.</param>
/// <param name="Error">Why it failed, or what it is flagged with.</param>
/// <param name="Sets">Of a cluster, its parts.</param>
public sealed record SnapshotEntryView(
    string Id,
    string Kind,
    string State,
    OptimeView? Optime,
    long Documents,
    long RawBytes,
    long NewBytes,
    long StoredBytes,
    DateTimeOffset CreatedAt,
    DateTimeOffset? ExpiresAt,
    string Trigger,
    ErrorView? Error,
    IReadOnlyList<ClusterPartView>? Sets
)
{
    /// <summary>Since when it is pinned; left out while it is not.</summary>
    public DateTimeOffset? PinnedAt { get; init; }

    /// <summary>Whether it is kept until somebody unpins it.</summary>
    public bool Pinned => PinnedAt is not null;

    /// <summary>Why it is kept; none: it is removed at the next round. Left out of what is not complete.</summary>
    public IReadOnlyList<KeptView>? Kept { get; init; }

    /// <summary>The name of the replica set, or of the cluster.</summary>
    public string Of { get; init; } = "";

    /// <summary>How long it took; left out of a cluster's.</summary>
    public double? DurationSeconds { get; init; }

    /// <summary>What it holds of the source: what all of these include; left out where that is everything, and of a cluster's.</summary>
    public IReadOnlyList<FilterView>? Filters { get; init; }

    /// <summary>Of a part of a cluster's snapshot the id of that.</summary>
    public string? PartOf { get; init; }

    /// <summary>Of a cluster's, whether the balancer rested; left out where that is not known.</summary>
    public bool? BalancerRested { get; init; }
}

/// <param name="Job">As the queue has it.</param>
/// <param name="Subject">What it is about; left out where it is for all.</param>
/// <param name="Attempts">How often it was started.</param>
/// <param name="CreatedAt">When it was asked for.</param>
/// <param name="StartedAt">The last start.</param>
/// <param name="FinishedAt">When it ended.</param>
public sealed record ActivityView(
    JobView Job,
    string? Subject,
    int Attempts,
    DateTimeOffset CreatedAt,
    DateTimeOffset? StartedAt,
    DateTimeOffset? FinishedAt
);

/// <param name="Minutes">How long the token may be used.</param>
public sealed record TokenRequest(double Minutes);

/// <param name="Token">A secret, for one agent.</param>
/// <param name="ExpiresAt">From then on it enrols nobody.</param>
/// <param name="Server">What the agent is given as --server.</param>
/// <param name="Command">To be run on the host of the agent.</param>
public sealed record EnrolmentView(string Token, DateTimeOffset ExpiresAt, string Server, string Command)
{
    /// <summary>A line that installs the agent on a host that has none, with the token in BACKUP_AGENT_TOKEN; it names the server's key.</summary>
    public string Install { get; init; } = "";
}
