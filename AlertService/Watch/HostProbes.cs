using Backup.AlertService.Conditions;
using Backup.Foundation.Contracts;
using Backup.Metadata;
using Backup.Metadata.Alerting;

namespace Backup.AlertService.Watch;

/// <summary>The sources' servers, as their agents tell of them once a minute. What is old says nothing of now: what was wrong then is not over.</summary>
internal static class HostProbes
{
    private static readonly TimeSpan Old = TimeSpan.FromMinutes(5);

    /// <summary>How long after it an election is shown.</summary>
    internal static readonly TimeSpan ElectionShown = TimeSpan.FromMinutes(10);

    private static readonly HashSet<string> Fine = new(StringComparer.Ordinal) { "PRIMARY", "SECONDARY", "ARBITER" };

    private const string Primary = "PRIMARY";

    /// <summary>Of an oplog that loses entries; twice of what is missing has to fit into it, whatever it spans.</summary>
    public static IEnumerable<Finding> Windows(Facts facts)
    {
        foreach (var set in facts.Sets)
        {
            var sample = facts.Samples.FirstOrDefault(one => one.Deployment.Id == set.Deployment.Id);
            if (sample is not { Rolls: true, Sample.Oplog: { } oplog })
            {
                continue;
            }

            var (window, behind) = (TimeSpan.FromSeconds(oplog.WindowSeconds), set.Behind(facts));
            yield return SetProbes.Of(
                set,
                AlertConditions.OplogWindow,
                IsOld(facts, sample) ? double.NaN : window.TotalSeconds,
                () =>
                    new AlertWords(
                        AlertServiceErrors.ShortWindow(set.Name, Words.Span(window), Words.Span(behind)),
                        $"An agent that is silent for {Words.Span(window)} cannot go on where it was: a new initial sync is needed then."
                    )
            ) with
            {
                AtLeast = window < behind * 2 ? AlertSeverity.Critical : null,
            };
        }
    }

    /// <summary>A note that is over by itself: what it is good for is that somebody can look at that time.</summary>
    public static IEnumerable<Finding> Elections(Facts facts) =>
        facts.Samples.Select(sample =>
            Of(
                sample,
                AlertConditions.Election,
                "",
                sample.Election is { } election && facts.Now - election.At < ElectionShown ? 1 : 0,
                () =>
                    new AlertWords(
                        AlertServiceErrors.Elected(
                            sample.Deployment.Name,
                            sample.Election!.Host,
                            sample.Election.Kind == HostEventKind.BecamePrimary ? sample.Election.Before : "",
                            Words.At(sample.Election.At)
                        ),
                        "Clients were without a primary for some seconds; the backup goes on by itself."
                    )
            )
        );

    /// <summary>What each server has logged as slow since the sample before, which is a minute.</summary>
    public static IEnumerable<Finding> Slow(Facts facts) =>
        facts.Samples.SelectMany(sample =>
            sample
                .Sample.Hosts.Where(static host => host.SlowOperations is not null)
                .Select(host =>
                    Of(
                        sample,
                        AlertConditions.SlowOperations,
                        host.Host,
                        IsOld(facts, sample) ? double.NaN : host.SlowOperations!.Value,
                        () =>
                            new AlertWords(
                                AlertServiceErrors.SlowServer(
                                    host.Host,
                                    sample.Deployment.Name,
                                    host.SlowOperations!.Value
                                ),
                                "Its clients wait; the backup reads beside them."
                            )
                    )
                )
        );

    public static IEnumerable<Finding> Members(Facts facts)
    {
        foreach (var sample in facts.Samples.Where(static one => one.Sample.Members.Count > 0))
        {
            foreach (var finding in OfSet(sample))
            {
                yield return IsOld(facts, sample) ? finding with { Value = double.NaN } : finding;
            }
        }
    }

    private static IEnumerable<Finding> OfSet(SampleFacts sample)
    {
        var members = sample.Sample.Members;
        yield return Of(
            sample,
            AlertConditions.NoPrimary,
            "",
            members.Any(static one => one is { Healthy: true, State: Primary }) ? 0 : 1,
            () =>
                new AlertWords(
                    AlertServiceErrors.Headless(sample.Deployment.Name),
                    "The backup has nothing new to store until there is one."
                )
        );
        foreach (var finding in members.SelectMany(member => OfMember(sample, member)))
        {
            yield return finding;
        }
    }

    private static IEnumerable<Finding> OfMember(SampleFacts sample, MemberSample member)
    {
        var isUp = member.Healthy && Fine.Contains(member.State);
        var name = sample.Deployment.Name;
        yield return Of(
            sample,
            AlertConditions.HostDown,
            member.Name,
            isUp ? 0 : 1,
            () =>
                new AlertWords(
                    AlertServiceErrors.DownHost(
                        member.Name,
                        name,
                        member.Healthy ? member.State : "not reached by the others"
                    ),
                    "The set can lose fewer members than before."
                )
        );
        if (isUp && member.LagSeconds is { } lag)
        {
            yield return Of(
                sample,
                AlertConditions.ReplicationLag,
                member.Name,
                lag,
                () =>
                    new AlertWords(
                        AlertServiceErrors.SlowMember(member.Name, name, Words.Span(TimeSpan.FromSeconds(lag))),
                        "It would lack what is newest if it became primary."
                    )
            );
        }
    }

    private static Finding Of(SampleFacts sample, string condition, string host, double value, Func<AlertWords> say) =>
        new(condition, host.Length == 0 ? sample.Deployment.Id : $"{sample.Deployment.Id} {host}", value, say)
        {
            GroupId = sample.Deployment.GroupId,
            DeploymentId = sample.Deployment.Id,
            SubjectName = host.Length == 0 ? sample.Deployment.Name : host,
        };

    private static bool IsOld(Facts facts, SampleFacts sample) => facts.Now - sample.At > Old;
}
