using Backup.AlertService.Conditions;
using Backup.Foundation.Contracts;
using Backup.Metadata.Alerting;

namespace Backup.AlertService.Excerpts;

/// <summary>Rules of what is collected, checked before they are stored.</summary>
public static class ExcerptRules
{
    private const int Lines = 200;
    private static readonly string[] Severities = ["F", "E", "W", "I"];

    /// <param name="wanted">With no conditions: those that a source's servers may say more of.</param>
    /// <param name="lines">Null: 200.</param>
    /// <returns>As it is stored.</returns>
    /// <exception cref="Foundation.Errors.BackupException">8843 there is no such condition of a group, 8841 something is out of its range, or nothing would be collected.</exception>
    public static ExcerptRule Checked(ExcerptRule wanted, int? lines)
    {
        var conditions = wanted.Conditions.Count == 0 ? AlertConditions.OfServers : wanted.Conditions;
        if (
            conditions.FirstOrDefault(static one => AlertConditions.TryFind(one) is not { IsOfAppliance: false }) is
            { } unknown
        )
        {
            throw AlertServiceErrors.NoSuchCondition(unknown, ofAppliance: false);
        }

        var count = lines ?? Lines;
        if (count is < 0 or > HostLimits.MostLines)
        {
            throw AlertServiceErrors.Setting(
                "lines",
                $"{count} cannot be collected",
                $"Give 0 to {HostLimits.MostLines}."
            );
        }

        if (wanted.Severity is { } severity && !Severities.Contains(severity))
        {
            throw AlertServiceErrors.Setting("severity", $"'{severity}' is none", "Give F, E, W or I.");
        }

        if (wanted.SlowMilliseconds < 1)
        {
            throw AlertServiceErrors.Setting(
                "slowMilliseconds",
                "an operation is slow from 1 ms on",
                "Give 1 or more."
            );
        }

        if (count == 0 && wanted.SlowMilliseconds is null && wanted.IsOn)
        {
            throw AlertServiceErrors.Setting(
                "lines",
                "nothing would be collected",
                "Ask for lines, for slow operations, or for both."
            );
        }

        return wanted with
        {
            Conditions = [.. conditions.Distinct()],
            Lines = count,
        };
    }
}
