using Backup.AlertService.Conditions;
using Backup.Metadata.Alerting;

namespace Backup.AlertService.Watch;

/// <summary>The appliance itself: disks, certificates, people, channels.</summary>
internal static class ApplianceProbes
{
    /// <summary>Bytes; less is critical, however large the disk is.</summary>
    private const long LeastFree = 1L << 30;

    public static IEnumerable<Finding> Space(Facts facts) =>
        facts
            .Appliance.Disks.Where(static one => one.TotalBytes > 0)
            .Select(disk =>
            {
                var percent = 100.0 * (disk.TotalBytes - disk.FreeBytes) / disk.TotalBytes;
                return new Finding(
                    AlertConditions.StoreSpace,
                    disk.Path,
                    percent,
                    () =>
                        new AlertWords(
                            AlertServiceErrors.FullDisk(disk.Path, percent, Words.Bytes(disk.FreeBytes)),
                            "When it is full nothing more is backed up; what is stored stays, and can be restored."
                        )
                )
                {
                    SubjectName = disk.Path,
                    AtLeast = disk.FreeBytes < LeastFree ? AlertSeverity.Critical : null,
                };
            });

    /// <summary>Also of disks whose growth is not known or is none: they last.</summary>
    public static IEnumerable<Finding> Forecasts(Facts facts) =>
        facts.Appliance.Disks.Select(disk =>
        {
            var forecast = facts.Forecasts.FirstOrDefault(one => one.Path == disk.Path);
            return new Finding(
                AlertConditions.StoreForecast,
                disk.Path,
                forecast?.Days ?? double.PositiveInfinity,
                () =>
                    new AlertWords(
                        AlertServiceErrors.FillingDisk(disk.Path, forecast!.Days, Words.Bytes(forecast.BytesPerDay)),
                        "When it is full nothing more is backed up."
                    )
            )
            {
                SubjectName = disk.Path,
            };
        });

    public static IEnumerable<Finding> Certificates(Facts facts) =>
        facts.Appliance.Certificates.Select(one => new Finding(
            AlertConditions.CertificateExpiring,
            one.Name,
            (one.EndsAt - facts.Now).TotalDays,
            () =>
                new AlertWords(
                    AlertServiceErrors.EndingCertificate(one.Name, Words.At(one.EndsAt)),
                    "From then on agents do not connect any more."
                )
        )
        {
            SubjectName = one.Name,
        });

    public static IEnumerable<Finding> Troubles(Facts facts) =>
        facts.Appliance.Troubles.Select(static one => new Finding(
            AlertConditions.ApplianceTrouble,
            one.Code,
            1,
            () => new AlertWords(one, "")
        )
        {
            SubjectName = "The appliance",
        });

    public static IEnumerable<Finding> People(Facts facts) =>
        facts.Users.Select(user => new Finding(
            AlertConditions.NoTwoFactor,
            user.Id,
            user.SealedTotp is null ? 1 : 0,
            () => new AlertWords(AlertServiceErrors.OneFactor(user.Email), "Whoever has the password can restore.")
        )
        {
            SubjectName = user.Email,
        });

    /// <summary>From a delivery that failed until one arrives.</summary>
    public static IEnumerable<Finding> Channels(Facts facts) =>
        facts
            .Channels.Where(static one => one.IsOn)
            .Select(channel => new Finding(
                AlertConditions.ChannelFailing,
                channel.Id,
                channel.FailedAt is null ? 0 : 1,
                () =>
                    new AlertWords(
                        AlertServiceErrors.Unheard(
                            channel.Name,
                            channel.Kind,
                            $"{channel.FailureCode} {channel.Failure}"
                        ),
                        "Whoever is told by it alone hears of nothing; what waits is tried again for a day."
                    )
            )
            {
                GroupId = channel.GroupId,
                SubjectName = channel.Name,
            });
}
