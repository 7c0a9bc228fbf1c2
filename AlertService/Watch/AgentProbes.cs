using System.Globalization;
using Backup.AlertService.Conditions;
using Backup.Foundation.Errors;
using Backup.Metadata;

namespace Backup.AlertService.Watch;

/// <summary>Agents, and what they say of their sources.</summary>
internal static class AgentProbes
{
    /// <summary>What an agent says after which only a new initial sync helps: a hole in the oplog, and a source that went back. Numbers of the agent's errors.</summary>
    private static readonly HashSet<string> Resyncs = new(StringComparer.Ordinal) { "BK7010", "BK7011" };

    /// <summary>An agent that works on nothing that is protected, and none that another one on the same host has taken the place of, is no loss.</summary>
    public static IEnumerable<Finding> Silent(Facts facts)
    {
        var working = facts.Reports.Select(static one => one.AgentId).ToHashSet(StringComparer.Ordinal);
        foreach (var agent in facts.Agents.Where(one => working.Contains(one.Id)))
        {
            var last = agent.LastSeenAt ?? agent.EnrolledAt;
            var works = DeploymentsOf(facts, agent);
            yield return new Finding(
                AlertConditions.AgentDown,
                agent.Id,
                facts.SilentFor(last).TotalSeconds,
                () =>
                    new AlertWords(
                        AlertServiceErrors.SilentAgent(agent.HostName, Words.At(last)),
                        $"Where no other agent stands by, nothing newer than {Words.At(last)} can be restored of {string.Join(", ", works.Select(static one => one.Name))}."
                    )
            )
            {
                GroupId = agent.GroupId,
                DeploymentId = works is [var only] ? only.Id : null,
                SubjectName = agent.HostName,
            };
        }
    }

    public static IEnumerable<Finding> Outdated(Facts facts) =>
        facts.Agents.Select(agent => new Finding(
            AlertConditions.AgentOutdated,
            agent.Id,
            agent.Version == facts.Appliance.Version ? 0 : 1,
            () =>
                new AlertWords(
                    AlertServiceErrors.OldAgent(agent.HostName, agent.Version, facts.Appliance.Version),
                    "It goes on working; what is new in this release it cannot do."
                )
        )
        {
            GroupId = agent.GroupId,
            SubjectName = agent.HostName,
        });

    /// <summary>Of the agent that works on it; where several say something, the last word counts.</summary>
    public static IEnumerable<Finding> Sources(Facts facts)
    {
        foreach (var report in facts.Reports.GroupBy(static one => one.DeploymentId).Select(Newest))
        {
            var deployment = facts.Deployment(report.DeploymentId)!;
            var isOfSync = report.Code is { } code && Resyncs.Contains(code);
            yield return Of(
                AlertConditions.ResyncRequired,
                isOfSync,
                "No moment after the last entry that was stored can be restored until then."
            );
            yield return Of(
                AlertConditions.SourceTrouble,
                report.Code is not null && !isOfSync,
                "What is written to the source meanwhile is not backed up; it can be made good only while the source's oplog still has it."
            );

            Finding Of(string condition, bool isSo, string consequence) =>
                new(
                    condition,
                    deployment.Id,
                    isSo ? 1 : 0,
                    () => new AlertWords(ErrorOf(report, deployment.Name), consequence)
                )
                {
                    GroupId = deployment.GroupId,
                    DeploymentId = deployment.Id,
                };
        }
    }

    private static AgentReport Newest(IEnumerable<AgentReport> reports) => reports.MaxBy(static one => one.At)!;

    /// <summary>As the agent told it, with its number.</summary>
    private static BackupException ErrorOf(AgentReport report, string name) =>
        new(
            int.TryParse(report.Code.AsSpan(2), NumberStyles.None, CultureInfo.InvariantCulture, out var number)
                ? number
                : 7016,
            $"{name}: {report.Message}",
            report.Hint ?? ""
        );

    private static List<Deployment> DeploymentsOf(Facts facts, AgentRecord agent) =>
        [
            .. facts
                .Reports.Where(one => one.AgentId == agent.Id)
                .Select(one => facts.Deployment(one.DeploymentId))
                .OfType<Deployment>(),
        ];
}
