using System.Net;
using Backup.Foundation;
using Backup.MongoWire.Bson;
using Backup.Sandbox.Replication;

namespace Backup.Sandbox;

/// <summary>A handle on one member of the set: what it is just now, and what a test does to it.</summary>
public sealed class SandboxNode
{
    private readonly SandboxMember _member;
    private readonly Coordinator _coordinator;

    internal SandboxNode(SandboxMember member, Coordinator coordinator)
    {
        _member = member;
        _coordinator = coordinator;
    }

    /// <summary>From 0, in the order of the options.</summary>
    public int Number => _member.Number;

    public IPEndPoint EndPoint => IPEndPoint.Parse(_member.Address);

    public SandboxFaults Faults => _member.Faults;

    public bool IsPrimary => _member.IsPrimary;

    /// <summary>Neither killed nor hanging.</summary>
    public bool Answers => _member.Answers;

    /// <summary>Not while a primary waits for others to catch up before it steps down.</summary>
    public bool TakesWrites => _member.Engine.IsWritable;

    /// <summary>As replSetGetStatus gives it: 1 PRIMARY, 2 SECONDARY, 3 RECOVERING, 5 STARTUP2, 7 ARBITER, 9 ROLLBACK, 10 REMOVED.</summary>
    public int State => (int)_member.State;

    /// <summary>The term that it knows.</summary>
    public long Term => _member.Engine.Term;

    public Optime LastOptime => _member.Engine.Oplog.Last;

    public Optime MajorityOptime => _member.Engine.Oplog.Majority;

    /// <summary>Oplog entries that it had to undo since the start, in the order in which it did.</summary>
    public IReadOnlyList<BsonDocument> RolledBack => [.. _member.RolledBack];

    /// <summary>It is gone with all its connections and answers; what it has logged it keeps.</summary>
    public Task KillAsync() => _member.KillAsync();

    /// <summary>Starts again after a kill, at the same address.</summary>
    /// <param name="erased">Whether it has lost its data and copies all from the primary.</param>
    public Task RestartAsync(bool erased = false) => _member.RestartAsync(erased);

    /// <summary>It keeps its connections and answers neither clients nor members, like a host that hangs.</summary>
    public void Hang() => _member.Hang();

    public void Thaw() => _member.Thaw();

    /// <summary>It replicates no more (or again), and says nothing about it.</summary>
    public void Stall(bool isOn) => _member.IsStalled = isOn;

    /// <summary>It stays so far behind; whole seconds.</summary>
    public void Delay(TimeSpan lag) => _member.Lag = lag;

    /// <summary>A secondary that is RECOVERING, or no longer.</summary>
    /// <exception cref="Foundation.Errors.BackupException">2505 where it is the primary.</exception>
    public void Maintain(bool isOn) => Told(() => _coordinator.Maintain(_member, isOn));

    /// <summary>The primary lets another one be elected.</summary>
    /// <param name="period">For so long it is not elected again.</param>
    /// <exception cref="Foundation.Errors.BackupException">2505 where it is not the primary, or nobody could follow it.</exception>
    public async Task StepDownAsync(TimeSpan period)
    {
        try
        {
            await _coordinator.StepDownAsync(_member, period, TimeSpan.FromSeconds(10), force: false);
        }
        catch (CommandFault refused)
        {
            throw SandboxErrors.Refused(refused.Message);
        }
    }

    /// <summary>It becomes the primary at once, in a new term.</summary>
    /// <exception cref="Foundation.Errors.BackupException">2505 where no majority would elect it.</exception>
    public void StepUp() => Told(() => _coordinator.StepUp(_member));

    /// <summary>Its oplog loses all but its newest entries, as if it had rolled over.</summary>
    /// <param name="keep">1 and up.</param>
    public void TruncateOplog(int keep)
    {
        lock (_member.Engine.Gate)
        {
            _member.Engine.Oplog.Truncate(keep);
        }
    }

    /// <summary>Every connection is closed; the address stays.</summary>
    public Task DropConnectionsAsync() => _member.DropConnectionsAsync();

    private static void Told(Action action)
    {
        try
        {
            action();
        }
        catch (CommandFault refused)
        {
            throw SandboxErrors.Refused(refused.Message);
        }
    }
}
