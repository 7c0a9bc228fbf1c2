using System.Globalization;
using Backup.Foundation.Contracts;
using Backup.WebUI.Contracts;

namespace Backup.Cli.Api;

/// <content>The sources' servers.</content>
internal sealed partial class ApiClient
{
    internal async Task<List<MonitoringSpan>> HistoryAsync(
        string replicaSet,
        string range,
        int points,
        CancellationToken cancellation
    )
    {
        var path = await PathOfAsync(replicaSet, SubjectKind.ReplicaSet, cancellation);
        var most = points.ToString(CultureInfo.InvariantCulture);
        return await ListAsync<MonitoringSpan>(
            $"{path}/monitoring/history?range={Uri.EscapeDataString(range)}&points={most}",
            cancellation
        );
    }

    internal async Task<List<HostEventView>> HostEventsAsync(
        string replicaSet,
        int days,
        CancellationToken cancellation
    )
    {
        var path = await PathOfAsync(replicaSet, SubjectKind.ReplicaSet, cancellation);
        var past = days.ToString(CultureInfo.InvariantCulture);
        return await ListAsync<HostEventView>($"{path}/host-events?days={past}&limit=200", cancellation);
    }
}
