using System.Globalization;
using Backup.Foundation.Contracts;
using Backup.WebUI.Contracts;
using Backup.WebUI.Frame;

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

    internal async Task<HostSettingsView> HostSettingsAsync(string replicaSet, CancellationToken cancellation) =>
        await GetAsync<HostSettingsView>(
            $"{await PathOfAsync(replicaSet, SubjectKind.ReplicaSet, cancellation)}/host-settings",
            cancellation
        );

    internal async Task<HostSettingsView> SetHostSettingsAsync(
        string replicaSet,
        HostSettingsRequest request,
        CancellationToken cancellation
    ) =>
        await PutAsync<HostSettingsRequest, HostSettingsView>(
            $"{await PathOfAsync(replicaSet, SubjectKind.ReplicaSet, cancellation)}/host-settings",
            request,
            cancellation
        );

    internal async Task<PageOf<HostExcerpt>> LookAtHostsAsync(
        string replicaSet,
        HostLookRequest request,
        CancellationToken cancellation
    ) =>
        await PostAsync<HostLookRequest, PageOf<HostExcerpt>>(
            $"{await PathOfAsync(replicaSet, SubjectKind.ReplicaSet, cancellation)}/host-look",
            request,
            cancellation
        );

    internal async Task<StepDownView> StepDownAsync(
        string replicaSet,
        StepDownRequest request,
        CancellationToken cancellation
    ) =>
        await PostAsync<StepDownRequest, StepDownView>(
            $"{await PathOfAsync(replicaSet, SubjectKind.ReplicaSet, cancellation)}/step-down",
            request,
            cancellation
        );

    internal async Task<List<HostEventView>> HostEventsAsync(
        string replicaSet,
        int days,
        CancellationToken cancellation
    )
    {
        var path = await PathOfAsync(replicaSet, SubjectKind.ReplicaSet, cancellation);
        var past = days.ToString(CultureInfo.InvariantCulture);
        return await ListAsync<HostEventView>($"{path}/host-events?days={past}", cancellation);
    }
}
