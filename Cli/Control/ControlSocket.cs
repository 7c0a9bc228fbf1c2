namespace Backup.Cli.Control;

/// <summary>Names of the control socket in a data folder.</summary>
internal static class ControlSocket
{
    /// <summary>Of the appliance that runs on the folder.</summary>
    internal const string Running = "control.sock";

    /// <summary>Of a command that opened the folder for itself: no other command may find it, as it ends with its own work.</summary>
    internal const string Private = "command.sock";
}
