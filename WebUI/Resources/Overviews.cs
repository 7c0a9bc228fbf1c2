using System.Globalization;
using Backup.Foundation;
using Backup.Foundation.Errors;
using Backup.Metadata;
using Backup.Metadata.Alerting;
using Backup.WebUI.Contracts;
using Backup.WebUI.Desks;

namespace Backup.WebUI.Resources;

/// <summary>Answers, of a group: am I safe, up to which second, and what needs somebody?</summary>
internal sealed class Overviews(IMetadataStore metadata, GroupThings things, ApiDesks desks, TimeProvider time)
{
    public const string Ok = "ok";
    public const string Warning = "warning";
    public const string Bad = "bad";
    public const string None = "none";

    private const int ShownDays = 30;
    private const int MostAlerts = 200;

    /// <summary>From then on the newest second that can be restored is so old that somebody should know.</summary>
    private static readonly TimeSpan LateAfter = TimeSpan.FromMinutes(10);

    private static readonly TimeSpan BadAfter = TimeSpan.FromMinutes(75);

    public async Task<OverviewView> OfAsync(string group, CancellationToken cancellation)
    {
        var now = time.GetUtcNow();
        var deployments = (await things.DeploymentsAsync(group, cancellation)).ToDictionary(static one => one.Id);
        // The sets of a cluster are shown with it: they are restored as one.
        var subjects = await things.SubjectsAsync(
            deployments.Values.Where(static one => one.Cluster is null),
            cancellation
        );
        var (status, holdings) = await desks.Status.BoardAsync([.. subjects.Values], cancellation);
        var cards = status
            .Deployments.Where(one => deployments.ContainsKey(one.Id) && one.PartOf is null)
            .Select(one =>
                subjects.TryGetValue(one.Id, out var subject) && holdings.TryGetValue(subject, out var held)
                    ? Card(one, subject, held, now)
                    : Waiting(one)
            )
            .ToList();

        var ours = (await metadata.Access.AgentsAsync(cancellation))
            .Where(one => one.GroupId == group)
            .Select(static one => one.Id)
            .ToHashSet();
        var open = new AlertQuery(group, MostAlerts) { WithAppliance = true, OnlyOpen = true };
        // All who may see the group get the same overview: what names accounts is not for all of them.
        var alerts = (await metadata.Alerts.FindAsync(open, cancellation))
            .Where(static one => !one.IsOfAccounts)
            .ToList();
        var attention = Attention.Of(status.Errors, cards, alerts, deployments);
        return new OverviewView(
            SentenceOf(cards, attention, now),
            attention,
            [
                .. cards
                    .OrderBy(static one => one.Deployment.RemovedAt is not null)
                    .ThenBy(static one => one.Deployment.Name, StringComparer.Ordinal),
            ],
            [.. status.Agents.Where(one => ours.Contains(one.Id))],
            await StoreAsync(cancellation),
            now
        )
        {
            LastProof = await desks.Reports.LastProofAsync(group, cancellation),
        };
    }

    private static DeploymentCardView Waiting(DeploymentView view) =>
        new(view, view.Error is null ? None : Bad, "waiting for an agent", null, null, null, null, null, [], 0);

    private static DeploymentCardView Card(DeploymentView view, string subject, HoldingsView held, DateTimeOffset now)
    {
        var ranges = held.Ranges;
        var last = SnapshotEntries.NewestOf(held);
        var to = ranges.Ranges is [.., var newest] ? Instant(newest.To.Optime) : (DateTimeOffset?)null;
        var from = ranges.Ranges is [var oldest, ..] ? Instant(oldest.From.Optime) : (DateTimeOffset?)null;
        // A gap of one collection is told on its own: every other one can be restored through it.
        var gaps = ranges.Gaps.Count(static one => one.Collection is null);
        var (level, summary) = LevelOf(view, last, to, gaps, now);
        return new DeploymentCardView(
            view,
            level,
            summary,
            subject,
            last,
            from,
            to,
            ranges with
            {
                Cuts = null,
            },
            DaysOf(held.Taken, now),
            held.NewBytes
        );
    }

