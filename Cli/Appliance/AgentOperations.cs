using Backup.BackupHttpServer;
using Backup.BackupHttpServer.Updates;
using Backup.Foundation.Contracts;
using Backup.Foundation.Errors;
using Backup.Metadata;
using Backup.WebUI.Contracts;
using Backup.WebUI.Desks;

namespace Backup.Cli.Appliance;

/// <summary>What the commands ask about agents: who may connect, who works on what, and tokens for new ones.</summary>
internal sealed class AgentOperations(IMetadataStore metadata, TimeProvider time) : IAgentBuildDesk
{
    internal static readonly TimeSpan LongestToken = TimeSpan.FromDays(7);

    /// <summary>A heartbeat comes every few seconds: who said nothing for so long is called silent.</summary>
    private static readonly TimeSpan LongSilence = TimeSpan.FromSeconds(30);

    /// <summary>Heartbeats come every second; one that comes late is waited for.</summary>
    private static readonly TimeSpan LogPatience = TimeSpan.FromSeconds(15);

    private BackupHttpServerHost? _server;
    private Uri? _address;

    /// <summary>From now on tokens can be made, and builds offered: agents are served.</summary>
    /// <param name="server">Who serves them.</param>
    /// <param name="address">Where agents of other hosts connect.</param>
    internal void Serve(BackupHttpServerHost server, Uri address) => (_server, _address) = (server, address);

    /// <summary>Builds that are offered to agents, by platform.</summary>
    /// <exception cref="BackupException">9505 no agents are served.</exception>
    IReadOnlyList<UpdateView> IAgentBuildDesk.List() => [.. Served().Updates.List().Select(View)];

    /// <summary>Offers a build to the agents of its platform, in the place of the one before.</summary>
    /// <exception cref="BackupException">8052 it cannot be offered, 9505 no agents are served.</exception>
    public UpdateView Offer(UpdateRequest request) => View(Served().Updates.Offer(request.Path, request.Version));

    /// <summary>Offers nothing to the agents of that platform any more.</summary>
    /// <exception cref="BackupException">9501 nothing was offered, 9505 no agents are served.</exception>
    public IReadOnlyList<UpdateView> Withdraw(string platform) =>
        Served().Updates.Withdraw(platform)
            ? ((IAgentBuildDesk)this).List()
            : throw CliErrors.Argument(
                $"Nothing is offered for '{platform}'.",
                "'backup agents offer' without a file shows what is."
            );

    private BackupHttpServerHost Served() => _server ?? throw CliErrors.ApplianceNotRunning("");

    private static UpdateView View(UpdateBuild build) => new(build.Version, build.Platform, build.Sha256, build.Length);

    internal async Task<IReadOnlyList<AgentView>> ListAsync(CancellationToken cancellation) =>
        (await WorksAsync(cancellation)).Views;

    private static IReadOnlyList<AgentView> ViewsOf(IReadOnlyList<AgentRecord> agents, IReadOnlyList<Work> works)
    {
        var byAgent = works.ToLookup(static work => work.Agent.Id, StringComparer.Ordinal);
        return
        [
            .. agents.Select(agent => new AgentView(agent.Id, agent.HostName, agent.Version, agent.LastSeenAt)
            {
                EnrolledAt = agent.EnrolledAt,
                Revoked = agent.Revoked,
                Deployments =
                [
                    .. byAgent[agent.Id]
                        .Select(work => new AgentDeploymentView(work.Deployment.Name, work.Role, work.Report.Phase)),
                ],
            }),
        ];
    }

    private static ILookup<string, DeploymentAgentView> ByDeployment(IReadOnlyList<Work> works) =>
        works
            .OrderBy(work => work.Role != ActiveRole)
            .ThenBy(work => work.Agent.HostName, StringComparer.Ordinal)
            .ToLookup(
                work => work.Deployment.Id,
                work => new DeploymentAgentView(
                    work.Agent.Id,
                    work.Agent.HostName,
                    work.Role,
                    work.Report.Phase,
                    work.Report.At,
                    work.Report.Code is { } code
                        ? new ErrorView(code, work.Report.Message ?? "", work.Report.Hint ?? "")
                        : null
                )
            );

    /// <exception cref="BackupException">9501 the time is out of its range, 9505 no agents are served.</exception>
    internal async Task<TokenView> MakeTokenAsync(string groupId, double minutes, CancellationToken cancellation)
    {
        if (!(minutes > 0 && minutes <= LongestToken.TotalMinutes))
        {
            throw CliErrors.Argument(
                $"A token cannot be valid for {minutes} minutes.",
                $"Give more than 0 and at most {LongestToken.TotalMinutes} minutes."
            );
        }

        var fingerprint = Served().CaFingerprint;
        var lifetime = TimeSpan.FromMinutes(minutes);
        var expires = time.GetUtcNow() + lifetime;
        var token = await Enrolment.CreateGroupTokenAsync(metadata, groupId, fingerprint, lifetime, time, cancellation);
        var server = _address!.ToString().TrimEnd('/');
        return new TokenView(token, expires, _address.ToString())
        {
            Install =
                $"curl --fail --silent --show-error --insecure --pinnedpubkey '{Served().PublicKeyPin}' {server}/install/agent.sh | sudo --preserve-env=BACKUP_AGENT_TOKEN sh",
        };
    }

