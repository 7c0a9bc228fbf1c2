using System.Diagnostics;
using Backup.Daemon.Jobs;

namespace Backup.Cli.Telemetry;

/// <summary>Requests and jobs have ids that stand in each line that is logged meanwhile, also where nobody collects traces.</summary>
internal static class RequestIds
{
    /// <summary>The source of activities of the web server.</summary>
    internal const string Requests = "Microsoft.AspNetCore";

    private static readonly Lazy<ActivityListener> Listener = new(() =>
    {
        var listener = new ActivityListener
        {
            ShouldListenTo = static source => source.Name is Requests or JobTraces.SourceName,
            Sample = static (ref ActivityCreationOptions<ActivityContext> _) => ActivitySamplingResult.PropagationData,
        };
        ActivitySource.AddActivityListener(listener);
        return listener;
    });

    /// <summary>For the rest of the process; may be called again.</summary>
    internal static void Make() => _ = Listener.Value;
}
