using System.Globalization;
using Backup.Foundation.Contracts;
using Backup.Foundation.Errors;

namespace Backup.Cli;

/// <content>9650 to 9659: the sources' servers.</content>
public static partial class CliErrors
{
    public const int StepDownOff = 9650;
    public const int HostsSilent = 9651;
    public const int ValuesOff = 9652;
    public const int StepDownNotMeant = 9653;
    public const int HostsRefused = 9654;

    public static BackupException StepDownNotAllowed(string name) =>
        new(
            StepDownOff,
            $"The primary of {name} may not be told to step down: it is switched off, as it is unless somebody allows it.",
            "An owner or a backup administrator allows it: backup hosts settings RS --step-down on, or Hosts in the web interface."
        );

    public static BackupException HostsDoNotAnswer(string name, TimeSpan patience) =>
        new(
            HostsSilent,
            $"The agent of {name} did not answer within {patience.TotalSeconds:0} seconds.",
            "Look whether it is there: backup agents list. What it was told before it fell silent it may have done: backup hosts events RS shows it.",
            transient: true
        );

    public static BackupException ValuesNotAllowed(string name) =>
        new(
            ValuesOff,
            $"Values of queries of {name} are not shown: only their shape is, unless somebody allows it.",
            "An owner or a backup administrator allows it: backup hosts settings RS --values on."
        );

    public static BackupException NotMeant(string name) =>
        new(
            StepDownNotMeant,
            "The name of the deployment was not given again, so the primary was not told to step down.",
            $"Give its name, {name}, to say that it is meant."
        )
        {
            Field = "deployment",
        };

    /// <summary>What the agent said, with its own number.</summary>
    public static BackupException OfAgent(Fault fault) =>
        new(
            fault.Code is ['B', 'K', .. var digits]
            && int.TryParse(digits, NumberStyles.None, CultureInfo.InvariantCulture, out var number)
                ? number
                : HostsRefused,
            fault.Message,
            fault.Hint
        );
}
