using System.CommandLine;
using Backup.Cli.Output;
using Backup.WebUI.Contracts;

namespace Backup.Cli.Commands;

/// <summary><c>backup alerts channels</c>, <c>test</c> and <c>deliveries</c>: who is told.</summary>
internal static class ChannelCommands
{
    internal static Command Create() =>
        new("channels", "Who is told of alerts: list, add, on, off, remove")
        {
            SharedOptions.Command(
                "list",
                "List them, with how the last message went",
                (choice, json, cancellation) =>
                    Question.AskAsync(
                        choice,
                        json,
                        appliance => appliance.Api.ChannelsAsync(cancellation),
                        static all => all.ForEach(Print),
                        cancellation
                    )
            ),
            Add(),
            Switch("on", "Tell again", isOn: true),
            Switch("off", "Tell nobody there for now", isOn: false),
            SharedOptions.Command(
                "remove",
                "Tell nobody there any more",
                Name(),
                (choice, name, json, cancellation) =>
                    Question.AskAsync(
                        choice,
                        json,
                        appliance => appliance.Api.RemoveChannelAsync(name, cancellation),
                        static one => Console.Out.WriteLine($"{one.Name} is removed."),
                        cancellation
                    )
            ),
        };

    internal static Command Test() =>
        SharedOptions.Command(
            "test",
            "Send a message that says that it is a test, and tell how that went",
            Name(),
            async (choice, name, json, cancellation) =>
            {
                await using var appliance = await Appliance.ApplianceConnection.OpenAsync(
                    choice,
                    needsRunning: true,
                    cancellation
                );
                var sent = await appliance.Api.TestChannelAsync(name, cancellation);
                if (json)
                {
                    Printer.Json(sent);
                }
                else
                {
                    Print(sent);
                }

                return sent.State == "delivered" ? ExitCodes.Ok : ExitCodes.Failed;
            }
        );

    internal static Command Deliveries() =>
        SharedOptions.Command(
            "deliveries",
            "List the newest messages, with what became of them",
            (choice, json, cancellation) =>
                Question.AskAsync(
                    choice,
                    json,
                    appliance => appliance.Api.DeliveriesAsync(cancellation),
                    static all => all.ForEach(Print),
                    cancellation
                )
        );

    private static Argument<string> Name() => new("CHANNEL") { Description = "Its name, or its id" };

    private static Command Switch(string name, string description, bool isOn) =>
        SharedOptions.Command(
            name,
            description,
            Name(),
            (choice, channel, json, cancellation) =>
                Question.AskAsync(
                    choice,
                    json,
                    appliance =>
                        appliance.Api.ChangeChannelAsync(
                            channel,
                            new ChannelRequest(null, null, null, null, null, null, isOn, null, null, null, null),
                            cancellation
                        ),
                    Print,
                    cancellation
                )
        );

    private static Command Add()
    {
        var mail = new Option<string[]>("--mail")
        {
            Description = "An address; may be given several times",
            HelpName = "ADDRESS",
        };
        var webhook = new Option<string?>("--webhook") { Description = "A URL that takes JSON", HelpName = "URL" };
        var template = new Option<string?>("--template-file")
        {
            Description = "The webhook's body: JSON with {{words}} of the alert in its strings",
            HelpName = "FILE",
        };
        var secret = new Option<string?>("--secret-file")
        {
            Description = "What the webhook's messages are signed with: 16 to 256 characters",
            HelpName = "FILE",
        };
        var slack = new Option<string?>("--slack-url-file")
        {
            Description = "The URL of an incoming webhook of Slack, or of what takes the same",
            HelpName = "FILE",
        };
        var least = new Option<string?>("--least")
        {
            Description = "What matters less is not told (warning)",
            HelpName = "critical|warning|info",
        };
        var conditions = new Option<string[]>("--condition")
        {
            Description = "Only this one; may be given several times",
            HelpName = "CONDITION",
        };
        var deployments = new Option<string[]>("--deployment")
        {
            Description = "Only of this one; may be given several times",
            HelpName = "NAME",
        };
        var appliance = new Option<bool>("--appliance")
        {
            Description = "Also what is about the appliance as a whole: disks, certificates, daemons",
        };
        return SharedOptions.Command(
            "add",
            "Tell somebody: by mail, webhook, or Slack's messages",
            new Argument<string>("NAME") { Description = "To be called by" },
            [mail, webhook, template, secret, slack, least, conditions, deployments, appliance],
            (parsed, choice, name, json, cancellation) =>
            {
                var to = parsed.GetValue(mail) ?? [];
                var request = new ChannelRequest(
                    name,
                    KindOf(to.Length > 0, parsed.GetValue(webhook) is not null, parsed.GetValue(slack) is not null),
                    parsed.GetValue(least),
                    parsed.GetValue(conditions),
                    parsed.GetValue(deployments),
                    parsed.GetValue(appliance),
                    true,
                    to.Length > 0 ? to : null,
                    parsed.GetValue(webhook) ?? FileInput.Read(parsed.GetValue(slack)),
                    FileInput.Read(parsed.GetValue(template)),
                    FileInput.Read(parsed.GetValue(secret))
                );
                return Question.AskAsync(
                    choice,
                    json,
                    connection => connection.Api.AddChannelAsync(request, cancellation),
                    Print,
                    cancellation
                );
            }
        );
    }

    private static string KindOf(bool mail, bool webhook, bool slack) =>
        (mail, webhook, slack) switch
        {
            (true, false, false) => "mail",
            (false, true, false) => "webhook",
            (false, false, true) => "slack",
            _ => throw CliErrors.Argument(
                "It is not clear who is told.",
                "Give one of --mail, --webhook and --slack-url-file."
            ),
        };

    private static void Print(ChannelView channel)
    {
        var where = channel.To is { } to ? string.Join(", ", to) : channel.Url;
        var state = channel switch
        {
            { IsOn: false } => "off",
            { Error: { } error } => $"failing: {error.Code} {error.Message}",
            { DeliveredAt: { } at } => $"last told {at:u}",
            _ => "not told yet",
        };
        var appliance = channel.WithAppliance ? " and the appliance" : "";
        Console.Out.WriteLine($"{channel.Name}  {channel.Kind} {where}  from {channel.Least}{appliance}  {state}");
    }

    private static void Print(DeliveryView delivery)
    {
        var what =
            delivery.Test ? "test"
            : delivery.Alerts == 1 ? "1 alert"
            : $"{delivery.Alerts} alerts";
        var error = delivery.Error is { } cause ? $"  {cause.Code} {cause.Message}" : "";
        Console.Out.WriteLine(
            $"{delivery.CreatedAt:u}  {delivery.Channel}  {what}  {delivery.State}, {delivery.Attempts} tries{error}"
        );
    }
}
