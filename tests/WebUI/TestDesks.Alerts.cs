using Backup.WebUI.Contracts;

namespace Backup.Tests.WebUI;

/// <content>Who is told of alerts.</content>
internal sealed partial class TestDesks
{
    public string TitleOf(string condition) => $"About {condition}";

    public Task<IReadOnlyList<ConditionView>> ConditionsAsync(
        string groupId,
        string? deploymentId,
        CancellationToken cancellation
    ) => Task.FromResult<IReadOnlyList<ConditionView>>([new("late", "It is late", "seconds", 1, 2, true)]);

    public async Task SetRuleAsync(
        string? groupId,
        string? deploymentId,
        string condition,
        RuleRequest request,
        CancellationToken cancellation
    ) => await Does($"rule {condition} of {groupId ?? "the appliance"}, {deploymentId ?? "all"}: {request.IsOn}", 0);

    public async Task SetExcerptRuleAsync(
        string groupId,
        string? deploymentId,
        ExcerptRuleRequest request,
        CancellationToken cancellation
    ) => await Does($"excerpts of {groupId}, {deploymentId ?? "all"}: {request.IsOn}", 0);

    public Task<ChannelView> AddChannelAsync(string groupId, ChannelRequest request, CancellationToken cancellation) =>
        Does($"add channel {request.Name} to {groupId}", Channel(request.Name ?? ""));

    public Task<ChannelView> ChangeChannelAsync(
        string groupId,
        string channel,
        ChannelRequest request,
        CancellationToken cancellation
    ) => Does($"change channel {channel}", Channel(channel));

    public Task<IReadOnlyList<ChannelView>> ChannelsAsync(string groupId, CancellationToken cancellation) =>
        Task.FromResult<IReadOnlyList<ChannelView>>([]);

    public Task<DeliveryView> TestChannelAsync(string groupId, string channel, CancellationToken cancellation) =>
        Does(
            $"test channel {channel}",
            new DeliveryView("d", channel, "delivered", true, 0, 1, Noon, null, Noon, null)
        );

    public Task<MailServerView?> MailServerAsync(CancellationToken cancellation) =>
        Task.FromResult<MailServerView?>(null);

    public Task<MailServerView> SetMailServerAsync(MailServerRequest request, CancellationToken cancellation) =>
        Does($"mail {request.Host}", new MailServerView(request.Host ?? "", 587, true, "a@b.org", null, false, null));

    private static ChannelView Channel(string name) => new("c", name, "mail", "warning", [], [], false, true, Noon);
}