    private static List<DayView> DaysOf(IReadOnlyList<DateTimeOffset> taken, DateTimeOffset now)
    {
        var counts = taken.CountBy(static one => DateOnly.FromDateTime(one.UtcDateTime)).ToDictionary();
        var today = DateOnly.FromDateTime(now.UtcDateTime);
        return
        [
            .. Enumerable
                .Range(0, ShownDays)
                .Select(back => today.AddDays(back - ShownDays + 1))
                .Select(day => new DayView(day, counts.GetValueOrDefault(day))),
        ];
    }

    /// <summary>Null while it is being opened again after a failed write: the rest is told all the same.</summary>
    private async Task<StorageView?> StoreAsync(CancellationToken cancellation)
    {
        try
        {
            return await desks.Storage.StorageAsync(cancellation);
        }
        catch (BackupException)
        {
            return null;
        }
    }

    private static (string Level, string Summary) LevelOf(
        DeploymentView view,
        SnapshotEntryView? last,
        DateTimeOffset? to,
        int gaps,
        DateTimeOffset now
    )
    {
        if (view.RemovedAt is not null)
        {
            return (None, "no longer protected");
        }

        if (view.Error is not null || view.ReplicaSets.Any(static one => one.Error is not null))
        {
            return (Bad, "stopped");
        }

        if (view.ReplicaSets.Any(static one => one.Sync is not null) && to is null)
        {
            return (None, "initial sync");
        }

        var lag = view.Cluster is { } cluster
            ? cluster.Members.Select(static one => one.LagSeconds).DefaultIfEmpty(0).Max()
            : view.ReplicaSets.Select(static one => one.LagSeconds).DefaultIfEmpty(0).Max();
        return lag switch
        {
            _ when to is null && last is null => (None, "nothing can be restored yet"),
            _ when lag > BadAfter.TotalSeconds => (Bad, "far behind"),
            _ when view.Source?.PausedAt is not null => (Warning, "paused"),
            _ when lag > LateAfter.TotalSeconds => (Warning, "behind"),
            _ when view.Source?.Warning is not null => (Warning, "needs attention"),
            _ when gaps > 0 => (Warning, "gaps in the window"),
            _ => (Ok, "safe"),
        };
    }

    private static SentenceView SentenceOf(
        List<DeploymentCardView> cards,
        List<AttentionView> attention,
        DateTimeOffset now
    )
    {
        var alive = cards.Where(static one => one.Deployment.RemovedAt is null).ToList();
        if (alive.Count == 0)
        {
            return new SentenceView(None, "Nothing is protected yet.");
        }

        var bad = alive.Count(static one => one.Level == Bad);
        if (bad > 0 || attention.Exists(static one => one.Level == Bad))
        {
            return new SentenceView(
                Bad,
                bad > 0
                    ? $"{Count(bad, "deployment is", "deployments are")} not backed up as it should be."
                    : "Something needs you now."
            );
        }

        var yet = alive.Count(static one => one.Level == None);
        if (yet > 0)
        {
            return new SentenceView(
                yet == alive.Count ? None : Warning,
                yet == alive.Count
                    ? "The first copy is being made."
                    : $"{Count(yet, "deployment is", "deployments are")} not protected yet."
            );
        }

        var least = alive.Min(static one => one.To);
        var until = least is { } second ? Ago(now - second) : "";
        return alive.Exists(static one => one.Level == Warning)
            ? new SentenceView(Warning, $"Everything is backed up{until}, but something needs attention.")
            : new SentenceView(Ok, $"Everything is backed up{until}.");
    }

    private static string Count(int count, string one, string several) =>
        string.Create(CultureInfo.InvariantCulture, $"{count} {(count == 1 ? one : several)}");

    private static string Ago(TimeSpan past) =>
        past < TimeSpan.FromSeconds(10) ? ", up to this moment"
        : past < TimeSpan.FromMinutes(2)
            ? string.Create(CultureInfo.InvariantCulture, $", up to {(int)past.TotalSeconds} seconds ago")
        : string.Create(CultureInfo.InvariantCulture, $", up to {(int)past.TotalMinutes} minutes ago");

    private static DateTimeOffset Instant(OptimeView optime) => new Optime(optime.T, optime.I).WallClock;
}
