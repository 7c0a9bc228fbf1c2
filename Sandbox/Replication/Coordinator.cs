using Backup.Foundation;
using Backup.MongoWire.Bson;

namespace Backup.Sandbox.Replication;

/// <summary>
/// Who of a replica set is what: it sees what each member sees of the others, elects, makes step down, and says what a majority has. In
/// place of messages it looks at all members at once, but lets each know only of those that it can reach.
/// </summary>
/// <remarks>Order of locks: the set's, then a member's engine's, never the other way round and never two engines'.</remarks>
internal sealed class Coordinator(SandboxOptions options, IReadOnlyList<SandboxMember> members)
{
    private static readonly TimeSpan Step = TimeSpan.FromMilliseconds(20);

    /// <summary>How far behind a member may be that takes over because of its priority, in seconds.</summary>
    private const uint TakeoverLag = 2;

    /// <summary>
    /// Who has a later entry of an older term does not have those of a newer term: what a member said before the election counts for nothing.
    /// </summary>
    private static readonly Comparer<Optime> TermFirst = Comparer<Optime>.Create(
        static (one, other) => (one.Term, one.Timestamp).CompareTo((other.Term, other.Timestamp))
    );

    private readonly HashSet<(int, int)> _cut = [];
    private readonly TimeProvider _time = options.Time;

    private int _epoch;

    public Lock Gate { get; } = new();

    /// <summary>Another one after each cut: who asked under an older one may not get what came later.</summary>
    public int Epoch => Volatile.Read(ref _epoch);

    public IReadOnlyList<SandboxMember> Members => members;

    public required SetConfig Config { get; set; }

    /// <summary>By number; a member that was removed is of no configuration.</summary>
    public ConfigMember? ConfigOf(SandboxMember member) => Config.Of(member.Address);

    /// <summary>Whether two members hear each other.</summary>
    public bool Reaches(SandboxMember one, SandboxMember other) =>
        one == other
        || (
            one.Answers
            && other.Answers
            && ConfigOf(one) is not null
            && ConfigOf(other) is not null
            && !_cut.Contains(Pair(one, other))
        );

    public IEnumerable<SandboxMember> InSight(SandboxMember of) => members.Where(other => Reaches(of, other));

    /// <summary>The primary that a member knows: of two that of the newer term.</summary>
    public SandboxMember? PrimaryInSight(SandboxMember of) =>
        InSight(of).Where(static one => one.State == MemberState.Primary).MaxBy(static one => one.Engine.Term);

    /// <summary>Whom a member copies the oplog from.</summary>
    public SandboxMember? SourceOf(SandboxMember member)
    {
        lock (Gate)
        {
            if (!member.Answers || member.IsStalled || ConfigOf(member) is not { BearsData: true })
            {
                return null;
            }

            var primary = PrimaryInSight(member);
            return primary is not null && primary.Engine.Term >= member.Engine.Term && primary != member
                ? primary
                : null;
        }
    }

    public void Cut(SandboxMember one, SandboxMember other, bool isCut)
    {
        lock (Gate)
        {
            _ = isCut ? _cut.Add(Pair(one, other)) : _cut.Remove(Pair(one, other));
            Interlocked.Increment(ref _epoch);
        }
    }

    /// <summary>Looks around again and again, as members do with their heartbeats.</summary>
    public async Task RunAsync(CancellationToken cancellation)
    {
        // Who is alone has nobody to look at; it may have been told to step down.
        using var timer = new PeriodicTimer(members.Count > 1 ? Step : TimeSpan.FromSeconds(1), _time);
        try
        {
            while (await timer.WaitForNextTickAsync(cancellation))
            {
                Look();
            }
        }
        catch (OperationCanceledException)
        {
            // Stopped.
        }
    }

    /// <summary>The first primary, before anybody could ask.</summary>
    public void ElectFirst()
    {
        lock (Gate)
        {
            Elect(members.Where(IsElectable).MaxBy(member => ConfigOf(member)!.Priority)!);
        }
    }

    /// <summary>A new configuration; who is not in it is out.</summary>
    public void Reconfigure(SandboxMember at, Func<SetConfig, SetConfig> next, bool force)
    {
        lock (Gate)
        {
            if (at.State != MemberState.Primary && !force)
            {
                throw new CommandFault(
                    10107,
                    "NotMaster",
                    $"replSetReconfig should only be run on PRIMARY, but my state is {at.State.Text()}; use the \"force\" argument to override"
                );
            }

            var config = next(Config);
            if (config.Members.FirstOrDefault(one => members.All(member => member.Address != one.Host)) is { } unknown)
            {
                throw new CommandFault(74, "NodeNotFound", $"No member of the sandbox listens at {unknown.Host}");
            }

            Config = config;
            foreach (var member in members)
            {
                var isIn = ConfigOf(member) is not null;
                if (!isIn && member.State == MemberState.Primary)
                {
                    Demote(member);
                }

                member.State =
                    !isIn ? MemberState.Removed
                    : member.State == MemberState.Removed ? MemberState.Startup2
                    : member.State;
                member.Changed();
            }

            if (at.State == MemberState.Primary)
            {
                lock (at.Engine.Gate)
                {
                    var version = Config.Version;
                    at.Engine.Note(
                        BsonDocument.Build(w => w.String("msg"u8, "Reconfig set").Int32("version"u8, version))
                    );
                }
            }
        }
    }

