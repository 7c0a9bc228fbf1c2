using System.Globalization;
using System.Text.Json;
using Backup.Cli.Control;
using Backup.Foundation;
using Backup.Foundation.Contracts;
using Backup.Metadata;
using Backup.MongoWire.Uri;
using Backup.WebUI.Contracts;

namespace Backup.Cli.Appliance;

/// <summary>How a deployment's source is read; running agents take a change up within seconds.</summary>
/// <param name="metadata">The catalogue of everything.</param>
/// <param name="agents">Who works on what.</param>
/// <param name="defaults">What holds where nothing is set; it may change.</param>
/// <param name="time">The clock.</param>
internal sealed class SourceOperations(
    IMetadataStore metadata,
    AgentOperations agents,
    Func<AgentLimits> defaults,
    TimeProvider time
)
{
    private const string Default = "default";
    private const int Megabyte = 1_000_000;

    /// <summary>Of the window, what is left when a warning is due.</summary>
    private const int WarnBelow = 4;

    /// <param name="replicaSet">As users name it; before its agent has found it, the deployment's name or id.</param>
    /// <param name="cancellation">Gives up.</param>
    /// <exception cref="Foundation.Errors.BackupException">9506, 9507.</exception>
    internal async Task<SourceView> ReadAsync(string replicaSet, CancellationToken cancellation) =>
        await ViewAsync(await FindAsync(replicaSet, cancellation), cancellation);

    /// <summary>What the change leaves out stays as it is.</summary>
    /// <exception cref="Foundation.Errors.BackupException">9501, 6015 where a value is out of its range: nothing is changed then.</exception>
    internal async Task<SourceView> ChangeAsync(string replicaSet, SourceChange change, CancellationToken cancellation)
    {
        var deployment = await FindAsync(replicaSet, cancellation);
        var changed = await ChangeAsync(deployment, change, cancellation);
        // What is said of a cluster is meant for each of its sets.
        var all = await metadata.Deployments.ListAsync(cancellation);
        foreach (var member in all.Where(one => one.Cluster?.DeploymentId == deployment.Id && one.IsProtected))
        {
            await ChangeAsync(member, change, cancellation);
        }

        return await ViewAsync(changed, cancellation);
    }

    private async Task<Deployment> ChangeAsync(
        Deployment deployment,
        SourceChange change,
        CancellationToken cancellation
    )
    {
        var source = deployment.Source;
        return await metadata.Deployments.SetSourceAsync(
            deployment.Id,
            source with
            {
                Member = change.Member is { } rule ? RuleOf(rule) : source.Member,
                Cursors = change.Cursors is { } cursors ? (int?)NumberOf("--cursors", cursors) : source.Cursors,
                BytesPerSecond = change.MegabytesPerSecond is { } rate
                    ? (long?)(NumberOf("--mb-per-second", rate) * Megabyte)
                    : source.BytesPerSecond,
                PausedAt = change.Paused switch
                {
                    null => source.PausedAt,
                    true => source.PausedAt ?? time.GetUtcNow(),
                    false => null,
                },
            },
            cancellation
        );
    }

    private async Task<SourceView> ViewAsync(Deployment deployment, CancellationToken cancellation)
    {
        var told = await agents.ActiveReportAsync(deployment.Id, cancellation);
        var sets = await metadata.Deployments.ReplicaSetsAsync(cancellation);
        var syncId = sets.LastOrDefault(set => set.DeploymentId == deployment.Id)?.SyncId;
        var sync = syncId is null ? null : await metadata.Syncs.FindAsync(syncId, cancellation);
        var newest = sync is null ? null : await metadata.OplogSlices.NewestAsync(sync.Id, cancellation);
        return View(deployment, told, sync, newest?.Last);
    }

    /// <param name="glance">In which it is.</param>
    /// <param name="deployment">Of it.</param>
    /// <param name="works">Who works on it.</param>
    internal SourceView View(Glance glance, Deployment deployment, AgentsAtWork works)
    {
        var set = glance.SetsOf(deployment.Id).LastOrDefault();
        var sync = set is null ? null : glance.Syncs[set.Id].FirstOrDefault(one => one.Id == set.SyncId);
        var newest = sync is null ? null : glance.Extents.GetValueOrDefault(sync.Id)?.Last;
        return View(deployment, works.Active.GetValueOrDefault(deployment.Id), sync, newest);
    }

    /// <param name="deployment">Of it.</param>
    /// <param name="told">What whoever works on it last said; null where nobody does.</param>
    /// <param name="sync">Its newest set's; null where there is none.</param>
    /// <param name="newest">The newest stored entry; null where there is none.</param>
    private SourceView View(Deployment deployment, AgentReport? told, SyncRecord? sync, Optime? newest)
    {
        var source = deployment.Source;
        var report = told?.Source is { } json ? JsonSerializer.Deserialize(json, AgentJson.Default.SourceReport) : null;
        var window = report?.Oplog is { } oplog ? Window(oplog, told!.At, sync, newest) : null;
        return new SourceView(
            deployment.Name,
            source.Member,
            source.Cursors ?? defaults().Cursors,
            source.Cursors is not null,
            (source.BytesPerSecond ?? defaults().BytesPerSecond) / (double)Megabyte,
            source.BytesPerSecond is not null,
            source.PausedAt
        )
        {
            ReadFrom = report?.Member,
            Why = report?.Why,
            InForce = report?.Revision == source.Revision,
            Oplog = window,
            Load = report?.Load is { } load
                ? new LoadView(load.BytesPerSecond, load.CommandsPerSecond, load.Cursors, load.Throttled, load.Seconds)
                : null,
            Warning =
                source.PausedAt is not null
                && window is { LeftSeconds: { } left }
                && left * WarnBelow < window.WindowSeconds
                    ? ControlServer.Describe(
                        CliErrors.LongPause(
                            deployment.Name,
                            TimeSpan.FromSeconds(left),
                            TimeSpan.FromSeconds(window.WindowSeconds)
                        )
                    )
                    : null,
        };
    }

    /// <summary>What the agent said of the oplog, against what is stored of it; the time since it said so is gone too.</summary>
    private OplogWindowView Window(OplogWindow oplog, DateTimeOffset at, SyncRecord? sync, Optime? newest)
    {
        if (sync is null or { State: SyncState.Abandoned })
        {
            return new OplogWindowView(oplog.Seconds, null);
        }

        var silence = Math.Max(0, (long)(time.GetUtcNow() - at).TotalSeconds);
        return new OplogWindowView(oplog.Seconds, oplog.SecondsLeft((newest ?? sync.Begin).T) - silence);
    }

    private async Task<Deployment> FindAsync(string name, CancellationToken cancellation)
    {
        var all = await metadata.Deployments.ListAsync(cancellation);
        var sets = await metadata.Deployments.ReplicaSetsAsync(cancellation);
        if (!sets.Any(set => set.Id == name || set.Name == name) && all.FirstOrDefault(IsMeant) is { } found)
        {
            return found;
        }

        var set = await ReplicaSetNames.FindAsync(metadata, name, cancellation);
        return all.First(one => one.Id == set.DeploymentId);

        bool IsMeant(Deployment one) => one.Id == name || one.Name == name;
    }

    private static string RuleOf(string text)
    {
        if (!MemberRule.TryParse(text, out var rule))
        {
            throw CliErrors.Argument($"'{text}' is no rule for the member.", $"It is {MemberRule.Shapes}.");
        }

        if (rule.Kind == MemberRuleKind.Host)
        {
            _ = HostAddress.Parse(rule.Host);
        }

        return rule.Text;
    }

    /// <summary>Null for the default.</summary>
    private static long? NumberOf(string option, string text) =>
        text == Default ? null
        : int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number
        : throw CliErrors.Argument($"'{text}' is no value of {option}.", $"Give a whole number, or '{Default}'.");
}
