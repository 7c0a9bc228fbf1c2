using Backup.Cli.Appliance;
using Backup.Foundation.Contracts;
using Backup.Foundation.Errors;
using Microsoft.Extensions.Logging;
using Serilog.Core;
using Serilog.Events;

namespace Backup.Cli.Configuration;

/// <summary>
/// What is configured of a process that runs: the keys that may change meanwhile change when the file is read anew, all others stay as they were at the start.
/// A file with a mistake changes nothing.
/// </summary>
internal sealed partial class LiveSettings
{
    internal const string LogName = "Backup.Configuration";

    private readonly Lock _gate = new();
    private readonly ApplianceConfiguration _started;
    private volatile ApplianceConfiguration _current;

    /// <param name="started">As the process was started.</param>
    internal LiveSettings(ApplianceConfiguration started)
    {
        (_started, _current) = (started, started);
        LogLevel = new LoggingLevelSwitch(LevelOf(started.Text(Settings.LogLevel)));
    }

    /// <summary>As it was read last.</summary>
    internal ApplianceConfiguration Current => _current;

    /// <summary>The least that is logged.</summary>
    internal LoggingLevelSwitch LogLevel { get; }

    /// <summary>Of agents, from now on.</summary>
    internal AgentLimits Limits() => new ApplianceSettings(_current).Limits();

    /// <summary>Reads the file anew, and says in the log what that changed, and what it did not.</summary>
    internal void Reload(ILogger log)
    {
        if (_started.Path is not { } path)
        {
            LogNoFile(log);
            return;
        }

        lock (_gate)
        {
            try
            {
                Take(ApplianceConfiguration.Load(path), log);
            }
            catch (BackupException wrong)
            {
                LogRefused(log, path, wrong.Code, wrong.Message, wrong.Hint);
            }
        }
    }

    private void Take(ApplianceConfiguration read, ILogger log)
    {
        var before = _current;
        var changed = Settings.All.Where(one => !before.List(one.Key).SequenceEqual(read.List(one.Key))).ToList();
        _current = read;
        LogLevel.MinimumLevel = LevelOf(read.Text(Settings.LogLevel));
        foreach (var one in changed.Where(static one => one.IsLive))
        {
            LogChanged(log, one.Key, ValueOf(before, one), ValueOf(read, one));
        }

        foreach (var one in Settings.All.Where(static one => !one.IsLive))
        {
            if (!_started.List(one.Key).SequenceEqual(read.List(one.Key)))
            {
                LogRestart(log, one.Key);
            }
        }

        LogRead(log, read.Path!, changed.Count(static one => one.IsLive));
    }

    private static string ValueOf(ApplianceConfiguration configuration, Setting setting) =>
        configuration.Text(setting.Key) ?? $"{setting.Default} (not set)";

    private static LogEventLevel LevelOf(string? name) =>
        name switch
        {
            "debug" => LogEventLevel.Debug,
            "warning" => LogEventLevel.Warning,
            "error" => LogEventLevel.Error,
            _ => LogEventLevel.Information,
        };

    [LoggerMessage(
        9720,
        Microsoft.Extensions.Logging.LogLevel.Information,
        "{Path} was read anew; keys that changed: {Count}"
    )]
    private static partial void LogRead(ILogger log, string path, int count);

    [LoggerMessage(
        9721,
        Microsoft.Extensions.Logging.LogLevel.Information,
        "{Key} is {Now} from now on; it was {Before}"
    )]
    private static partial void LogChanged(ILogger log, string key, string before, string now);

    [LoggerMessage(
        9722,
        Microsoft.Extensions.Logging.LogLevel.Warning,
        "{Key} is another one in the file than at the start: it counts from the next start on"
    )]
    private static partial void LogRestart(ILogger log, string key);

    [LoggerMessage(
        9723,
        Microsoft.Extensions.Logging.LogLevel.Error,
        "{Path} was not taken, nothing changed: {Code} {Text} {Hint}"
    )]
    private static partial void LogRefused(ILogger log, string path, string code, string text, string hint);

    [LoggerMessage(
        9724,
        Microsoft.Extensions.Logging.LogLevel.Warning,
        "There is no configuration file to be read anew"
    )]
    private static partial void LogNoFile(ILogger log);
}