    /// <summary>As replSetStepDown: as soon as an electable member has all; that one is elected at once.</summary>
    /// <param name="period">For so long it is not elected again.</param>
    /// <param name="catchUp">So long it waits for others.</param>
    /// <param name="force">Whether it steps down even where nobody could follow.</param>
    /// <exception cref="CommandFault">10107, 262</exception>
    public async Task StepDownAsync(SandboxMember member, TimeSpan period, TimeSpan catchUp, bool force)
    {
        var started = _time.GetTimestamp();
        lock (Gate)
        {
            Yield(member);
        }

        while (true)
        {
            lock (Gate)
            {
                if (member.State != MemberState.Primary)
                {
                    return;
                }

                var heir = Heirs(member).FirstOrDefault(one => one.Engine.Oplog.Last == member.Engine.Oplog.Last);
                var isLate = _time.GetElapsedTime(started) >= catchUp;
                if (heir is null && isLate && !force)
                {
                    member.Engine.IsWritable = true;
                    throw new CommandFault(
                        262,
                        "ExceededTimeLimit",
                        "No electable secondaries caught up within the time given"
                    );
                }

                if (heir is not null || isLate)
                {
                    Demote(member);
                    member.NoElectionUntil = _time.GetUtcNow() + period;
                    if (heir is not null)
                    {
                        Elect(heir);
                    }

                    return;
                }
            }

            await Task.Delay(Step, _time);
        }
    }

    /// <summary>As replSetStepUp: what the others say is not waited for.</summary>
    /// <exception cref="CommandFault">125 where it may not become primary.</exception>
    public void StepUp(SandboxMember member)
    {
        lock (Gate)
        {
            var before = PrimaryInSight(member);
            if (!IsElectable(member) || !Wins(member))
            {
                throw new CommandFault(125, "CommandFailed", "Election failed.");
            }

            if (before is not null)
            {
                Demote(before);
            }

            Elect(member);
        }
    }

    /// <summary>As replSetMaintenance: a secondary that is not to be read from.</summary>
    /// <exception cref="CommandFault">95 of the primary.</exception>
    public void Maintain(SandboxMember member, bool isOn)
    {
        lock (Gate)
        {
            if (member.IsPrimary)
            {
                throw new CommandFault(95, "NotSecondary", "primaries can't modify maintenance mode");
            }

            member.InMaintenance = isOn;
            if (member.State is MemberState.Secondary or MemberState.Recovering)
            {
                member.State = isOn ? MemberState.Recovering : MemberState.Secondary;
                member.Changed();
            }
        }
    }

    /// <summary>A primary knows how far another member is.</summary>
    public void Report(SandboxMember primary, SandboxMember member, Optime at)
    {
        lock (primary.Engine.Gate)
        {
            primary.Progress[member.Number] = at;
            AdvanceMajority(primary);
            primary.Engine.Oplog.Signal();
        }
    }

    /// <summary>How many members have an entry of this primary's.</summary>
    public int CountOf(SandboxMember primary, Optime optime) =>
        members.Count(one =>
            ConfigOf(one) is { BearsData: true }
            && (one == primary || TermFirst.Compare(primary.Progress.GetValueOrDefault(one.Number), optime) >= 0)
        );

    private void Look()
    {
        lock (Gate)
        {
            var now = _time.GetTimestamp();
            foreach (var member in members.Where(member => member.Answers && ConfigOf(member) is not null))
            {
                LookAround(member, now);
            }

            ElectWhereNeeded(now);
            TakeOver(now);
            foreach (var primary in members.Where(static member => member.State == MemberState.Primary))
            {
                lock (primary.Engine.Gate)
                {
                    AdvanceMajority(primary);
                }
            }
        }
    }

    private void LookAround(SandboxMember member, long now)
    {
        var newest = InSight(member).Max(static one => one.Engine.Term);
        if (newest > member.Engine.Term)
        {
            if (member.State == MemberState.Primary)
            {
                Demote(member);
            }

            member.Engine.Term = newest;
        }

        if (HasMajority(InSight(member)))
        {
            member.SawMajority = now;
        }
        else if (
            member.State == MemberState.Primary
            && _time.GetElapsedTime(member.SawMajority, now) > Config.ElectionTimeout
        )
        {
            Demote(member);
        }

        if (PrimaryInSight(member) is { } primary)
        {
            member.SawPrimary = now;
            if (member.State == MemberState.Arbiter)
            {
                member.Engine.Oplog.Hear(primary.Engine.Oplog.Majority);
            }
        }
    }

