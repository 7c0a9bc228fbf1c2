using Backup.Foundation.Contracts;
using Backup.Foundation.Errors;
using Backup.MongoWire.Client;
using Backup.MongoWire.Uri;

namespace Backup.Agent.Source;

/// <summary>
/// Chooses the member to read from, by the operator's rule. Any secondary: hidden ones first, then those of low priority; the primary where there is
/// no other. None that is delayed or lags more than a minute; those that failed a moment ago last. A rule that names a host or tags is never
/// bent: where nobody fits it, that is an error.
/// </summary>
internal static class MemberChoice
{
    private static readonly TimeSpan ProbeTimeout = TimeSpan.FromSeconds(5);

    /// <param name="rule">The operator's.</param>
    /// <param name="avoided">Members that failed a moment ago.</param>
    /// <returns>Belongs to the caller.</returns>
    /// <exception cref="BackupException">7007 privileges, 7015 a mongos, 7021 nobody fits the rule, or MongoWire's.</exception>
    public static async Task<SourceMember> ChooseAsync(
        MongoClient set,
        MemberRule rule,
        IReadOnlySet<HostAddress> avoided,
        CancellationToken cancellation
    )
    {
        if (rule.Kind != MemberRuleKind.Primary)
        {
            var all = await CandidatesAsync(set, rule, cancellation);
            var failures = new List<string>();
            foreach (var (candidate, why) in Ranked(all, rule, avoided))
            {
                var (member, failure) = await TryOpenAsync(set, candidate.Host, why, cancellation);
                if (member is not null)
                {
                    return member;
                }

                failures.Add($"{candidate.Host}: {failure}");
            }

            if (rule.Kind != MemberRuleKind.Secondary)
            {
                throw AgentErrors.NoMember(rule, [.. failures, .. Misfits(all, rule)]);
            }
        }

        var primary = await set.SelectAsync(ReadTarget.Primary, cancellation);
        return await OpenAsync(
                set,
                primary.Address,
                rule.Kind == MemberRuleKind.Primary ? "the rule wants the primary" : "the primary: no secondary fits",
                cancellation
            ) ?? throw AgentErrors.Unfit(primary.Address, "it answers no reads");
    }

    /// <summary>Those that fit the rule and may be read from, best first, each with the reason.</summary>
    internal static IReadOnlyList<(MemberCandidate Candidate, string Why)> Ranked(
        IReadOnlyList<MemberCandidate> all,
        MemberRule rule,
        IReadOnlySet<HostAddress> avoided
    ) =>
        [
            .. all.Where(one => IsMeant(one, rule) && one.Unfit is null)
                .Where(one => rule.Kind != MemberRuleKind.Secondary || !one.IsPrimary)
                .OrderBy(one => avoided.Contains(one.Host))
                .ThenBy(one => one.IsPrimary)
                .ThenByDescending(one => one.Hidden)
                .ThenBy(one => one.Priority)
                .Select(one => (one, WhyOf(one, rule))),
        ];

    /// <summary>Whether the rule means that member, fit or not.</summary>
    internal static bool IsMeant(MemberCandidate one, MemberRule rule) =>
        rule.Kind switch
        {
            MemberRuleKind.Host => one.Host == HostOf(rule),
            MemberRuleKind.Tags => one.Has(rule),
            MemberRuleKind.Primary => one.IsPrimary,
            _ => true,
        };

    private static string WhyOf(MemberCandidate one, MemberRule rule) =>
        rule.Kind switch
        {
            MemberRuleKind.Host => "the rule names it",
            MemberRuleKind.Tags => $"it has the tags of the rule{(one.IsPrimary ? "; the primary, no other has" : "")}",
            MemberRuleKind.Primary => "the rule wants the primary",
            _ => one.Hidden ? "a hidden secondary" : $"a secondary of priority {one.Priority:0.###}",
        };

    private static IEnumerable<string> Misfits(IReadOnlyList<MemberCandidate> all, MemberRule rule)
    {
        var meant = all.Where(one => IsMeant(one, rule)).ToList();
        return meant.Count > 0 ? meant.Where(one => one.Unfit is not null).Select(one => $"{one.Host}: {one.Unfit}")
            : rule.Kind == MemberRuleKind.Host ? [$"it is not among the members ({Hosts(all)})"]
            : [$"none of the members has these tags ({Hosts(all)})"];
    }

