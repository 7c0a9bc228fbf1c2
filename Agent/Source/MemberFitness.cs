using Backup.Foundation;
using Backup.Foundation.Contracts;
using Backup.MongoWire;
using Backup.MongoWire.Client;

namespace Backup.Agent.Source;

/// <summary>Judges, each time it is asked, whether a member still is the one to read from. Not thread-safe.</summary>
/// <param name="rule">The one that it was chosen by.</param>
/// <param name="wasPrimary">Whether it was the primary when it was chosen: then there was no other.</param>
/// <param name="time">The clock.</param>
internal sealed class MemberFitness(MemberRule rule, bool wasPrimary, TimeProvider time)
{
    /// <summary>Its monitor asks every other second, with a time limit of its own.</summary>
    internal static readonly TimeSpan SilencePatience = TimeSpan.FromSeconds(10);

    internal static readonly TimeSpan LagPatience = TimeSpan.FromSeconds(4);
    internal static readonly TimeSpan PrimaryPatience = TimeSpan.FromMinutes(1);
    internal static readonly TimeSpan ChosenPrimaryPatience = TimeSpan.FromMinutes(10);

    /// <summary>An idle primary writes every ten seconds, and members are asked one after the other.</summary>
    internal const uint MostLagSeconds = 13;

    /// <summary>Of a member that was asked for by name or by its tags, less is not worth a change: it might be chosen again at once.</summary>
    private readonly uint _mostLag = rule.Kind is MemberRuleKind.Host or MemberRuleKind.Tags
        ? MemberCandidate.MostLagSeconds
        : MostLagSeconds;

    private long? _silentSince;
    private long? _behindSince;
    private long? _primarySince;

    /// <param name="seen">As its own monitor saw it last.</param>
    /// <param name="others">The other members that bear data, as the set's monitors saw them.</param>
    /// <param name="mayMove">Whether a better member is worth a new start just now.</param>
    /// <returns>Null where it is to be kept.</returns>
    public string? ReasonToLeave(ServerDescription seen, IReadOnlyList<ServerDescription> others, bool mayMove)
    {
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

        return ReasonOfLag(seen, others)
            ?? rule.Kind switch
            {
                MemberRuleKind.Secondary => ReasonOfRole(seen, others, mayMove),
                MemberRuleKind.Primary => ReasonOfPrimary(seen, others),
                MemberRuleKind.Tags => ReasonOfTags(seen),
                _ => null,
            };
    }

    private string? ReasonOfLag(ServerDescription seen, IReadOnlyList<ServerDescription> others)
    {
        if (!others.Any(other => other.LastWrite.T > seen.LastWrite.T + _mostLag))
        {
            _behindSince = null;
            return null;
        }

        return Lasts(ref _behindSince, LagPatience)
            ? $"it is at {seen.LastWrite}, others are more than {_mostLag} s further"
            : null;
    }

    private string? ReasonOfRole(ServerDescription seen, IReadOnlyList<ServerDescription> others, bool mayMove)
    {
        if (seen.Type != ServerType.Primary || !mayMove || !others.Any(other => IsFresh(other, seen.LastWrite)))
        {
            _primarySince = null;
            return null;
        }

        return Lasts(ref _primarySince, wasPrimary ? ChosenPrimaryPatience : PrimaryPatience)
            ? "it is the primary, and there is a secondary to read from"
            : null;
    }

    /// <summary>Where there is no primary, the last one serves as well as any: nothing new can be committed.</summary>
    private string? ReasonOfPrimary(ServerDescription seen, IReadOnlyList<ServerDescription> others)
    {
        if (seen.Type == ServerType.Primary || !others.Any(other => other.Type == ServerType.Primary))
        {
            _primarySince = null;
            return null;
        }

        return Lasts(ref _primarySince, LagPatience) ? "it is not the primary any more" : null;
    }

    private string? ReasonOfTags(ServerDescription seen) =>
        rule.Tags.All(wanted => seen.Tags.TryGetValue(wanted.Key, out var value) && value == wanted.Value)
            ? null
            : "it has not the tags of the rule any more";

    private static bool IsFresh(ServerDescription other, Optime primary) =>
        other.Type == ServerType.Secondary && other.LastWrite.T + MostLagSeconds >= primary.T;

    private bool Lasts(ref long? since, TimeSpan patience)
    {
        since ??= time.GetTimestamp();
        return time.GetElapsedTime(since.Value) >= patience;
    }
}
