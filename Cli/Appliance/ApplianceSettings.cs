using Backup.BackupHttpServer;
using Backup.Cli.Configuration;
using Backup.Cli.Web;
using Backup.Daemon;
using Backup.Daemon.DataFiles;
using Backup.Foundation.Contracts;

namespace Backup.Cli.Appliance;

/// <summary>What the configuration sets of the parts of an appliance.</summary>
/// <param name="configuration">The file and the environment.</param>
internal sealed class ApplianceSettings(ApplianceConfiguration configuration)
{
    /// <summary>How many exports of the metadata are kept; 0: none is made.</summary>
    /// <exception cref="Foundation.Errors.BackupException">9672 where the value is out of its range.</exception>
    internal int MetadataExports => configuration.Number(Settings.MetadataExports) ?? 7;

    /// <param name="given">By options: they go before those of the configuration.</param>
    /// <param name="time">The clock.</param>
    /// <exception cref="Foundation.Errors.BackupException">9160 where one cannot be read.</exception>
    internal MongodPrograms Mongods(IReadOnlyList<string> given, TimeProvider time)
    {
        var versions = given.Select(VersionOf).ToHashSet(StringComparer.Ordinal);
        var others = configuration.List(Settings.Mongod).Where(one => !versions.Contains(VersionOf(one)));
        return new MongodPrograms([.. given, .. others], Environment.GetEnvironmentVariable("PATH") ?? "", time);

        static string VersionOf(string setting) => setting.Split('=')[0].Trim();
    }

    /// <exception cref="Foundation.Errors.BackupException">9672 where a value is out of its range.</exception>
    /// <param name="folder">Of this process.</param>
    /// <param name="isAlone">No other daemon can work on the same stores.</param>
    internal DaemonOptions Daemon(DataFolder folder, bool isAlone)
    {
        var options = new DaemonOptions { SpillFolder = folder.Spill };
        return options with
        {
            Alone = isAlone,
            Name = configuration.Text(Settings.DaemonName) ?? options.Name,
            Weight = configuration.Number(Settings.DaemonWeight) ?? options.Weight,
            Version = ApplianceDesk.Version,
            GroomExtraShare = (configuration.Number(Settings.GroomExtra) ?? 5) / 100.0,
            GroomHour = configuration.Number(Settings.GroomHour) is { } hour and < 24 ? hour : null,
            MemtablesBytes = configuration.Number(Settings.DaemonMemory) is { } memory
                ? (long)memory << 20
                : options.MemtablesBytes,
            RestoreMemtableBytes = configuration.Number(Settings.RestoreMemory) is { } megabytes
                ? (long)megabytes << 20
                : options.RestoreMemtableBytes,
        };
    }

    /// <exception cref="Foundation.Errors.BackupException">9672 where a value is out of its range.</exception>
    internal BackupHttpServerOptions Server(DataFolder folder, int port, CopyBrake brake)
    {
        var options = new BackupHttpServerOptions
        {
            CertificateFolder = folder.Tls,
            UpdateFolder = folder.Updates,
            AgentProgram = Path.Combine(AppContext.BaseDirectory, "backup-agent"),
            Port = port,
            HoldCopies = brake.Reason,
            ClientCertificates = configuration.Text(Settings.AgentsCertificates) switch
            {
                "off" => ClientCertificatePolicy.Off,
                "required" => ClientCertificatePolicy.Required,
                _ => ClientCertificatePolicy.Accepted,
            },
        };
        return options with
        {
            ApiKeyMaxAge = configuration.Number(Settings.AgentsKeyDays) is { } days
                ? TimeSpan.FromDays(days)
                : options.ApiKeyMaxAge,
            BalancerPatience = configuration.Number(Settings.BalancerSeconds) is { } seconds
                ? TimeSpan.FromSeconds(seconds)
                : options.BalancerPatience,
        };
    }

    /// <exception cref="Foundation.Errors.BackupException">9672 where a value is out of its range.</exception>
    internal AgentLimits Limits()
    {
        var limits = new AgentLimits();
        return limits with
        {
            Cursors = configuration.Number(Settings.AgentsCursors) ?? limits.Cursors,
            BytesPerSecond = (configuration.Number(Settings.AgentsRate) ?? 0) * 1_000_000L,
            SplitBytes = (configuration.Number(Settings.AgentsSplit) ?? 1024L) << 20,
        };
    }
}
