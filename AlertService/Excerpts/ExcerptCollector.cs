using Backup.Foundation.Contracts;
using Backup.Metadata;
using Backup.Metadata.Alerting;
using Microsoft.Extensions.Logging;

namespace Backup.AlertService.Excerpts;

/// <summary>
/// Asks for the logs and the slow operations of a source's servers when an alert opens that a rule names, and keeps them with it. Of queries the shape alone is asked
/// for, whatever people may be shown: what is kept is seen by everybody who may look after alerts.
/// </summary>
/// <param name="metadata">Rules, alerts, requests and what is collected.</param>
/// <param name="time">The clock.</param>
/// <param name="logger">What was collected.</param>
internal sealed class ExcerptCollector(IMetadataStore metadata, TimeProvider time, ILogger logger)
{
    /// <summary>What was logged so long before an alert began belongs to it.</summary>
    internal static readonly TimeSpan Before = TimeSpan.FromMinutes(5);

    /// <summary>Whoever does not answer is asked again for so long after the alert began.</summary>
    internal static readonly TimeSpan Tried = TimeSpan.FromMinutes(5);

    /// <summary>Of what began longer ago the servers' logs say nothing any more.</summary>
    internal static readonly TimeSpan Fresh = TimeSpan.FromMinutes(10);

    /// <summary>So long somebody who asks the same servers is let go first.</summary>
    private static readonly TimeSpan Courtesy = TimeSpan.FromMinutes(1);

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(50);

    private const int LookedAtAlerts = 1000;

    private const int AtOnce = 8;

    public async Task RoundAsync(CancellationToken cancellation)
    {
        var book = new ExcerptBook(await metadata.AlertExcerpts.RulesAsync(cancellation));
        if (book.IsEmpty)
        {
            return;
        }

        var now = time.GetUtcNow();
        var fresh = (await metadata.Alerts.ListAsync(onlyOpen: false, LookedAtAlerts, cancellation))
            .Where(one => one.DeploymentId is not null && now - one.Since < Fresh)
            .ToList();
        var has = await metadata.AlertExcerpts.OfAsync([.. fresh.Select(static one => one.Id)], cancellation);
        var deployments = (await metadata.Deployments.ListAsync(cancellation))
            .Where(static one => one is { IsProtected: true, Type: DeploymentTypes.ReplicaSet })
            .ToDictionary(static one => one.Id);
        var wanted = fresh
            .Where(one => !has.Contains(one.Id) && deployments.ContainsKey(one.DeploymentId!))
            .Select(one => (Alert: one, Rule: book.Of(deployments[one.DeploymentId!], one.Condition)))
            .Where(static one => one.Rule is not null)
            .GroupBy(static one => one.Alert.DeploymentId!)
            .ToList();
        await Parallel.ForEachAsync(
            wanted,
            new ParallelOptions { MaxDegreeOfParallelism = AtOnce, CancellationToken = cancellation },
            async (one, stop) =>
                await CollectAsync(
                    deployments[one.Key],
                    one.First().Rule!,
                    [.. one.Select(static each => each.Alert)],
                    stop
                )
        );
    }

    /// <summary>One look serves all alerts of the deployment that wait for one.</summary>
    private async Task CollectAsync(
        Deployment deployment,
        ExcerptRule rule,
        IReadOnlyList<AlertRecord> alerts,
        CancellationToken cancellation
    )
    {
        var now = time.GetUtcNow();
        var newest = await metadata.HostRequests.FindAsync(deployment.Id, cancellation);
        if (newest is { Answer: null } && now - newest.AskedAt < Courtesy)
        {
            return;
        }

        var back = now - alerts.Min(static one => one.Since) + Before;
        var look = new HostLook(
            Host: null,
            rule.Lines,
            rule.Severity,
            rule.SlowMilliseconds,
            ShowsValues: false,
            (long)Math.Ceiling(back.TotalSeconds)
        );
        var answer = await metadata.AskHostsAsync(
            deployment.Id,
            new HostRequest("", look),
            Patience,
            time,
            cancellation
        );
        now = time.GetUtcNow();
        foreach (var alert in alerts)
        {
            if (answer is { Fault: null } || now - alert.Since >= Tried)
            {
                await KeepAsync(alert, answer ?? Nothing(deployment), now, cancellation);
            }
        }
    }

    private async Task KeepAsync(
        AlertRecord alert,
        HostAnswer answer,
        DateTimeOffset now,
        CancellationToken cancellation
    )
    {
        if (await metadata.AlertExcerpts.AddAsync(ExcerptContent.Make(alert.Id, answer, now), cancellation))
        {
            AlertLog.Collected(logger, alert.Condition, alert.SubjectName, answer.Hosts.Count);
        }
    }

    private static HostAnswer Nothing(Deployment deployment)
    {
        var cause = AlertServiceErrors.Uncollected(deployment.Name, Tried);
        return new HostAnswer("", [], Fault: new Fault(cause.Code, cause.Message, cause.Hint));
    }
}
