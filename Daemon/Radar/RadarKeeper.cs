using Backup.Daemon.Heads;
using Backup.Foundation;
using Backup.Foundation.Errors;
using Backup.Metadata;
using Backup.Metadata.Alerting;
using Microsoft.Extensions.Logging;

namespace Backup.Daemon.Radar;

/// <summary>
/// The radar of one head: what it learns is stored just before each checkpoint, so that what is read again after a crash is counted once; what it notices is
/// recorded, and the moment before it is kept. Whatever fails here keeps no head from following: it is tried again.
/// </summary>
internal sealed partial class RadarKeeper
{
    /// <summary>While a burst goes on, it is told of this often.</summary>
    private static readonly TimeSpan Told = TimeSpan.FromSeconds(5);

    private readonly HeadServices _services;
    private readonly string _replicaSetId;
    private readonly CleanSeconds _seconds;
    private readonly List<BurstSighting> _unrecorded = [];
    private readonly List<BurstRecord> _unheld = [];
    private Deployment? _deployment;
    private DateTimeOffset _toldAt = DateTimeOffset.MinValue;

    private RadarKeeper(HeadServices services, string replicaSetId, RateRadar radar)
    {
        (_services, _replicaSetId, Radar) = (services, replicaSetId, radar);
        _seconds = new CleanSeconds(services.Metadata, services.Blocks);
    }

    internal RateRadar Radar { get; }

    /// <param name="services">What heads work with.</param>
    /// <param name="replicaSetId">Whose.</param>
    /// <param name="aboutDocuments">How many documents a collection of the head has.</param>
    /// <param name="cancellation">Gives up.</param>
    internal static async Task<RadarKeeper> OpenAsync(
        HeadServices services,
        string replicaSetId,
        Func<Guid, long> aboutDocuments,
        CancellationToken cancellation
    )
    {
        var radar = new RateRadar(replicaSetId, aboutDocuments);
        radar.Load(
            await services.Metadata.Radar.FindAsync(replicaSetId, cancellation),
            await services.Metadata.Radar.RatesAsync(replicaSetId, cancellation)
        );
        var keeper = new RadarKeeper(services, replicaSetId, radar);
        await keeper.FindUnheldAsync(cancellation);
        return keeper;
    }

    /// <summary>Records what was noticed, and keeps the moments before it.</summary>
    internal async Task StepAsync(CancellationToken cancellation)
    {
        var now = _services.Time.GetUtcNow();
        Radar.Settle();
        var isPending = _unrecorded.Count > 0 || _unheld.Count > 0;
        if (!isPending && (!Radar.IsNoticed || now - _toldAt < Told))
        {
            return;
        }

        try
        {
            if (await LeastAsync(cancellation) is { } least)
            {
                _unrecorded.AddRange(Radar.TakeSightings(_deployment!.Id, least));
            }

            _toldAt = now;
            await RecordAsync(now, cancellation);
            await HoldAsync(cancellation);
        }
        catch (BackupException failure)
        {
            LogNotRecorded(_services.Logger, _replicaSetId, failure);
        }
    }

    /// <summary>Before the head's checkpoint is stored.</summary>
    internal async Task SaveAsync(Optime through, CancellationToken cancellation)
    {
        try
        {
            var (radar, changed, forgotten) = Radar.Describe(through);
            await _services.Metadata.Radar.SaveAsync(radar, changed, forgotten, cancellation);
            Radar.Stored();
        }
        catch (BackupException failure)
        {
            LogNotSaved(_services.Logger, _replicaSetId, failure);
        }
    }

    private async Task RecordAsync(DateTimeOffset now, CancellationToken cancellation)
    {
        while (_unrecorded.Count > 0)
        {
            var kept = await RadarSettings.KeptAsync(_services.Metadata.Settings, cancellation);
            var burst = await _services.Metadata.Radar.RecordAsync(_unrecorded[0], now + kept, cancellation);
            LogBurst(_services.Logger, burst.Namespace, _deployment?.Name, burst.Documents, burst.First);
            _unrecorded.RemoveAt(0);
            _unheld.RemoveAll(one => one.Id == burst.Id);
            _unheld.Add(burst);
        }
    }

    private async Task HoldAsync(CancellationToken cancellation)
    {
        while (_unheld.Count > 0)
        {
            await _seconds.HoldAsync(_unheld[0], cancellation);
            _unheld.RemoveAt(0);
        }
    }

    /// <summary>Those that a crash kept from being held.</summary>
    private async Task FindUnheldAsync(CancellationToken cancellation)
    {
        var open = await _services.Metadata.Radar.OpenAsync(cancellation);
        if (open.Count > 0 && await FindDeploymentAsync(cancellation) is { } deployment)
        {
            _unheld.AddRange(open.Where(one => one.DeploymentId == deployment.Id && one.HeldSets == 0));
        }
    }

    /// <summary>The factor past which somebody wants to hear of it; null: nobody does.</summary>
    private async Task<double?> LeastAsync(CancellationToken cancellation)
    {
        if (await FindDeploymentAsync(cancellation) is not { } deployment)
        {
            return null;
        }

        var rules = (await _services.Metadata.AlertRules.ListAsync(cancellation))
            .Where(one => one.Condition == MassChange.Condition && one.GroupId == deployment.GroupId)
            .ToList();
        var rule =
            rules.Find(one => one.DeploymentId == deployment.Id) ?? rules.Find(static one => one.DeploymentId is null);
        return rule is null ? MassChange.Warning
            : rule.IsOn ? Math.Min(rule.Warning ?? MassChange.Warning, rule.Critical ?? MassChange.Critical)
            : null;
    }

    /// <summary>The one that users know: of a shard its cluster.</summary>
    private async Task<Deployment?> FindDeploymentAsync(CancellationToken cancellation)
    {
        if (_deployment is null)
        {
            var deployments = _services.Metadata.Deployments;
            var set = await deployments.FindReplicaSetAsync(_replicaSetId, cancellation);
            var own = set is null ? null : await deployments.FindAsync(set.DeploymentId, cancellation);
            _deployment = own?.Cluster is { } cluster
                ? await deployments.FindAsync(cluster.DeploymentId, cancellation)
                : own;
        }

        return _deployment;
    }

    [LoggerMessage(
        70,
        LogLevel.Warning,
        "About {Documents} documents of {Namespace} of {Deployment} went or were changed from {First} on: more than is usual"
    )]
    private static partial void LogBurst(
        ILogger logger,
        string @namespace,
        string? deployment,
        long documents,
        Optime first
    );

    [LoggerMessage(
        71,
        LogLevel.Warning,
        "What the radar of {ReplicaSet} noticed could not be recorded; it is tried again"
    )]
    private static partial void LogNotRecorded(ILogger logger, string replicaSet, Exception failure);

    [LoggerMessage(
        72,
        LogLevel.Warning,
        "What the radar of {ReplicaSet} learnt could not be stored; it is tried again"
    )]
    private static partial void LogNotSaved(ILogger logger, string replicaSet, Exception failure);
}
