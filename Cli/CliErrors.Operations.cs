using Backup.Foundation.Errors;

namespace Backup.Cli;

/// <content>9720 to 9739: the manual, explanations of errors, support bundles, telemetry, reload, what is protected at the start.</content>
public static partial class CliErrors
{
    public const int UnknownPage = 9720;
    public const int UnknownNumber = 9721;
    public const int NamedFileNotThere = 9722;
    public const int NoHeader = 9723;
    public const int ProtectionWaits = 9724;
    public const int TargetIsOfThisHost = 9725;

    /// <param name="what">An option, or a socket.</param>
    public static BackupException TargetOfThisHost(string what) =>
        new(
            TargetIsOfThisHost,
            $"The target's URI names {what}, which would be taken from the appliance's host.",
            "Over the network only addresses are taken. Run the restore on the appliance's host, or let its system trust the authority of the target's certificate and log in there with a password."
        );

    public static BackupException NoSuchPage(string name) =>
        new(UnknownPage, $"The manual has no page '{name}'.", "'backup man' lists its pages.");

    public static BackupException NoSuchNumber(string number) =>
        new(
            UnknownNumber,
            $"This release has no error '{number}'.",
            "Numbers have four digits, with BK before them or not; a newer release may have more: 'backup appliance' shows which one runs."
        );

    /// <param name="path">Of the file.</param>
    /// <param name="line">From 1 on, without empty ones and comments.</param>
    public static BackupException NotAHeader(string path, int line) =>
        new(
            NoHeader,
            $"Line {line} of '{path}' is no header.",
            "Write NAME=VALUE, one header a line; a name has letters, digits, '-' and '_', a value has what is printable in ASCII."
        );

    /// <param name="key">Of the configuration.</param>
    /// <param name="path">That it names.</param>
    public static BackupException NamedFileMissing(string key, string path) =>
        new(
            NamedFileNotThere,
            $"'{key}' names the file '{path}', which is not there, or may not be seen by who runs the command.",
            "Make it, name another one, or run the command as the user of the service."
        );

    public static BackupException ProtectWaits(string deployment) =>
        new(
            ProtectionWaits,
            $"What the configuration names to be protected was not looked at: the URI of '{deployment}' cannot be opened, and it may be that one.",
            "Put the key file of the data folder (secrets/box.key) back from a copy, or give the URI anew: 'backup deployments set-uri'. Then start the appliance again."
        );
}
