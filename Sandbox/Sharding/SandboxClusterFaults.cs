using Backup.Sandbox.Sharding;

namespace Backup.Sandbox;

/// <summary>Where a migration can be made to stand still.</summary>
public enum MigrationPhase
{
    /// <summary>The recipient has some of the chunk's documents; the donor goes on writing.</summary>
    Cloning,

    /// <summary>The recipient has all; nobody writes to the collection, and the config servers do not know yet.</summary>
    CriticalSection,

    /// <summary>The chunk is the recipient's; the donor still has its documents.</summary>
    Committed,
}

/// <summary>Where the end of a transaction of several shards can be made to stand still.</summary>
public enum CommitPhase
{
    /// <summary>The coordinator knows the participants; none of them is prepared.</summary>
    BeforePrepare,

    /// <summary>All participants are prepared; nothing is decided.</summary>
    BeforeDecision,

    /// <summary>The decision is written; no participant knows.</summary>
    BeforeCommit,
}

/// <summary>What a test makes go wrong in a cluster; see <see cref="SandboxNode"/> and <see cref="SandboxRouter"/> for its processes.</summary>
public sealed class SandboxClusterFaults
{
    private readonly PausePoints<MigrationPhase> _migrations = new();
    private readonly PausePoints<CommitPhase> _commits = new();
    private readonly PausePoints<Work> _work = new();

    private enum Work
    {
        BalancerRound,
        RangeDeletion,
    }

    /// <summary>Every migration stands still at this point until it is let go on.</summary>
    public void PauseMigrations(MigrationPhase at) => _migrations.Pause(at);

    public void ResumeMigrations(MigrationPhase at) => _migrations.Resume(at);

    /// <summary>Completes as soon as a migration stands at a point where it was told to.</summary>
    public Task MigrationReachedAsync(MigrationPhase at) => _migrations.ReachedAsync(at);

    /// <summary>Every transaction of several shards stands still at this point until it is let go on.</summary>
    public void PauseCommits(CommitPhase at) => _commits.Pause(at);

    public void ResumeCommits(CommitPhase at) => _commits.Resume(at);

    /// <summary>Completes as soon as a transaction stands at a point where it was told to.</summary>
    public Task CommitReachedAsync(CommitPhase at) => _commits.ReachedAsync(at);

    /// <summary>A balancer's round does not end: whoever stops the balancer waits.</summary>
    public void HoldBalancerRound(bool isHeld) => Hold(Work.BalancerRound, isHeld);

    /// <summary>Documents of chunks that have left stay where they were.</summary>
    public void HoldRangeDeletions(bool isHeld) => Hold(Work.RangeDeletion, isHeld);

    internal Task PassAsync(MigrationPhase at, CancellationToken cancellation) =>
        _migrations.PassAsync(at, cancellation);

    internal Task PassAsync(CommitPhase at, CancellationToken cancellation) => _commits.PassAsync(at, cancellation);

    internal Task EndBalancerRoundAsync(CancellationToken cancellation) =>
        _work.PassAsync(Work.BalancerRound, cancellation);

    internal Task BeforeRangeDeletionAsync(CancellationToken cancellation) =>
        _work.PassAsync(Work.RangeDeletion, cancellation);

    private void Hold(Work work, bool isHeld)
    {
        if (isHeld)
        {
            _work.Pause(work);
        }
        else
        {
            _work.Resume(work);
        }
    }
}