    /// <summary>From now on its key opens nothing, and another agent may take over at once.</summary>
    /// <param name="agent">Its id, or the name of its host where one agent alone has that.</param>
    /// <exception cref="BackupException">9520 none, 9521 several.</exception>
    internal async Task<AgentView> RevokeAsync(string agent, CancellationToken cancellation)
    {
        var found = await FindAsync(agent, cancellation);
        await metadata.Access.RevokeAgentAsync(found.Id, cancellation);
        return (await ListAsync(cancellation)).First(one => one.Id == found.Id);
    }

    /// <summary>Asks the agent for its last log lines and waits for them.</summary>
    /// <param name="agent">As of <see cref="RevokeAsync"/>.</param>
    /// <param name="lines">The newest so many.</param>
    /// <param name="since">Only those of so many last seconds; null: whatever their age.</param>
    /// <param name="cancellation">Gives up.</param>
    /// <exception cref="BackupException">9501 out of range, 9520 none, 9521 several, 9524 it does not answer.</exception>
    internal async Task<AgentLogView> LogsAsync(string agent, int lines, long? since, CancellationToken cancellation)
    {
        if (lines is < 1 or > LogLimits.MostLines)
        {
            throw CliErrors.Argument(
                $"{lines} lines cannot be asked for.",
                $"Give 1 to {LogLimits.MostLines}: more is not kept by an agent."
            );
        }

        var found = await FindAsync(agent, cancellation);
        var excerpt =
            await metadata.AskLogAsync(
                found.Id,
                lines,
                since is { } seconds ? TimeSpan.FromSeconds(seconds) : null,
                LogPatience,
                time,
                cancellation
            ) ?? throw CliErrors.NoAnswer(found.HostName, found.Id, LogPatience);
        return new AgentLogView(found.Id, found.HostName, excerpt.Lines, excerpt.IsCut);
    }

    /// <param name="agent">Its id, or the name of its host where one agent alone has that.</param>
    /// <param name="cancellation">Gives up.</param>
    private async Task<AgentRecord> FindAsync(string agent, CancellationToken cancellation)
    {
        var all = await metadata.Access.AgentsAsync(cancellation);
        if (all.FirstOrDefault(one => one.Id == agent) is { } found)
        {
            return found;
        }

        var named = all.Where(one => one.HostName == agent && !one.Revoked).ToList();
        return named.Count switch
        {
            1 => named[0],
            0 => throw CliErrors.NoSuchAgent(agent),
            _ => throw CliErrors.SeveralAgents(agent, named.Select(one => one.Id)),
        };
    }

    /// <summary>What the agent that works on the deployment last said of it, and when; null where none does.</summary>
    internal async Task<AgentReport?> ActiveReportAsync(string deploymentId, CancellationToken cancellation) =>
        (await WorksAsync(cancellation)).Active.GetValueOrDefault(deploymentId);

    private const string ActiveRole = "active";

    /// <summary>Who there is, and who works on what.</summary>
    internal async Task<AgentsAtWork> WorksAsync(CancellationToken cancellation)
    {
        var all = await metadata.Access.AgentsAsync(cancellation);
        var agents = all.ToDictionary(agent => agent.Id);
        var deployments = (await metadata.Deployments.ListAsync(cancellation)).ToDictionary(one => one.Id);
        var leases = (await metadata.Leases.ListAsync(cancellation)).ToDictionary(lease => lease.DeploymentId);
        var now = time.GetUtcNow();
        var works = new List<Work>();
        foreach (var report in await metadata.Deployments.AgentReportsAsync(cancellation))
        {
            if (!agents.TryGetValue(report.AgentId, out var agent) || agent.Revoked)
            {
                continue;
            }

            var role =
                now - report.At > LongSilence ? "silent"
                : leases.GetValueOrDefault(report.DeploymentId)?.AgentId == agent.Id ? ActiveRole
                : "standby";
            works.Add(new Work(agent, deployments[report.DeploymentId], report, role));
        }

        return new AgentsAtWork(
            ViewsOf(all, works),
            ByDeployment(works),
            works
                .Where(static work => work.Role == ActiveRole)
                .ToDictionary(static work => work.Deployment.Id, static work => work.Report, StringComparer.Ordinal)
        );
    }

    private sealed record Work(AgentRecord Agent, Deployment Deployment, AgentReport Report, string Role);
}

/// <summary>Agents, and what they do, as of one moment.</summary>
/// <param name="Views">All of them, revoked ones too.</param>
/// <param name="ByDeployment">Who works on each deployment and who stands by, by the deployment's id; whoever works comes first.</param>
/// <param name="Active">What whoever works on a deployment last said of it, by the deployment's id.</param>
internal sealed record AgentsAtWork(
    IReadOnlyList<AgentView> Views,
    ILookup<string, DeploymentAgentView> ByDeployment,
    IReadOnlyDictionary<string, AgentReport> Active
);
