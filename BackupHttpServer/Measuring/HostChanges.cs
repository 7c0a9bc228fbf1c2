using System.Globalization;
using Backup.Foundation.Contracts;
using Backup.Metadata;

namespace Backup.BackupHttpServer.Measuring;

/// <summary>What happened to members between two samples of a source.</summary>
internal static class HostChanges
{
    private const string Primary = "PRIMARY";

    /// <summary>More than a set has members: what an agent sends is bounded.</summary>
    private const int Most = 200;

    /// <param name="deploymentId">Whose.</param>
    /// <param name="before">The sample before; null: nothing is known to have happened.</param>
    /// <param name="now">The one that came.</param>
    /// <param name="at">When it came.</param>
    public static IReadOnlyList<HostEventRecord> Between(
        string deploymentId,
        MonitoringSample? before,
        MonitoringSample now,
        DateTimeOffset at
    ) =>
        before is null || now.Members.Count == 0 || before.Members.Count == 0
            ? []
            :
            [
                .. Elections(before, now)
                    .Concat(now.Members.SelectMany(one => OfMember(before, one)))
                    .Concat(
                        before
                            .Members.Where(one => Find(now, one.Name) is null)
                            .Select(static one =>
                                (Kind: HostEventKind.Removed, Host: one.Name, Before: one.State, Now: "")
                            )
                    )
                    .Concat(now.Hosts.SelectMany(one => OfHost(before, one)))
                    .Take(Most)
                    .Select(one => new HostEventRecord(deploymentId, at, one.Kind, one.Host, one.Before, one.Now)),
            ];

    /// <summary>Counters begin anew then.</summary>
    public static bool IsRestart(HostSample before, HostSample now) => now.UptimeSeconds < before.UptimeSeconds;

    private static IEnumerable<(HostEventKind Kind, string Host, string Before, string Now)> Elections(
        MonitoringSample before,
        MonitoringSample now
    )
    {
        var (was, isNow) = (PrimaryOf(before), PrimaryOf(now));
        if (isNow is not null && was != isNow)
        {
            yield return (HostEventKind.BecamePrimary, isNow, was ?? "", isNow);
        }
        else if (isNow is null && was is not null)
        {
            yield return (HostEventKind.NoPrimary, was, was, "");
        }
        else if (isNow is not null && TermOf(now) > TermOf(before) && TermOf(before) >= 0)
        {
            yield return (HostEventKind.Elected, isNow, Text(TermOf(before)), Text(TermOf(now)));
        }
    }

    private static IEnumerable<(HostEventKind Kind, string Host, string Before, string Now)> OfMember(
        MonitoringSample before,
        MemberSample now
    )
    {
        if (Find(before, now.Name) is not { } was)
        {
            yield return (HostEventKind.Added, now.Name, "", now.State);
        }
        else if (was.Healthy != now.Healthy)
        {
            yield return (now.Healthy ? HostEventKind.Up : HostEventKind.Down, now.Name, was.State, now.State);
        }
        else if (was.State != now.State && now.State != Primary)
        {
            yield return (HostEventKind.Role, now.Name, was.State, now.State);
        }
    }

    private static IEnumerable<(HostEventKind Kind, string Host, string Before, string Now)> OfHost(
        MonitoringSample before,
        HostSample now
    )
    {
        if (before.Hosts.FirstOrDefault(one => one.Host == now.Host) is not { } was)
        {
            yield break;
        }

        if (was.Version != now.Version)
        {
            yield return (HostEventKind.Version, now.Host, was.Version, now.Version);
        }

        if (IsRestart(was, now))
        {
            yield return (HostEventKind.Restarted, now.Host, Text(was.UptimeSeconds), Text(now.UptimeSeconds));
        }
    }

    private static string? PrimaryOf(MonitoringSample sample) =>
        sample.Members.FirstOrDefault(static one => one is { Healthy: true, State: Primary })?.Name;

    private static long TermOf(MonitoringSample sample) =>
        sample.Members.Select(static one => one.Optime?.Term ?? -1).Append(-1).Max();

    private static MemberSample? Find(MonitoringSample sample, string name) =>
        sample.Members.FirstOrDefault(one => one.Name == name);

    private static string Text(long number) => number.ToString(CultureInfo.InvariantCulture);
}
