using System.CommandLine;

namespace Backup.Cli.Commands;

/// <summary>Options that several commands have.</summary>
internal static class SharedOptions
{
    internal static Option<string?> Data() =>
        new("--data")
        {
            Description = "The appliance's data folder (else the variable BACKUP_DATA, else ./backup-data)",
            HelpName = "DIR",
        };

    internal static Option<bool> Json() => new("--json") { Description = "Print JSON for scripts" };

    internal static Argument<string> ReplicaSet() =>
        new("RS") { Description = "The replica set: its name, its id, or DEPLOYMENT/NAME" };
}
