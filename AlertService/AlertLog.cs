using Microsoft.Extensions.Logging;

namespace Backup.AlertService;

/// <summary>What is logged of alerts; the event ids are stable.</summary>
internal static partial class AlertLog
{
    [LoggerMessage(400, LogLevel.Warning, "Alert {Condition} of {Subject}: {Code} {Message}")]
    internal static partial void Raised(ILogger logger, string condition, string subject, string code, string message);

    [LoggerMessage(401, LogLevel.Information, "Alert {Condition} of {Subject} is over")]
    internal static partial void Over(ILogger logger, string condition, string subject);

    [LoggerMessage(402, LogLevel.Error, "The conditions {Conditions} could not be looked at")]
    internal static partial void Unknown(ILogger logger, string conditions, Exception failure);

    [LoggerMessage(403, LogLevel.Error, "A round of alerts failed; it is tried again")]
    internal static partial void RoundFailed(ILogger logger, Exception failure);

    [LoggerMessage(404, LogLevel.Information, "Told {Channel} of {Alerts} alerts")]
    internal static partial void Delivered(ILogger logger, string channel, int alerts);

    [LoggerMessage(405, LogLevel.Warning, "{Channel} could not be told ({Attempts} tries): {Code} {Message}")]
    internal static partial void NotDelivered(
        ILogger logger,
        string channel,
        int attempts,
        string code,
        string message
    );

    [LoggerMessage(
        406,
        LogLevel.Information,
        "What {Hosts} servers say is kept with the alert {Condition} of {Subject}"
    )]
    internal static partial void Collected(ILogger logger, string condition, string subject, int hosts);
}
