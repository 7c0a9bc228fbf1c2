using Backup.Foundation;
using Backup.Sandbox.Storage;

namespace Backup.Sandbox.Replication;

/// <summary>
/// Keeps one member like its primary: copies all of it where it has nothing, then does each entry again; and undoes entries of its own that
/// the primary does not have.
/// </summary>
internal sealed class Replicator(Coordinator set, SandboxMember member, TimeProvider time)
{
    private const int Batch = 500;
    private static readonly TimeSpan Poll = TimeSpan.FromMilliseconds(20);
    private static readonly TimeSpan Idle = TimeSpan.FromMilliseconds(100);

    /// <summary>Runs until it is cancelled.</summary>
    public async Task RunAsync(CancellationToken cancellation)
    {
        while (!cancellation.IsCancellationRequested)
        {
            var epoch = set.Epoch;
            if (set.SourceOf(member) is not { } source)
            {
                await Task.Delay(Poll, time, cancellation).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
                continue;
            }

            var changed = source.Engine.Oplog.Changed;
            if (!await GoAsync(source, epoch))
            {
                await Task.WhenAny(changed, Task.Delay(Idle, time, cancellation));
            }
        }
    }

    /// <returns>Whether there may be more at once.</returns>
    private async Task<bool> GoAsync(SandboxMember source, int epoch)
    {
        if (!member.IsCopied)
        {
            Copy(source);
            return true;
        }

        Optime last;
        lock (member.Engine.Gate)
        {
            last = member.Engine.Oplog.Last;
        }

        switch (Fetch(source, last, epoch, out var entries, out var committed))
        {
            case Position.Gone:
                return false;
            case Position.Behind:
                Enter(MemberState.Recovering);
                return false;
            case Position.Diverged:
                await RollBackAsync(source);
                return true;
        }

        lock (member.Engine.Gate)
        {
            // It may have been elected meanwhile.
            if (member.Engine.IsWritable || !member.Answers)
            {
                return false;
            }

            foreach (var entry in entries)
            {
                member.Engine.Replay(entry);
            }

            member.Engine.Oplog.Commit(committed);
            last = member.Engine.Oplog.Last;
        }

        set.Report(source, member, last);
        Settle();
        return entries.Count > 0;
    }

    private enum Position
    {
        /// <summary>The source has what this member has last.</summary>
        Same,

        /// <summary>The source has other entries from some point on.</summary>
        Diverged,

        /// <summary>They do not reach each other any more.</summary>
        Gone,

        /// <summary>The source has no entry any more that this member has.</summary>
        Behind,
    }

    private Position Fetch(
        SandboxMember source,
        Optime after,
        int epoch,
        out List<LoggedEntry> entries,
        out Optime committed
    )
    {
        entries = [];
        var oplog = source.Engine.Oplog;
        lock (source.Engine.Gate)
        {
            committed = oplog.Majority;
            if (set.Epoch != epoch || member.IsStalled || !member.Answers || !source.Answers)
            {
                return Position.Gone;
            }

            if (!oplog.Holds(after))
            {
                var common = member.Engine.Oplog.Majority;
                return oplog.TimestampAt(oplog.Dropped) > common.Timestamp ? Position.Behind : Position.Diverged;
            }

            // Entries of the future are there, too: after a clock was set back.
            var limit = Lag() is var lag && lag > TimeSpan.Zero ? time.GetUtcNow() - lag : DateTimeOffset.MaxValue;
            for (var at = oplog.Seek(after.Timestamp) + 1; at < oplog.End && entries.Count < Batch; at++)
            {
                var entry = oplog.EntryAt(at);
                if (entry.Optime.WallClock > limit)
                {
                    break;
                }

                entries.Add(entry);
            }
        }

        return Position.Same;
    }

    private TimeSpan Lag() =>
        TimeSpan.FromSeconds(set.ConfigOf(member)?.DelaySeconds ?? 0) is var configured && configured > member.Lag
            ? configured
            : member.Lag;

    private void Copy(SandboxMember source)
    {
        Engine copy;
        lock (source.Engine.Gate)
        {
            copy = new Engine(source.Engine);
        }

        member.Become(copy);
    }

    /// <summary>Whoever reads meanwhile is cut off, as a server does it: what he has read may not have been.</summary>
    private async Task RollBackAsync(SandboxMember source)
    {
        if (!Diverges(source))
        {
            return;
        }

        Enter(MemberState.Rollback);
        member.Cursors.RemoveAll();
        await member.DropConnectionsAsync();
        while (UndoNewest(source)) { }
        Enter(MemberState.Recovering);
    }

    /// <summary>
    /// Whether the member has to undo its newest entry to follow. As nobody is elected meanwhile: else a primary would be asked whether its
    /// first entry is that of the primary before, or what is common looked for with one that has to roll back itself.
    /// </summary>
    private bool Diverges(SandboxMember source)
    {
        lock (set.Gate)
        {
            return IsBehindOther(source);
        }
    }

    /// <returns>Whether there was an entry to undo.</returns>
    private bool UndoNewest(SandboxMember source)
    {
        lock (set.Gate)
        {
            if (!IsBehindOther(source))
            {
                return false;
            }

            lock (member.Engine.Gate)
            {
                if (member.Engine.Oplog.Last <= member.Engine.Oplog.Majority)
                {
                    throw new InvalidOperationException(
                        $"{member.Address} would roll back {member.Engine.Oplog.Last}, which a majority has."
                    );
                }

                member.RolledBack.Enqueue(member.Engine.RollBack().Document);
                return true;
            }
        }
    }

    /// <summary>Under the set's lock.</summary>
    private bool IsBehindOther(SandboxMember source)
    {
        if (set.SourceOf(member) != source)
        {
            return false;
        }

        Optime last;
        lock (member.Engine.Gate)
        {
            last = member.Engine.Oplog.Last;
        }

        lock (source.Engine.Gate)
        {
            return !source.Engine.Oplog.Holds(last);
        }
    }

    /// <summary>It follows: it may be read from, unless it is in maintenance.</summary>
    private void Settle()
    {
        // What it settles into is looked up where nobody changes it: else an order for maintenance would be undone for a moment.
        lock (set.Gate)
        {
            Enter(member.InMaintenance ? MemberState.Recovering : MemberState.Secondary);
        }
    }

    private void Enter(MemberState state)
    {
        lock (set.Gate)
        {
            if (member.State != state && member.State is not (MemberState.Removed or MemberState.Primary))
            {
                member.State = state;
                member.Changed();
            }
        }
    }
}
