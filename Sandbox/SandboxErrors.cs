using Backup.Foundation.Errors;

namespace Backup.Sandbox;

/// <summary>Errors 2500 to 2999. What clients of the sandbox are told goes over the wire with MongoDB's own codes.</summary>
public static class SandboxErrors
{
    public const int BadOption = 2501;
    public const int NotRunning = 2502;
    public const int NoHistory = 2503;
    public const int NoPrimary = 2504;
    public const int MemberRefuses = 2505;

    public static BackupException InvalidOption(string name, string why) =>
        new(BadOption, $"Sandbox option '{name}': {why}.", "Correct the option; its documentation gives the range.");

    public static BackupException HistoryNotKept() =>
        new(NoHistory, "This sandbox keeps no history.", "Start it with the option KeepHistory.");

    public static BackupException NoMemberIsPrimary() =>
        new(
            NoPrimary,
            "The sandbox has no primary: it takes no writes.",
            "Wait for the election, or start members that were killed: a majority is needed."
        );

    public static BackupException Refused(string why) =>
        new(
            MemberRefuses,
            $"The member of the sandbox does not do that now: {why}",
            "Ask the member that can, or wait until the set has settled."
        );

    public static BackupException Stopped() =>
        new(NotRunning, "The sandbox is not running.", "Start it again, or await the start before using it.");
}
