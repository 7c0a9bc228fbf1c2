using Backup.Agent.Source;
using Backup.Foundation.Errors;
using Backup.MongoWire.Bson;
using Backup.MongoWire.Client;

namespace Backup.Agent.Clusters;

/// <param name="IsOn">Whether it may begin a round.</param>
/// <param name="IsInRound">Whether it moves chunks now.</param>
internal sealed record BalancerStatus(bool IsOn, bool IsInRound);

/// <summary>A cluster's balancer, through its routers.</summary>
internal sealed class Balancer(MongoClient routers, TimeProvider time)
{
    private static readonly TimeSpan Poll = TimeSpan.FromMilliseconds(250);

    /// <summary>A router waits so long for the round to end, and says by itself that it did not.</summary>
    private static readonly TimeSpan LongestCommand = TimeSpan.FromSeconds(30);

    public async Task<BalancerStatus> StatusAsync(CancellationToken cancellation)
    {
        using var reply = await AskAsync(SourceMember.Command("balancerStatus"), cancellation);
        return new BalancerStatus(
            reply.View["mode"u8].AsString != "off",
            reply.View.TryGet("inBalancerRound"u8, out var round) && round.ToBoolean()
        );
    }

    /// <summary>Stops it and waits until it rests.</summary>
    /// <param name="patience">How long to wait.</param>
    /// <param name="cancellation">Gives up; it is stopped then, or not.</param>
    /// <returns>Why it does not rest; null where it does.</returns>
    /// <exception cref="BackupException">No router answers.</exception>
    public async Task<BackupException?> StopAsync(TimeSpan patience, CancellationToken cancellation)
    {
        var started = time.GetTimestamp();
        try
        {
            await SendAsync("balancerStop", patience < LongestCommand ? patience : LongestCommand, cancellation);
        }
        catch (CommandException refused) when (!refused.IsTransient && refused.ServerCode != MaxTimeExpired)
        {
            return AgentErrors.BalancerStays(refused.ServerMessage, refused);
        }
        catch (CommandException)
        {
            // It is told to stop, and a round still runs, or a router could not say: what it does is seen.
        }

        return await RestsAsync(started, patience, cancellation);
    }

    /// <summary>The same of one that was off already.</summary>
    public Task<BackupException?> RestsAsync(TimeSpan patience, CancellationToken cancellation) =>
        RestsAsync(time.GetTimestamp(), patience, cancellation);

    public async Task StartAsync(CancellationToken cancellation)
    {
        try
        {
            await SendAsync("balancerStart", LongestCommand, cancellation);
        }
        catch (CommandException slow) when (slow.ServerCode == MaxTimeExpired)
        {
            // Told to start; it waited for a round to see.
        }

        if (!(await StatusAsync(cancellation)).IsOn)
        {
            throw AgentErrors.BalancerOff();
        }
    }

    private async Task<BackupException?> RestsAsync(long started, TimeSpan patience, CancellationToken cancellation)
    {
        while (true)
        {
            var status = await StatusAsync(cancellation);
            if (status is { IsOn: false, IsInRound: false })
            {
                return null;
            }

            if (time.GetElapsedTime(started) >= patience)
            {
                return AgentErrors.BalancerStays(
                    status.IsOn
                        ? "somebody has started it again"
                        : $"its round did not end within {patience.TotalSeconds:0} s",
                    inner: null
                );
            }

            await Task.Delay(Poll, time, cancellation);
        }
    }

    private async Task SendAsync(string name, TimeSpan atMost, CancellationToken cancellation)
    {
        var command = BsonDocument.Build(w =>
            w.Int32(System.Text.Encoding.UTF8.GetBytes(name), 1)
                .Int32("maxTimeMS"u8, (int)Math.Max(1, atMost.TotalMilliseconds))
        );
        using (await AskAsync(command, cancellation)) { }
    }

    private const int MaxTimeExpired = 50;

    private Task<CommandReply> AskAsync(BsonDocument command, CancellationToken cancellation) =>
        routers.RunCommandAsync("admin", command, ReadTarget.Primary, cancellation);
}
