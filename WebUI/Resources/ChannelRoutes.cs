using Backup.Metadata;
using Backup.WebUI.Access;
using Backup.WebUI.Contracts;
using Backup.WebUI.Desks;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Routing;

namespace Backup.WebUI.Resources;

/// <summary>Who is told of alerts, what is on its way, and the mail server.</summary>
internal sealed class ChannelRoutes(IMetadataStore metadata, ApiDesks desks) : IApiPart
{
    private const int ShownDeliveries = 100;
    private const string Channels = "/groups/{group}/alert-channels";

    public void Map(IEndpointRouteBuilder api)
    {
        api.MapGet(Channels, ListAsync).WithSummary("Who is told of alerts").Needs(Permission.See);
        api.MapPost(Channels, AddAsync)
            .WithSummary("Tell somebody: by mail, webhook, or Slack's messages")
            .Needs(Permission.Configure, "alert.channel.add");
        api.MapPatch($"{Channels}/{{channel}}", ChangeAsync)
            .WithSummary("Change a channel; what is left out stays")
            .Needs(Permission.Configure, "alert.channel.change");
        api.MapDelete($"{Channels}/{{channel}}", RemoveAsync)
            .WithSummary("Tell nobody there any more")
            .Needs(Permission.Configure, "alert.channel.remove");
        api.MapPost($"{Channels}/{{channel}}/test", TestAsync)
            .WithSummary("Send a message that says that it is a test, and tell how that went")
            .Needs(Permission.Operate, "alert.channel.test");
        api.MapGet("/groups/{group}/alert-deliveries", DeliveriesAsync)
            .WithSummary($"The newest {ShownDeliveries} messages, with what became of them")
            .Needs(Permission.See);
        api.MapGet("/mail-server", MailServerAsync).WithSummary("The server that mails are handed to").Administrators();
        api.MapPut("/mail-server", SetMailServerAsync)
            .WithSummary("Name the server that mails are handed to")
            .Administrators("mail.set", confirmed: true);
    }

    private Task<IReadOnlyList<ChannelView>> ListAsync(string group, CancellationToken cancellation) =>
        desks.Alerts.ChannelsAsync(group, cancellation);

    private async Task<Created<ChannelView>> AddAsync(
        string group,
        ChannelRequest request,
        Caller caller,
        CancellationToken cancellation
    )
    {
        RequireAdministrator(request, caller);
        var added = await desks.Alerts.AddChannelAsync(group, request, cancellation);
        return TypedResults.Created($"{PublicApi.Root}/groups/{group}/alert-channels/{added.Id}", added);
    }

    private async Task<ChannelView> ChangeAsync(
        string group,
        string channel,
        ChannelRequest request,
        Caller caller,
        CancellationToken cancellation
    )
    {
        await RequireAsync(group, channel, cancellation);
        RequireAdministrator(request, caller);
        return await desks.Alerts.ChangeChannelAsync(group, channel, request, cancellation);
    }

    private async Task<NoContent> RemoveAsync(string group, string channel, CancellationToken cancellation)
    {
        await RequireAsync(group, channel, cancellation);
        await metadata.AlertChannels.RemoveAsync(channel, cancellation);
        return TypedResults.NoContent();
    }

    private async Task<DeliveryView> TestAsync(string group, string channel, CancellationToken cancellation)
    {
        await RequireAsync(group, channel, cancellation);
        return await desks.Alerts.TestChannelAsync(group, channel, cancellation);
    }

    private async Task<IReadOnlyList<DeliveryView>> DeliveriesAsync(string group, CancellationToken cancellation)
    {
        var names = (await metadata.AlertChannels.ListAsync(cancellation)).ToDictionary(
            static one => one.Id,
            static one => one.Name
        );
        return
        [
            .. (await metadata.AlertChannels.DeliveriesAsync(group, ShownDeliveries, cancellation)).Select(one =>
                AlertEntries.Of(one, names.GetValueOrDefault(one.ChannelId, ""))
            ),
        ];
    }

    private async Task<MailSettingView> MailServerAsync(CancellationToken cancellation) =>
        new(await desks.Alerts.MailServerAsync(cancellation));

    private Task<MailServerView> SetMailServerAsync(MailServerRequest request, CancellationToken cancellation) =>
        desks.Alerts.SetMailServerAsync(request, cancellation);

    /// <summary>What is wrong with the appliance as a whole may name other groups' things: paths, agents, accounts.</summary>
    private static void RequireAdministrator(ChannelRequest request, Caller caller)
    {
        if (request.WithAppliance == true && !caller.IsOfAppliance)
        {
            throw WebUIErrors.Administrators();
        }
    }

    private async Task RequireAsync(string group, string channel, CancellationToken cancellation)
    {
        if ((await metadata.AlertChannels.FindAsync(channel, cancellation))?.GroupId != group)
        {
            throw WebUIErrors.Nothing("such channel in this group");
        }
    }
}
