using Backup.Foundation.Files;
using Microsoft.Extensions.Logging;
using Serilog;
using Serilog.Events;

namespace Backup.Cli.Appliance;

/// <summary>Where the appliance logs: a daily file in the data folder, and standard error where that is asked for.</summary>
internal static class ApplianceLog
{
    private const string Line =
        "{Timestamp:yyyy-MM-dd HH:mm:ss.fffzzz} {Level:u3} {SourceContext} {Message:lj}{NewLine}{Exception}";

    internal static ILoggerFactory Create(DataFolder folder, bool toStandardError)
    {
        DurableFile.CreateFolder(folder.Log);
        var configuration = new LoggerConfiguration()
            .MinimumLevel.Information()
            .MinimumLevel.Override("Microsoft", LogEventLevel.Warning)
            .Enrich.FromLogContext()
            .WriteTo.File(
                Path.Combine(folder.Log, "backup-.log"),
                outputTemplate: Line,
                rollingInterval: RollingInterval.Day,
                retainedFileCountLimit: 14,
                fileSizeLimitBytes: 64 << 20,
                rollOnFileSizeLimit: true,
                shared: true
            );
        if (toStandardError)
        {
            configuration = configuration.WriteTo.Console(
                outputTemplate: Line,
                standardErrorFromLevel: LogEventLevel.Verbose
            );
        }

        var logger = configuration.CreateLogger();
        return LoggerFactory.Create(builder => builder.AddSerilog(logger, dispose: true));
    }
}