    private static string Hosts(IReadOnlyList<MemberCandidate> all) => string.Join(", ", all.Select(one => one.Host));

    private static HostAddress? HostOf(MemberRule rule)
    {
        try
        {
            return HostAddress.Parse(rule.Host);
        }
        catch (BackupException)
        {
            // No member has such a name.
            return null;
        }
    }

    private static async Task<(SourceMember? Member, string Failure)> TryOpenAsync(
        MongoClient set,
        HostAddress host,
        string why,
        CancellationToken cancellation
    )
    {
        if (LostBy(set, host) is { } lost)
        {
            return (null, lost);
        }

        using var patience = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        patience.CancelAfter(ProbeTimeout);
        try
        {
            return (await OpenAsync(set, host, why, patience.Token), "it answers no reads");
        }
        catch (BackupException failure)
        {
            return (null, failure.Message);
        }
        catch (OperationCanceledException) when (!cancellation.IsCancellationRequested)
        {
            return (null, $"it did not answer within {ProbeTimeout.TotalSeconds:0} s");
        }
    }

    /// <summary>Null where it does not answer reads.</summary>
    private static async Task<SourceMember?> OpenAsync(
        MongoClient set,
        HostAddress host,
        string why,
        CancellationToken cancellation
    )
    {
        var own = set.DirectTo(host);
        try
        {
            // A selection alone would wait for a host that takes no connections.
            using (await own.LeaseAsync(ReadTarget.On(host), cancellation)) { }

            var server = await own.SelectAsync(ReadTarget.On(host), cancellation);
            if (server.IsReadable)
            {
                return new SourceMember(set, own, host, server.MaxWireVersion, why);
            }
        }
        catch
        {
            await own.DisposeAsync();
            throw;
        }

        await own.DisposeAsync();
        return null;
    }

    /// <summary>What the set's monitors have found already, where it does not answer; null else.</summary>
    private static string? LostBy(MongoClient set, HostAddress host) =>
        set.Topology.Servers.TryGetValue(host, out var known) && known is { Type: ServerType.Unknown, Error: { } error }
            ? error
            : null;

    private static async Task<IReadOnlyList<MemberCandidate>> CandidatesAsync(
        MongoClient set,
        MemberRule rule,
        CancellationToken cancellation
    )
    {
        var any = await set.SelectAsync(ReadTarget.SecondaryPreferred, cancellation);
        if (set.Topology.Type == TopologyType.Sharded)
        {
            throw AgentErrors.Unsupported(
                $"{any.Address} is a mongos: the agent reads replica sets.",
                "Give the URIs of the shards' and the config servers' replica sets, each as a deployment of its own."
            );
        }

        // Named as a whole and first: the next command would only say that it is refused itself.
        var target = ReadTarget.On(any.Address);
        await Privileges.CheckAsync(set, target, cancellation);
        return set.Topology.Type == TopologyType.Single && rule.Kind == MemberRuleKind.Secondary
            ? [OnlyOne(any)]
            : Reachable(set, any, await MemberCandidates.ReadAsync(set, target, cancellation));
    }

    /// <summary>A direct connection is to one member, whatever the set calls it; no rule leads to another one.</summary>
    private static IReadOnlyList<MemberCandidate> Reachable(
        MongoClient set,
        ServerDescription any,
        IReadOnlyList<MemberCandidate> all
    ) =>
        set.Topology.Type == TopologyType.Single
            ? [.. all.Where(one => one.Host == any.Address || one.Host == any.Me)]
            : all;

    /// <summary>The one member of a direct connection, taken as it is.</summary>
    private static MemberCandidate OnlyOne(ServerDescription any) =>
        new(
            any.Address,
            MemberCandidate.Secondary,
            "SECONDARY",
            any.Hidden,
            Priority: 0,
            Delayed: false,
            LagSeconds: 0,
            any.Tags
        );
}
