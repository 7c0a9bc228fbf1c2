using Backup.Agent.Clusters;
using Backup.Agent.Source;
using Backup.Agent.Work;
using Backup.Foundation.Contracts;
using Backup.Foundation.Errors;
using Backup.MongoWire.Client;
using Backup.MongoWire.Uri;

namespace Backup.Agent.Check;

/// <summary>Whether a deployment can be backed up: every member for itself, and the one that would be read.</summary>
/// <param name="serverAhead">How far the backup server's clock is before this host's, seconds; null where that is not known.</param>
/// <param name="time">The clock.</param>
internal sealed class DeploymentCheck(double? serverAhead, TimeProvider time)
{
    private static readonly TimeSpan MemberPatience = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    public async Task<DeploymentCheckReport> RunAsync(ConfiguredDeployment deployment, CancellationToken cancellation)
    {
        var text = deployment.Source?.Member ?? MemberRule.Secondary.Text;
        var report = new DeploymentCheckReport(deployment.Id, deployment.Name, false, null, null, text, null, null, []);
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        patience.CancelAfter(Patience);
        try
        {
            var tls = ConnectionString.Parse(deployment.Uri);
            await using var set = await DeploymentWorker.ConnectAsync(
                deployment.Uri,
                new WireTraffic(),
                time,
                patience.Token
            );
            if (await ClusterSource.IsBehindAsync(set, patience.Token))
            {
                var cluster = await ClusterCheck.RunAsync(set, time, patience.Token);
                return report with { Ok = cluster.MissingPrivileges.Count == 0, Cluster = cluster };
            }

            report = report with { Members = await MembersAsync(set, tls, patience.Token) };
            var rule = MemberRule.TryParse(text, out var known) ? known : MemberRule.Secondary;
            await using var member = await MemberChoice.ChooseAsync(
                set,
                rule,
                new HashSet<HostAddress>(),
                patience.Token
            );
            var found = await Discovery.RunAsync(member, patience.Token);
            return report with
            {
                Ok = true,
                ReplicaSet = found.Name,
                Chosen = member.Host.ToString(),
                Why = member.Why,
            };
        }
        catch (BackupException failure)
        {
            return report with { Error = FaultOf(failure) };
        }
        catch (OperationCanceledException late) when (!cancellation.IsCancellationRequested)
        {
            return report with
            {
                Error = FaultOf(
                    AgentErrors.NoSet($"it did not answer within {Patience.TotalSeconds:0} s ({late.Message})")
                ),
            };
        }
    }

    private async Task<IReadOnlyList<MemberCheckReport>> MembersAsync(
        MongoClient set,
        ConnectionString uri,
        CancellationToken cancellation
    )
    {
        var (candidates, hosts) = await KnownAsync(set, uri, cancellation);
        var tls = uri.Options.Tls ?? uri.IsSrv;
        var reports = await Task.WhenAll(hosts.Select(host => MemberAsync(set, host, tls, cancellation)));
        return
        [
            .. reports
                .Zip(hosts)
                .Select(pair =>
                    candidates.FirstOrDefault(one => one.Host == pair.Second) is { } candidate
                        ? pair.First with
                        {
                            State = candidate.StateName,
                            Unfit = candidate.Unfit,
                            LagSeconds = candidate.LagSeconds,
                        }
                        : pair.First
                ),
        ];
    }

    /// <summary>The members as the set tells them; where nobody may or can tell, those that are in sight or in the URI.</summary>
    private static async Task<(IReadOnlyList<MemberCandidate>, IReadOnlyList<HostAddress>)> KnownAsync(
        MongoClient set,
        ConnectionString uri,
        CancellationToken cancellation
    )
    {
        try
        {
            var any = await set.SelectAsync(ReadTarget.SecondaryPreferred, cancellation);
            var all = await MemberCandidates.ReadAsync(set, ReadTarget.On(any.Address), cancellation);
            return set.Topology.Type == TopologyType.Single
                ? (all, [any.Address])
                : (all, [.. all.Select(one => one.Host)]);
        }
        catch (BackupException)
        {
            var seen = set.Topology.Servers.Keys.ToList();
            return ([], seen.Count > 0 ? seen : uri.Hosts);
        }
    }

    private async Task<MemberCheckReport> MemberAsync(
        MongoClient set,
        HostAddress host,
        bool tls,
        CancellationToken cancellation
    )
    {
        var report = new MemberCheckReport(host.ToString(), Reachable: false, Error: null, tls);
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        patience.CancelAfter(MemberPatience);
        try
        {
            await using var own = set.DirectTo(host);
            using (await own.LeaseAsync(ReadTarget.On(host), patience.Token)) { }

            report = report with { Reachable = true };
            var seen = await own.SelectAsync(ReadTarget.On(host), patience.Token);
            // Not disposed: its client is the one above.
            var member = new SourceMember(set, own, host, seen.MaxWireVersion);
            var ahead = await ClockAheadAsync(member, patience.Token);
            var (user, missing) = await Privileges.MissingAsync(own, ReadTarget.On(host), patience.Token);
            report = report with
            {
                User = user,
                MissingPrivileges = missing,
                ClockAheadSeconds = ahead,
                ClockAheadOfServerSeconds = serverAhead is { } server ? Math.Round(ahead - server, 1) : null,
            };
            var version = await Discovery.VersionAsync(member, patience.Token);
            report = report with
            {
                MongoVersion = version,
                FeatureCompatibilityVersion = await Discovery.FeatureCompatibilityAsync(
                    member,
                    version,
                    patience.Token
                ),
                OplogWindowHours = await OplogWatch.LookAsync(member, patience.Token) is { } window
                    ? Math.Round(window.Seconds / 3600.0, 2)
                    : null,
            };
            return report;
        }
        catch (BackupException failure)
        {
            return report with { Error = FaultOf(failure) };
        }
        catch (OperationCanceledException) when (!cancellation.IsCancellationRequested)
        {
            return report with
            {
                Error = FaultOf(AgentErrors.Unfit(host, $"it did not answer within {MemberPatience.TotalSeconds:0} s")),
            };
        }
    }

    private async Task<double> ClockAheadAsync(SourceMember member, CancellationToken cancellation)
    {
        var before = time.GetUtcNow();
        using var reply = await member.RunAsync("admin", SourceMember.Command("isMaster"), cancellation);
        var middle = before + ((time.GetUtcNow() - before) / 2);
        var there = DateTimeOffset.FromUnixTimeMilliseconds(reply.View["localTime"u8].AsDateTime);
        return Math.Round((there - middle).TotalSeconds, 1);
    }

    private static Fault FaultOf(BackupException failure) => new(failure.Code, failure.Message, failure.Hint);
}
