using Backup.Metadata;
using Backup.Metadata.Alerting;
using Backup.WebUI.Access;
using Backup.WebUI.Contracts;
using Backup.WebUI.Desks;
using Backup.WebUI.Frame;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace Backup.WebUI.Resources;

/// <summary>What Prometheus scrapes: of the groups that the caller may see, and of the store that all share.</summary>
/// <param name="overviews">What the first pages show.</param>
/// <param name="metadata">Alerts and groups.</param>
/// <param name="desks">How long the oplogs are.</param>
/// <param name="time">The clock.</param>
internal sealed class MetricsRoutes(
    SharedOverviews overviews,
    IMetadataStore metadata,
    ApiDesks desks,
    TimeProvider time
)
{
    public const string Path = "/metrics";

    /// <summary>Of the overviews: a scrape need not be newer.</summary>
    private static readonly TimeSpan MayBe = TimeSpan.FromSeconds(2);

    private static readonly TimeSpan Silence = TimeSpan.FromSeconds(30);

    /// <summary>Minutes; samples come once a minute.</summary>
    private const int NewestSamples = 5;

    private readonly DateTimeOffset _startedAt = time.GetUtcNow();

    public void Map(IEndpointRouteBuilder routes) =>
        routes.MapGet(Path, ScrapeAsync).WithSummary("Metrics in Prometheus' text format").SignedIn();

    private async Task<IResult> ScrapeAsync(Caller caller, CancellationToken cancellation) =>
        Results.Text(
            (await GatherAsync(caller.GroupsWith(Permission.See), cancellation)).ToString(),
            PrometheusText.MediaType
        );

    /// <summary>Of all groups.</summary>
    public async Task<PrometheusText> AllAsync(CancellationToken cancellation)
    {
        var groups = await metadata.Access.GroupsAsync(cancellation);
        return await GatherAsync(groups.Select(static one => one.Id).ToHashSet(StringComparer.Ordinal), cancellation);
    }

    private async Task<PrometheusText> GatherAsync(IReadOnlySet<string> groups, CancellationToken cancellation)
    {
        var text = new PrometheusText();
        StorageView? store = null;
        var names = (await metadata.Access.GroupsAsync(cancellation)).ToDictionary(static one => one.Id);
        foreach (var id in groups.Order(StringComparer.Ordinal))
        {
            var overview = await overviews.OfAsync(id, MayBe, cancellation);
            store = overview.Store ?? store;
            await AddGroupAsync(text, names[id].Name, overview, cancellation);
        }

        await AddAlertsAsync(text, groups, cancellation);
        if (store is not null)
        {
            AddStore(text, store);
        }

        AddProcess(text);
        return text;
    }

    private async Task AddGroupAsync(
        PrometheusText text,
        string group,
        OverviewView overview,
        CancellationToken cancellation
    )
    {
        foreach (var card in overview.Deployments.Where(static one => one.Deployment.RemovedAt is null))
        {
            await AddDeploymentAsync(text, group, card, cancellation);
        }

        var now = time.GetUtcNow();
        var (live, revoked) = (
            overview.Agents.Where(static one => !one.Revoked).ToList(),
            overview.Agents.Count(static one => one.Revoked)
        );
        var connected = live.Count(one => one.LastSeenAt is { } at && now - at < Silence);
        foreach (
            var (state, count) in new[]
            {
                ("connected", connected),
                ("silent", live.Count - connected),
                ("revoked", revoked),
            }
        )
        {
            text.Gauge(
                "backup_agents",
                "Agents of the group; silent: nothing was heard of it for 30 s.",
                count,
                ("group", group),
                ("state", state)
            );
        }
    }

    private async Task AddDeploymentAsync(
        PrometheusText text,
        string group,
        DeploymentCardView card,
        CancellationToken cancellation
    )
    {
        (string, string)[] labels = [("group", group), ("deployment", card.Deployment.Name)];
        foreach (var set in card.Deployment.ReplicaSets)
        {
            (string, string)[] ofSet = [.. labels, ("replica_set", set.Name)];
            text.Gauge(
                "backup_oplog_lag_seconds",
                "How far the head is behind the source; silence of the agent counts.",
                set.SourceSeenAt is null ? null : set.LagSeconds,
                ofSet
            );
            text.Gauge(
                "backup_head_state",
                "1 for the state that the head is in.",
                1,
                [.. ofSet, ("state", set.State)]
            );
        }

        text.Gauge(
            "backup_last_snapshot_timestamp_seconds",
            "When the newest good snapshot was made.",
            card.LastSnapshot?.CreatedAt.ToUnixTimeSeconds(),
            labels
        );
        text.Gauge(
            "backup_restorable_from_timestamp_seconds",
            "The oldest moment that can be restored.",
            card.From?.ToUnixTimeSeconds(),
            labels
        );
        text.Gauge(
            "backup_restorable_to_timestamp_seconds",
            "The newest moment that can be restored.",
            card.To?.ToUnixTimeSeconds(),
            labels
        );
        text.Gauge(
            "backup_deployment_safe",
            "1 where nothing is wrong with the deployment's backup, 0 otherwise.",
            card.Level == "ok" ? 1 : 0,
            labels
        );
        var samples = await desks.Agents.MonitoringAsync(
            card.Deployment.Id,
            NewestSamples,
            NewestSamples,
            cancellation
        );
        text.Gauge(
            "backup_oplog_window_seconds",
            "From the oldest to the newest entry of the source's oplog.",
            samples.Count > 0 ? samples[^1].Oplog?.WindowSeconds : null,
            labels
        );
    }

    private async Task AddAlertsAsync(PrometheusText text, IReadOnlySet<string> groups, CancellationToken cancellation)
    {
        var open = (await metadata.Alerts.ListAsync(cancellation: cancellation)).Where(one =>
            one.GroupId is null || groups.Contains(one.GroupId)
        );
        var counts = open.ToLookup(static one => one.Severity);
        foreach (var severity in Enum.GetValues<AlertSeverity>())
        {
            text.Gauge(
                "backup_alerts_open",
                "Open alerts, of these groups and of the appliance.",
                counts[severity].Count(),
                ("severity", severity.ToString().ToLowerInvariant())
            );
        }
    }

    private static void AddStore(PrometheusText text, StorageView store)
    {
        const string bytes = "Bytes of the store: stored, compressed; logical, if each snapshot were a copy.";
        text.Gauge("backup_store_bytes", bytes, store.StoredBytes, ("state", "stored"));
        text.Gauge("backup_store_bytes", bytes, store.SnapshotBytes, ("state", "logical"));
        text.Gauge("backup_store_blocks", "Different blocks.", store.Blocks);
        text.Gauge("backup_snapshots", "Snapshots of all groups.", store.Snapshots);
        text.Gauge(
            "backup_dedup_ratio",
            "How much smaller the store is than copies would be.",
            store.StoredBytes > 0 ? (double)store.SnapshotBytes / store.StoredBytes : null
        );
        if (store.Space is { } space)
        {
            AddGroom(text, space);
        }

        const string disk = "Bytes of the disk that the store is on.";
        text.Gauge("backup_disk_bytes", disk, store.DiskBytes, ("state", "total"));
        text.Gauge("backup_disk_bytes", disk, store.FreeBytes, ("state", "free"));
    }

    private static void AddGroom(PrometheusText text, SpaceView space)
    {
        text.Gauge(
            "backup_groom_last_timestamp_seconds",
            "When the last groom of the store ended, well or not.",
            space.At.ToUnixTimeSeconds()
        );
        text.Gauge(
            "backup_groom_last_success_timestamp_seconds",
            "When a groom last came to its end that gives room back.",
            space.GroomedAt?.ToUnixTimeSeconds()
        );
        text.Gauge("backup_groom_failed", "1 where the last groom failed, 0 otherwise.", space.Error is null ? 0 : 1);
        if (space.CountedAt is null)
        {
            return;
        }

        text.Gauge("backup_groom_duration_seconds", "How long the last groom took.", space.Seconds);
        text.Gauge("backup_groom_reclaimed_bytes", "What the last groom gave back.", space.FreedBytes);
        text.Gauge(
            "backup_groom_reclaimable_bytes",
            "What the next groom would give back, as far as the last one knew.",
            space.ReclaimableBytes
        );
        const string blocks = "Bytes of blocks as the last groom counted: needed, needed by nobody, perhaps in work.";
        text.Gauge("backup_groom_blocks_bytes", blocks, space.LiveBytes, ("state", "live"));
        text.Gauge("backup_groom_blocks_bytes", blocks, space.DeadBytes, ("state", "dead"));
        text.Gauge("backup_groom_blocks_bytes", blocks, space.HeldBytes, ("state", "held"));
    }

    private void AddProcess(PrometheusText text)
    {
        using var process = System.Diagnostics.Process.GetCurrentProcess();
        text.Gauge("process_start_time_seconds", "When the process started.", _startedAt.ToUnixTimeSeconds());
        text.Gauge("process_resident_memory_bytes", "Resident memory.", process.WorkingSet64);
        text.Counter(
            "process_cpu_seconds_total",
            "Processor time, of user and system.",
            process.TotalProcessorTime.TotalSeconds
        );
    }
}
