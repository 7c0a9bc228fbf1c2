using System.Text.Json;
using Backup.Foundation.Compression;
using Backup.Foundation.Contracts;
using Backup.Metadata;

namespace Backup.AlertService.Watch;

/// <summary>Reads what conditions are judged by. What costs something and does not change between rounds is remembered.</summary>
/// <param name="metadata">The catalogue of everything.</param>
/// <param name="appliance">What is not in it.</param>
/// <param name="time">The clock.</param>
/// <param name="link">The web interface; null: there is none to link to.</param>
internal sealed class FactsReader(
    IMetadataStore metadata,
    Func<CancellationToken, Task<ApplianceFacts>> appliance,
    TimeProvider time,
    Uri? link = null
)
{
    /// <summary>Of a deployment, in some minutes.</summary>
    private const int LookedAtEvents = 100;

    private readonly Dictionary<string, SampleFacts> _samples = new(StringComparer.Ordinal);
    private readonly DateTimeOffset _since = time.GetUtcNow();
    private readonly KeeperWatch _keepers = new(time);
    private readonly JobsReader _jobs = new(metadata);
    private readonly DiskHistory _disks = new(metadata.Settings);

    public async Task<Facts> ReadAsync(CancellationToken cancellation)
    {
        var now = time.GetUtcNow();
        var all = (await metadata.Deployments.ListAsync(cancellation)).Where(static one => one.IsProtected).ToList();
        var deployments = all.ToDictionary(static one => one.Id);
        var around = await appliance(cancellation);
        var sets = await SetsAsync(deployments, cancellation);
        return new Facts(
            now,
            _since,
            all,
            sets,
            await ClustersAsync(all, cancellation),
            [
                .. (await metadata.Deployments.AgentReportsAsync(cancellation)).Where(one =>
                    deployments.ContainsKey(one.DeploymentId)
                ),
            ],
            [.. (await metadata.Access.AgentsAsync(cancellation)).Where(static one => !one.Revoked)],
            await SamplesAsync(deployments, cancellation),
            await _jobs.ReadAsync(
                [
                    .. sets.Select(static one => one.Record.Id),
                    .. all.Where(static one => one.Type == DeploymentTypes.ShardedCluster).Select(static one => one.Id),
                ],
                cancellation
            ),
            await metadata.People.Users.ListAsync(cancellation),
            await metadata.AlertChannels.ListAsync(cancellation),
            around,
            await _disks.ForecastAsync(around.Disks, now, cancellation)
        )
        {
            Bursts = await metadata.Radar.OpenAsync(cancellation),
            Keepers = _keepers.Look(
                await metadata.Daemons.ListAsync(cancellation),
                await metadata.HeadLeases.ListAsync(cancellation),
                [.. sets.Select(static one => one.Record.Id)]
            ),
            Link = link,
        };
    }

    private async Task<IReadOnlyList<SetFacts>> SetsAsync(
        Dictionary<string, Deployment> deployments,
        CancellationToken cancellation
    )
    {
        var newest = (await metadata.Snapshots.NewestAsync(cancellation)).ToDictionary(static one => one.ReplicaSetId);
        var found = new List<SetFacts>();
        foreach (var set in await metadata.Deployments.ReplicaSetsAsync(cancellation))
        {
            if (!deployments.TryGetValue(set.DeploymentId, out var deployment))
            {
                continue;
            }

            found.Add(
                new SetFacts(
                    deployment,
                    set,
                    await metadata.Deployments.PolicyAsync(deployment.Cluster?.DeploymentId ?? set.Id, cancellation),
                    newest.GetValueOrDefault(set.Id),
                    await metadata.Heads.FindAsync(set.Id, cancellation),
                    set.SyncId is { } sync ? (await metadata.OplogSlices.NewestAsync(sync, cancellation))?.Last : null,
                    await metadata.OplogSlices.HolesAsync(set.Id, cancellation)
                )
            );
        }

        return found;
    }

    private async Task<IReadOnlyList<ClusterFacts>> ClustersAsync(
        List<Deployment> deployments,
        CancellationToken cancellation
    )
    {
        var cuts = (await metadata.Clusters.NewestSnapshotsAsync(cancellation)).ToDictionary(static one =>
            one.ClusterId
        );
        var debts = (await metadata.Clusters.ListAsync(cancellation))
            .Where(static one => one.Debt is not null)
            .ToDictionary(static one => one.DeploymentId, static one => one.Debt);
        var found = new List<ClusterFacts>();
        foreach (var one in deployments.Where(static one => one.Type == DeploymentTypes.ShardedCluster))
        {
            var policy = await metadata.Deployments.PolicyAsync(one.Id, cancellation);
            var debt = debts.GetValueOrDefault(one.Id);
            found.Add(
                new ClusterFacts(one, policy, cuts.GetValueOrDefault(one.Id))
                {
                    Debt = debt,
                    Cut = debt is null ? null : (await metadata.Clusters.OpenCutAsync(one.Id, cancellation))?.State,
                }
            );
        }

        return found;
    }

    private async Task<IReadOnlyList<SampleFacts>> SamplesAsync(
        Dictionary<string, Deployment> deployments,
        CancellationToken cancellation
    )
    {
        var found = new List<SampleFacts>();
        foreach (var record in await metadata.Monitoring.NewestAsync(cancellation))
        {
            if (!deployments.TryGetValue(record.DeploymentId, out var deployment))
            {
                _samples.Remove(record.DeploymentId);
                continue;
            }

            if (!_samples.TryGetValue(record.DeploymentId, out var known) || known.At != record.At)
            {
                var sample = Read(record);
                var election = await ElectionAsync(record, cancellation);
                var rolls = known is not null && (known.Rolls || known.Sample.Oplog?.First != sample.Oplog?.First);
                known = new SampleFacts(deployment, record.At, sample, rolls) { Election = election };
            }

            found.Add(_samples[record.DeploymentId] = known with { Deployment = deployment });
        }

        return found;
    }

    private async Task<HostEventRecord?> ElectionAsync(MonitoringRecord sample, CancellationToken cancellation)
    {
        var events = await metadata.Monitoring.EventsAsync(
            sample.DeploymentId,
            sample.At - HostProbes.ElectionShown,
            // What came with the sample is of its minute.
            sample.At.AddMinutes(2),
            LookedAtEvents,
            cancellation
        );
        return events.FirstOrDefault(static one => one.Kind is HostEventKind.BecamePrimary or HostEventKind.Elected);
    }

    private static MonitoringSample Read(MonitoringRecord record)
    {
        var raw = new byte[record.RawLength];
        Zstd.Decompress(record.Content, raw);
        return JsonSerializer.Deserialize(raw, AgentJson.Default.MonitoringSample)!;
    }
}
