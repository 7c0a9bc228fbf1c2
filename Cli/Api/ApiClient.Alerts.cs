using Backup.WebUI.Contracts;

namespace Backup.Cli.Api;

/// <content>Alerts, and who is told of them.</content>
internal sealed partial class ApiClient
{
    /// <summary>Newest first; those of the appliance as a whole, which every group sees, once.</summary>
    internal async Task<List<AlertView>> AlertsAsync(bool all, CancellationToken cancellation) =>
        [
            .. (await OfGroupsAsync<AlertView>($"alerts?state={(all ? "all" : "open")}", cancellation))
                .DistinctBy(static one => one.Id)
                .OrderByDescending(static one => one.Id),
        ];

    internal async Task<AlertView> AcknowledgeAsync(
        string alert,
        AcknowledgementRequest request,
        CancellationToken cancellation
    ) =>
        await PostAsync<AcknowledgementRequest, AlertView>(
            $"{await OfAlertAsync(alert, cancellation)}/acknowledge",
            request,
            cancellation
        );

    internal async Task<AlertView> ResolveAsync(
        string alert,
        ResolutionRequest request,
        CancellationToken cancellation
    ) =>
        await PostAsync<ResolutionRequest, AlertView>(
            $"{await OfAlertAsync(alert, cancellation)}/resolve",
            request,
            cancellation
        );

    /// <param name="deployment">As it counts there; null: in the group.</param>
    /// <param name="cancellation">Gives up.</param>
    internal async Task<List<ConditionView>> ConditionsAsync(string? deployment, CancellationToken cancellation) =>
        await GetAsync<List<ConditionView>>(
            $"{await HomeAsync(cancellation)}/alert-conditions{(deployment is null ? "" : $"?deployment={Uri.EscapeDataString(deployment)}")}",
            cancellation
        );

    internal async Task SetRuleAsync(string condition, RuleRequest request, CancellationToken cancellation)
    {
        var known = (await ConditionsAsync(null, cancellation)).Find(one => one.Name == condition);
        var whose = known?.OfAppliance == true ? "" : await HomeAsync(cancellation);
        await SendAsync(
            HttpMethod.Put,
            $"{whose}/alert-conditions/{Uri.EscapeDataString(condition)}",
            request,
            cancellation
        );
    }

    internal async Task<AlertExcerptView> ExcerptAsync(string alert, CancellationToken cancellation) =>
        await GetAsync<AlertExcerptView>($"{await OfAlertAsync(alert, cancellation)}/excerpt", cancellation);

    internal async Task<List<ExcerptRuleView>> ExcerptRulesAsync(CancellationToken cancellation) =>
        await GetAsync<List<ExcerptRuleView>>($"{await HomeAsync(cancellation)}/excerpt-rules", cancellation);

    internal async Task SetExcerptRuleAsync(ExcerptRuleRequest request, CancellationToken cancellation) =>
        await SendAsync(HttpMethod.Put, $"{await HomeAsync(cancellation)}/excerpt-rules", request, cancellation);

    /// <param name="deployment">Its rule; null: the group's.</param>
    /// <param name="cancellation">Gives up.</param>
    internal async Task RemoveExcerptRuleAsync(string? deployment, CancellationToken cancellation) =>
        await SendAsync<object>(
            HttpMethod.Delete,
            $"{await HomeAsync(cancellation)}/excerpt-rules{(deployment is null ? "" : $"?deployment={Uri.EscapeDataString(deployment)}")}",
            null,
            cancellation
        );

    internal async Task<List<ChannelView>> ChannelsAsync(CancellationToken cancellation) =>
        await GetAsync<List<ChannelView>>($"{await HomeAsync(cancellation)}/alert-channels", cancellation);

    internal async Task<ChannelView> AddChannelAsync(ChannelRequest request, CancellationToken cancellation) =>
        await PostAsync<ChannelRequest, ChannelView>(
            $"{await HomeAsync(cancellation)}/alert-channels",
            request,
            cancellation
        );

    internal async Task<ChannelView> ChangeChannelAsync(
        string channel,
        ChannelRequest request,
        CancellationToken cancellation
    ) =>
        await PatchAsync<ChannelRequest, ChannelView>(
            (await OfChannelAsync(channel, cancellation)).Path,
            request,
            cancellation
        );

    internal async Task<ChannelView> RemoveChannelAsync(string channel, CancellationToken cancellation)
    {
        var (view, path) = await OfChannelAsync(channel, cancellation);
        await SendAsync<object>(HttpMethod.Delete, path, null, cancellation);
        return view;
    }

    internal async Task<DeliveryView> TestChannelAsync(string channel, CancellationToken cancellation) =>
        await PostAsync<DeliveryView>($"{(await OfChannelAsync(channel, cancellation)).Path}/test", cancellation);

    internal async Task<List<DeliveryView>> DeliveriesAsync(CancellationToken cancellation) =>
        await GetAsync<List<DeliveryView>>($"{await HomeAsync(cancellation)}/alert-deliveries", cancellation);

    internal async Task<List<WindowView>> WindowsAsync(CancellationToken cancellation) =>
        await GetAsync<List<WindowView>>($"{await HomeAsync(cancellation)}/maintenance-windows", cancellation);

    internal async Task<WindowView> AddWindowAsync(WindowRequest request, CancellationToken cancellation) =>
        await PostAsync<WindowRequest, WindowView>(
            $"{await HomeAsync(cancellation)}/maintenance-windows",
            request,
            cancellation
        );

    internal async Task RemoveWindowAsync(string window, CancellationToken cancellation) =>
        await SendAsync<object>(
            HttpMethod.Delete,
            $"{await HomeAsync(cancellation)}/maintenance-windows/{Uri.EscapeDataString(window)}",
            null,
            cancellation
        );

    internal Task<RadarSettingView> RadarAsync(CancellationToken cancellation) =>
        GetAsync<RadarSettingView>("/radar", cancellation);

    internal Task<RadarSettingView> SetRadarAsync(RadarSettingRequest request, CancellationToken cancellation) =>
        PutAsync<RadarSettingRequest, RadarSettingView>("/radar", request, cancellation);

    internal Task<MailSettingView> MailServerAsync(CancellationToken cancellation) =>
        GetAsync<MailSettingView>("/mail-server", cancellation);

    internal Task<MailServerView> SetMailServerAsync(MailServerRequest request, CancellationToken cancellation) =>
        PutAsync<MailServerRequest, MailServerView>("/mail-server", request, cancellation);

    private async Task<string> OfAlertAsync(string alert, CancellationToken cancellation)
    {
        foreach (var group in (await CallerAsync(cancellation)).Groups)
        {
            var path = $"/groups/{group.Id}/alerts";
            if ((await ListAsync<AlertView>($"{path}?state=all", cancellation)).Exists(one => $"{one.Id}" == alert))
            {
                return $"{path}/{alert}";
            }
        }

        throw CliErrors.NoSuchAlert(alert);
    }

    private async Task<(ChannelView View, string Path)> OfChannelAsync(string name, CancellationToken cancellation)
    {
        var found =
            (await ChannelsAsync(cancellation)).Find(one => one.Name == name || one.Id == name)
            ?? throw CliErrors.NoSuchChannel(name);
        return (found, $"{await HomeAsync(cancellation)}/alert-channels/{found.Id}");
    }
}
