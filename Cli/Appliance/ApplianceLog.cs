using System.Globalization;
using Backup.Cli.Configuration;
using Backup.Cli.Telemetry;
using Backup.Foundation.Files;
using Microsoft.Extensions.Logging;
using Serilog;
using Serilog.Events;
using Serilog.Formatting;
using Serilog.Formatting.Display;
using Serilog.Formatting.Json;

namespace Backup.Cli.Appliance;

/// <summary>Where the appliance logs: a daily file in the data folder, and standard error where that is asked for.</summary>
internal static class ApplianceLog
{
    private const string Line =
        "{Timestamp:yyyy-MM-dd HH:mm:ss.fffzzz} {Level:u3} {SourceContext} {Message:lj}{NewLine}{Exception}";

    /// <param name="folder">Of the appliance.</param>
    /// <param name="live">How lines are written, and which; the least that is logged may change.</param>
    /// <param name="toStandardError">Whatever is set.</param>
    /// <param name="service">Which part this process is.</param>
    /// <param name="collector">That is told too; null: none.</param>
    internal static ILoggerFactory Create(
        DataFolder folder,
        LiveSettings live,
        bool toStandardError,
        string service,
        OtlpOptions? collector
    )
    {
        RequestIds.Make();
        DurableFile.CreateFolder(folder.Log);
        var settings = live.Current;
        // Each object of JSON has its properties by their names, ids of jobs and replica sets among them, and the id of the request or job that it is about (TraceId).
        ITextFormatter format =
            settings.Text(Settings.LogFormat) == "json"
                ? new JsonFormatter(renderMessage: true, formatProvider: CultureInfo.InvariantCulture)
                : new MessageTemplateTextFormatter(Line, CultureInfo.InvariantCulture);
        var configuration = new LoggerConfiguration()
            .MinimumLevel.ControlledBy(live.LogLevel)
            .MinimumLevel.Override("Microsoft", LogEventLevel.Warning)
            .Enrich.FromLogContext()
            .WriteTo.File(
                format,
                Path.Combine(folder.Log, "backup-.log"),
                rollingInterval: RollingInterval.Day,
                retainedFileCountLimit: 14,
                fileSizeLimitBytes: 64 << 20,
                rollOnFileSizeLimit: true,
                shared: true
            );
        if (toStandardError || settings.Text(Settings.LogConsole) == "true")
        {
            configuration = configuration.WriteTo.Console(format, standardErrorFromLevel: LogEventLevel.Verbose);
        }

        var logger = configuration.CreateLogger();
        return LoggerFactory.Create(builder =>
        {
            builder.AddSerilog(logger, dispose: true);
            if (collector is not null)
            {
                OtlpExport.AddTo(builder, collector, service);
            }
        });
    }
}
