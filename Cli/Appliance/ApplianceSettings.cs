using System.Globalization;
using Backup.BackupHttpServer;
using Backup.Daemon;
using Backup.Daemon.DataFiles;
using Backup.Foundation.Contracts;

namespace Backup.Cli.Appliance;

/// <summary>What can be set by environment variables.</summary>
internal static class ApplianceSettings
{
    /// <summary>Memory of a restore to a point in time, MiB.</summary>
    internal const string RestoreMemory = "BACKUP_RESTORE_MEMORY_MB";

    /// <summary>Whether agents have certificates: off, accepted (unless set) or required.</summary>
    internal const string AgentCertificates = "BACKUP_AGENT_CERTIFICATES";

    /// <summary>After how many days agents are asked to replace their API keys; 0: only when an operator asks.</summary>
    internal const string ApiKeyDays = "BACKUP_API_KEY_DAYS";

    /// <summary>How many cursors an agent reads a source with.</summary>
    internal const string AgentCursors = "BACKUP_AGENT_CURSORS";

    /// <summary>MB (10^6) a second that an agent reads of a source; 0: no bound.</summary>
    internal const string AgentRate = "BACKUP_AGENT_MB_PER_SECOND";

    /// <summary>Seconds to wait until a cluster's balancer rests.</summary>
    internal const string BalancerSeconds = "BACKUP_BALANCER_SECONDS";

    /// <summary>MiB of the <c>_id</c> ranges that a large collection is copied in.</summary>
    internal const string AgentSplit = "BACKUP_AGENT_SPLIT_MB";

    /// <summary>The mongods of restores to data files: VERSION=PATH, several with commas between them.</summary>
    internal const string MongodPaths = "BACKUP_MONGOD";

    /// <param name="given">By options: they go before those of the variable.</param>
    /// <param name="time">The clock.</param>
    /// <exception cref="Foundation.Errors.BackupException">9160 where one cannot be read.</exception>
    internal static MongodPrograms Mongods(IReadOnlyList<string> given, TimeProvider time)
    {
        const StringSplitOptions tidy = StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries;
        var versions = given.Select(VersionOf).ToHashSet(StringComparer.Ordinal);
        var others = (Text(MongodPaths) ?? "").Split(',', tidy).Where(one => !versions.Contains(VersionOf(one)));
        return new MongodPrograms([.. given, .. others], Environment.GetEnvironmentVariable("PATH") ?? "", time);

        static string VersionOf(string setting) => setting.Split('=')[0].Trim();
    }

    /// <exception cref="Foundation.Errors.BackupException">9501 where a value is out of its range.</exception>
    internal static DaemonOptions Daemon(DataFolder folder)
    {
        var options = new DaemonOptions { SpillFolder = folder.Spill };
        return Number(RestoreMemory, "a number of MiB", 1, 4096, 256) is { } megabytes
            ? options with
            {
                RestoreMemtableBytes = (long)megabytes << 20,
            }
            : options;
    }

    /// <exception cref="Foundation.Errors.BackupException">9501 where a value is out of its range.</exception>
    internal static BackupHttpServerOptions Server(DataFolder folder, int port, CopyBrake brake)
    {
        var options = new BackupHttpServerOptions
        {
            CertificateFolder = folder.Tls,
            UpdateFolder = folder.Updates,
            Port = port,
            HoldCopies = brake.Reason,
            AgentLimits = Limits(),
            ClientCertificates = Text(AgentCertificates) switch
            {
                null or "accepted" => ClientCertificatePolicy.Accepted,
                "off" => ClientCertificatePolicy.Off,
                "required" => ClientCertificatePolicy.Required,
                var other => throw CliErrors.Argument(
                    $"The variable {AgentCertificates} is '{other}'.",
                    "It is off, accepted or required; accepted unless set."
                ),
            },
        };
        return options with
        {
            ApiKeyMaxAge = Number(ApiKeyDays, "a number of days", 0, 3650, 90) is { } days
                ? TimeSpan.FromDays(days)
                : options.ApiKeyMaxAge,
            BalancerPatience = Number(BalancerSeconds, "a number of seconds", 1, 3600, 300) is { } seconds
                ? TimeSpan.FromSeconds(seconds)
                : options.BalancerPatience,
        };
    }

    /// <exception cref="Foundation.Errors.BackupException">9501 where a value is out of its range.</exception>
    internal static AgentLimits Limits()
    {
        var limits = new AgentLimits();
        return limits with
        {
            Cursors = Number(AgentCursors, "a number of cursors", 1, 16, limits.Cursors) ?? limits.Cursors,
            BytesPerSecond = (Number(AgentRate, "a number of MB a second", 0, 100_000, 0) ?? 0) * 1_000_000L,
            SplitBytes = (Number(AgentSplit, "a number of MiB", 1, 1 << 20, 1024) ?? 1024L) << 20,
        };
    }

    private static string? Text(string variable) =>
        Environment.GetEnvironmentVariable(variable) is { Length: > 0 } text ? text : null;

    /// <returns>Null where it is not set.</returns>
    private static int? Number(string variable, string what, int least, int most, int unlessSet)
    {
        if (Text(variable) is not { } text)
        {
            return null;
        }

        return
            int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var value)
            && value >= least
            && value <= most
            ? value
            : throw CliErrors.Argument(
                $"The variable {variable} is '{text}'.",
                $"It is {what}, {least} to {most}; {unlessSet} unless set."
            );
    }
}
