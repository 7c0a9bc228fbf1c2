using Backup.MongoWire.Bson;
using Backup.MongoWire.Listener;
using Backup.Sandbox.Commands;
using Backup.Sandbox.Replication;
using Backup.Sandbox.Storage;
using Backup.Sandbox.Transactions;

namespace Backup.Sandbox.Sharding.Shards;

/// <summary>
/// How a router or a shard reaches a replica set of the cluster: commands go to the primary as if over a connection, wait for it where there is none,
/// and bring the cluster's time there and back.
/// </summary>
/// <param name="selection">How long a primary is waited for.</param>
internal sealed class SetLink(SandboxReplicaSet set, ClusterClock clock, TimeSpan selection)
{
    private static readonly TimeSpan Look = TimeSpan.FromMilliseconds(20);
    private static long _links;

    private readonly ListenerConnection _connection = Connect();

    public SandboxReplicaSet Set => set;

    private TimeProvider Time => set.Options.Time;

    /// <returns>The reply, <c>ok: 0</c> included.</returns>
    /// <exception cref="CommandFault">133 without a primary, 6 where it was killed.</exception>
    public async Task<(BsonDocument Reply, SandboxMember Member)> AskAsync(
        string database,
        BsonDocument command,
        bool fromSecondary,
        CancellationToken cancellation
    )
    {
        var started = Time.GetTimestamp();
        while (true)
        {
            if (Pick(fromSecondary) is { } member)
            {
                var reply = await AskAsync(member, database, command, cancellation);
                if (!IsNotPrimary(reply.View))
                {
                    return (reply, member);
                }
            }

            if (Time.GetElapsedTime(started) > selection)
            {
                throw NoPrimary();
            }

            await Task.Delay(Look, Time, cancellation);
        }
    }

    public async Task<BsonDocument> RunAsync(string database, BsonDocument command, CancellationToken cancellation) =>
        (await AskAsync(database, command, fromSecondary: false, cancellation)).Reply;

    /// <summary>Asks that very member, for example for the rest of a cursor.</summary>
    public async Task<BsonDocument> AskAsync(
        SandboxMember member,
        string database,
        BsonDocument command,
        CancellationToken cancellation
    )
    {
        lock (member.Engine.Gate)
        {
            member.Engine.AdvanceTo(clock.Now);
        }

        using var given = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        var asking = member.HandleAsync(new CommandRequest(_connection, database, command), given.Token).AsTask();
        while (!asking.IsCompleted && await Task.WhenAny(asking, Task.Delay(Look, Time, given.Token)) != asking)
        {
            cancellation.ThrowIfCancellationRequested();
            if (!member.IsUp)
            {
                await given.CancelAsync();
                throw new CommandFault(6, "HostUnreachable", $"Connection to {member.Address} was closed by the peer");
            }
        }

        var reply = await asking;
        clock.Advance(ClusterClock.Read(reply.View));
        return reply;
    }

    /// <summary>Changes the data of the primary, as a server does for itself, and waits until a majority has that.</summary>
    /// <param name="action">Under the engine's lock; done once.</param>
    public async Task<T> WriteAsync<T>(Func<Engine, T> action, CancellationToken cancellation)
    {
        var started = Time.GetTimestamp();
        while (true)
        {
            if (Pick(fromSecondary: false) is { } member)
            {
                await member.AnswersAsync(cancellation);
                if (TryWrite(member.Engine, action, out var result))
                {
                    clock.Advance(member.Engine.ClusterTime);
                    await CommittedAsync(member, cancellation);
                    return result;
                }
            }
            else if (Time.GetElapsedTime(started) > selection)
            {
                throw NoPrimary();
            }

            await Task.Delay(Look, Time, cancellation);
        }
    }

    /// <summary>Looks at the data of whoever knows most. What is written elsewhere because of that is younger.</summary>
    public T Read<T>(Func<Engine, T> action)
    {
        var engine = set.LeaderEngine;
        lock (engine.Gate)
        {
            clock.Advance(engine.ClusterTime);
            return action(engine);
        }
    }

    private bool TryWrite<T>(Engine engine, Func<Engine, T> action, out T result)
    {
        lock (engine.Gate)
        {
            if (engine.IsWritable)
            {
                engine.AdvanceTo(clock.Now);
                try
                {
                    result = action(engine);
                    return true;
                }
                catch (HeldByTransactionException)
                {
                    // The next round: nothing was changed.
                }
            }

            result = default!;
            return false;
        }
    }

    private async Task CommittedAsync(SandboxMember member, CancellationToken cancellation)
    {
        var at = member.Engine.Oplog.Last;
        for (var started = Time.GetTimestamp(); Time.GetElapsedTime(started) < selection; )
        {
            var changed = member.Engine.Oplog.Changed;
            if (member.Engine.Oplog.Majority >= at || !member.IsPrimary)
            {
                return;
            }

            await Task.WhenAny(changed, Task.Delay(Look, Time, cancellation));
        }
    }

    private SandboxMember? Pick(bool fromSecondary)
    {
        var running = set.Members.Where(static member => member.IsUp).ToList();
        return (
                fromSecondary
                    ? running.Find(static member => member is { State: MemberState.Secondary, Answers: true })
                    : null
            ) ?? running.Where(static member => member.IsPrimary).MaxBy(static member => member.Engine.Term);
    }

    private CommandFault NoPrimary() =>
        new(
            133,
            "FailedToSatisfyReadPreference",
            $"Could not find host matching read preference {{ mode: \"primary\" }} for set {set.Options.ReplicaSetName}"
        );

    private static bool IsNotPrimary(BsonView reply) =>
        reply.TryGet("code"u8, out var code) && code.ToInt64() is 10107 or 13435 or 13436 or 189;

    private static ListenerConnection Connect()
    {
        var connection = ListenerConnection.Local(Interlocked.Decrement(ref _links));
        connection.Items[Access.ClusterKey] = true;
        return connection;
    }
}
