using Backup.Foundation.Contracts;
using Backup.MongoWire.Client;

namespace Backup.Agent.Source;

/// <summary>
/// Looks, while a member is read, whether it still is the one to read from. A member that dies cuts its connections by itself; this
/// is about those that stay connected and yet give nothing new: recovering, removed, stuck; and about one that became primary.
/// </summary>
/// <param name="rule">The one that it was chosen by.</param>
/// <param name="mayMove">Whether a better member is worth a new start just now: not while collections are copied.</param>
internal sealed class MemberWatch(SourceMember member, MemberRule rule, Func<bool> mayMove, TimeProvider time)
{
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(1);
    private readonly MemberFitness _fitness = new(rule, member.Seen.Type == ServerType.Primary, time);

    /// <summary>Runs until it is cancelled, or finds a reason to leave.</summary>
    /// <exception cref="Foundation.Errors.BackupException">7019.</exception>
    public async Task RunAsync(CancellationToken cancellation)
    {
        while (true)
        {
            var others = member.Set.Topology.Servers.Values.Where(one =>
                one.IsDataBearing && one.Address != member.Host
            );
            if (_fitness.ReasonToLeave(member.Seen, [.. others], mayMove()) is { } reason)
            {
                throw AgentErrors.Unfit(member.Host, reason);
            }

            await Task.Delay(Interval, time, cancellation);
        }
    }
}
