using Backup.Foundation.Errors;

namespace Backup.AlertService;

/// <content>Errors 8830 to 8843: who is told.</content>
public static partial class AlertServiceErrors
{
    public const int MailServerNotSet = 8830;
    public const int MailNotTaken = 8831;
    public const int HookNotTaken = 8832;
    public const int HookNotReached = 8833;
    public const int DeliverySlow = 8834;
    public const int DeliveryFailed = 8835;
    public const int ChannelKindUnknown = 8840;
    public const int ChannelSetting = 8841;
    public const int RuleRange = 8842;
    public const int ConditionUnknown = 8843;

    public static BackupException MailServerMissing() =>
        new(
            MailServerNotSet,
            "There is no mail server: mails cannot be sent.",
            "Name one: Settings, Mail in the web interface, or backup alerts mail set."
        );

    public static BackupException MailRefused(string server, string cause, Exception? inner = null) =>
        new(
            MailNotTaken,
            $"The mail server {server} did not take a mail. {cause}",
            "Look at its name, port, TLS, user and password, and at what it says in its log.",
            transient: true,
            inner
        );

    public static BackupException HookRefused(string host, int status) =>
        new(
            HookNotTaken,
            $"{host} answered {status} to a message.",
            "Look at the channel's URL and at what the receiver takes; a redirect is not followed.",
            transient: true
        );

    public static BackupException HookUnreachable(string host, string cause, Exception? inner = null) =>
        new(
            HookNotReached,
            $"{host} cannot be reached. {cause}",
            "Look at the channel's URL, the name service, the network, and the receiver's certificate.",
            transient: true,
            inner
        );

    public static BackupException Slow(string channel, TimeSpan patience) =>
        new(
            DeliverySlow,
            $"The channel '{channel}' did not take a message within {patience.TotalSeconds:0} s.",
            "Look whether the receiver can be reached from the appliance.",
            transient: true
        );

    public static BackupException Unsent(string channel, Exception cause) =>
        new(
            DeliveryFailed,
            $"A message could not be sent to the channel '{channel}'. {cause.Message}",
            "Look at the appliance's log; the channel's settings may be of another release.",
            transient: true,
            cause
        );

    public static BackupException NoSuchKind(string kind) =>
        new(ChannelKindUnknown, $"There is no kind of channel '{kind}'.", "Use mail, webhook or slack.")
        {
            Field = "kind",
        };

    /// <param name="field">Which of the settings.</param>
    /// <param name="cause">What is wrong with it.</param>
    /// <param name="hint">The way out.</param>
    public static BackupException Setting(string field, string cause, string hint) =>
        new(ChannelSetting, $"The setting '{field}' cannot be used: {cause}.", hint) { Field = field };

    public static BackupException Threshold(string condition, string range) =>
        new(
            RuleRange,
            $"The thresholds of '{condition}' cannot be used.",
            $"{range} The critical one is past the one for a warning, or is it."
        )
        {
            Field = "critical",
        };

    public static BackupException NoSuchCondition(string condition, bool ofAppliance) =>
        new(
            ConditionUnknown,
            $"There is no condition '{condition}' {(ofAppliance ? "of the appliance" : "of a group")}.",
            "Take a name of the list of conditions; those of the appliance as a whole are set by its administrators."
        );
}