    private void ElectWhereNeeded(long now)
    {
        var candidate = members
            .Where(member =>
                IsElectable(member)
                && PrimaryInSight(member) is null
                && _time.GetElapsedTime(member.SawPrimary, now) > Config.ElectionTimeout
                && Wins(member)
            )
            .OrderByDescending(static member => member.Engine.Oplog.Last.Term)
            .ThenByDescending(static member => member.Engine.Oplog.Last)
            .ThenByDescending(member => ConfigOf(member)!.Priority)
            .FirstOrDefault();
        if (candidate is not null)
        {
            Elect(candidate);
        }
    }

    /// <summary>A member of higher priority that has caught up becomes primary.</summary>
    private void TakeOver(long now)
    {
        foreach (var primary in members.Where(static member => member.State == MemberState.Primary).ToList())
        {
            var heir = Heirs(primary)
                .Where(one => ConfigOf(one)!.Priority > ConfigOf(primary)!.Priority && IsNear(one, primary))
                .MaxBy(one => ConfigOf(one)!.Priority);
            primary.Outranked = heir is null ? null : primary.Outranked ?? now;
            if (
                heir is null
                || !primary.Engine.IsWritable
                || _time.GetElapsedTime(primary.Outranked!.Value, now) <= Config.ElectionTimeout
            )
            {
                continue;
            }

            Yield(primary);
            if (heir.Engine.Oplog.Last == primary.Engine.Oplog.Last)
            {
                Demote(primary);
                Elect(heir);
            }
            else
            {
                primary.Engine.IsWritable = true;
            }
        }
    }

    private static bool IsNear(SandboxMember one, SandboxMember primary) =>
        one.Engine.Oplog.Last.T + TakeoverLag >= primary.Engine.Oplog.Last.T;

    private IEnumerable<SandboxMember> Heirs(SandboxMember of) =>
        InSight(of).Where(one => one != of && IsElectable(one)).OrderByDescending(one => ConfigOf(one)!.Priority);

    private bool IsElectable(SandboxMember member) =>
        member is { Answers: true, State: MemberState.Secondary or MemberState.Startup2, IsCopied: true }
        && ConfigOf(member) is { Priority: > 0, Votes: > 0, BearsData: true }
        && _time.GetUtcNow() >= member.NoElectionUntil;

    /// <summary>Whether a majority of votes would go to it: nobody elects who lacks what he has himself.</summary>
    private bool Wins(SandboxMember member)
    {
        var last = member.Engine.Oplog.Last;
        return HasMajority(
            InSight(member)
                .Where(voter =>
                {
                    var own = voter.Engine.Oplog.Last;
                    return voter.State == MemberState.Arbiter
                        || own.Term < last.Term
                        || (own.Term == last.Term && own <= last);
                })
        );
    }

    private bool HasMajority(IEnumerable<SandboxMember> some) =>
        some.Sum(member => ConfigOf(member)?.Votes ?? 0) >= Config.MajorityVotes;

    private void Elect(SandboxMember member)
    {
        var term = Math.Max(0, InSight(member).Max(static one => one.Engine.Term)) + 1;
        foreach (var voter in InSight(member))
        {
            voter.Engine.Term = term;
            voter.SawPrimary = _time.GetTimestamp();
        }

        lock (member.Engine.Gate)
        {
            var reason = BsonDocument.Build(static w => w.String("msg"u8, "new primary"));
            member.Progress.Clear();
            member.Outranked = null;
            member.SawMajority = _time.GetTimestamp();
            member.State = MemberState.Primary;
            member.Engine.IsWritable = true;
            member.ElectedAt = member.Engine.Note(reason);
            AdvanceMajority(member);
        }

        member.Changed();
    }

    /// <summary>From now on it takes no write, so that others can catch up.</summary>
    private static void Yield(SandboxMember member)
    {
        lock (member.Engine.Gate)
        {
            member.Engine.CheckWritable();
            member.Engine.IsWritable = false;
        }
    }

    private static void Demote(SandboxMember member)
    {
        lock (member.Engine.Gate)
        {
            member.Engine.IsWritable = false;
            member.Engine.Sessions.AbortInProgress();
            member.State = MemberState.Secondary;
            member.Engine.Oplog.Signal();
        }

        member.Changed();
    }

    /// <summary>The newest entry of its own term that enough members have. Under the primary's engine's lock.</summary>
    private void AdvanceMajority(SandboxMember primary)
    {
        var config = Config;
        var known = members
            .Where(member => config.Of(member.Address) is { Votes: > 0, BearsData: true })
            .Select(member =>
                member == primary ? primary.Engine.Oplog.Last : primary.Progress.GetValueOrDefault(member.Number)
            )
            .OrderDescending(TermFirst)
            .ToList();
        var point = known[config.WriteMajority - 1];
        if (primary.State == MemberState.Primary && point.Term == primary.Engine.Term)
        {
            primary.Engine.Oplog.Commit(point);
        }
    }

    private static (int, int) Pair(SandboxMember one, SandboxMember other) =>
        (Math.Min(one.Number, other.Number), Math.Max(one.Number, other.Number));
}
