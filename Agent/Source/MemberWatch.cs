using Backup.Foundation;
using Backup.MongoWire;
using Backup.MongoWire.Client;

namespace Backup.Agent.Source;

/// <summary>
/// Looks, while a member is read, whether it still is the one to read from. A member that dies cuts its connections by itself; this
/// is about those that stay connected and yet give nothing new: recovering, removed, stuck; and about one that became primary.
/// </summary>
/// <param name="mayMove">Whether a better member is worth a new start just now: not while collections are copied.</param>
internal sealed class MemberWatch(SourceMember member, Func<bool> mayMove, TimeProvider time)
{
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(1);

    /// <summary>Its monitor asks every other second, with a time limit of its own.</summary>
    private static readonly TimeSpan SilencePatience = TimeSpan.FromSeconds(10);

    private static readonly TimeSpan LagPatience = TimeSpan.FromSeconds(4);
    private static readonly TimeSpan PrimaryPatience = TimeSpan.FromMinutes(1);
    private static readonly TimeSpan ChosenPrimaryPatience = TimeSpan.FromMinutes(10);

    /// <summary>An idle primary writes every ten seconds, and members are asked one after the other.</summary>
    private const uint MostLagSeconds = 13;

    private readonly bool _wasPrimary = member.Seen.Type == ServerType.Primary;
    private long? _silentSince;
    private long? _behindSince;
    private long? _primarySince;

    /// <summary>Runs until it is cancelled, or finds a reason to leave.</summary>
    /// <exception cref="Foundation.Errors.BackupException">7019.</exception>
    public async Task RunAsync(CancellationToken cancellation)
    {
        while (true)
        {
            if (ReasonToLeave() is { } reason)
            {
                throw AgentErrors.Unfit(member.Host, reason);
            }

            await Task.Delay(Interval, time, cancellation);
        }
    }

    private string? ReasonToLeave()
    {
        var seen = member.Seen;
        if (seen.ErrorNumber == MongoWireErrors.SetNameMismatch)
        {
            return "it is no member of the set any more";
        }

        if (seen.Type == ServerType.Unknown)
        {
            return Lasts(ref _silentSince, SilencePatience) ? $"it does not answer ({seen.Error})" : null;
        }

        _silentSince = null;
        if (!seen.IsReadable)
        {
            return "it is neither primary nor secondary any more";
        }

        var others = Others();
        if (!others.Exists(other => other.LastWrite.T > seen.LastWrite.T + MostLagSeconds))
        {
            _behindSince = null;
        }
        else if (Lasts(ref _behindSince, LagPatience))
        {
            return $"it is at {seen.LastWrite}, others are more than {MostLagSeconds} s further";
        }

        if (seen.Type != ServerType.Primary || !mayMove() || !others.Exists(other => IsFresh(other, seen.LastWrite)))
        {
            _primarySince = null;
        }
        else if (Lasts(ref _primarySince, _wasPrimary ? ChosenPrimaryPatience : PrimaryPatience))
        {
            return "it is the primary, and there is a secondary to read from";
        }

        return null;
    }

    private List<ServerDescription> Others() =>
        [.. member.Set.Topology.Servers.Values.Where(one => one.IsDataBearing && one.Address != member.Host)];

    private static bool IsFresh(ServerDescription other, Optime primary) =>
        other.Type == ServerType.Secondary && other.LastWrite.T + MostLagSeconds >= primary.T;

    private bool Lasts(ref long? since, TimeSpan patience)
    {
        since ??= time.GetTimestamp();
        return time.GetElapsedTime(since.Value) >= patience;
    }
}
