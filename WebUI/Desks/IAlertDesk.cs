using Backup.WebUI.Contracts;

namespace Backup.WebUI.Desks;

/// <summary>What conditions there are, and who is told: its rules are kept where alerts are looked for.</summary>
public interface IAlertDesk
{
    /// <summary>For people; the name itself where it is not known.</summary>
    string TitleOf(string condition);

    /// <summary>Every condition, as it counts in the group, or of one of its deployments.</summary>
    Task<IReadOnlyList<ConditionView>> ConditionsAsync(
        string groupId,
        string? deploymentId,
        CancellationToken cancellation
    );

    /// <param name="groupId">Null: the appliance's own.</param>
    /// <param name="deploymentId">Null: the group's.</param>
    /// <param name="condition">One that there is, and that is the appliance's or is not.</param>
    /// <param name="request">What is to count.</param>
    /// <param name="cancellation">Nothing was changed then.</param>
    Task SetRuleAsync(
        string? groupId,
        string? deploymentId,
        string condition,
        RuleRequest request,
        CancellationToken cancellation
    );

    /// <param name="groupId">Whose.</param>
    /// <param name="deploymentId">Null: the group's.</param>
    /// <param name="request">What is to be collected, for conditions that there are.</param>
    /// <param name="cancellation">Nothing was changed then.</param>
    Task SetExcerptRuleAsync(
        string groupId,
        string? deploymentId,
        ExcerptRuleRequest request,
        CancellationToken cancellation
    );

    Task<ChannelView> AddChannelAsync(string groupId, ChannelRequest request, CancellationToken cancellation);

    Task<ChannelView> ChangeChannelAsync(
        string groupId,
        string channel,
        ChannelRequest request,
        CancellationToken cancellation
    );

    Task<IReadOnlyList<ChannelView>> ChannelsAsync(string groupId, CancellationToken cancellation);

    /// <summary>Sends a message that says that it is a test, and tells how that went.</summary>
    Task<DeliveryView> TestChannelAsync(string groupId, string channel, CancellationToken cancellation);

    /// <summary>Null where none is set.</summary>
    Task<MailServerView?> MailServerAsync(CancellationToken cancellation);

    Task<MailServerView> SetMailServerAsync(MailServerRequest request, CancellationToken cancellation);
}
