using Backup.MongoWire.Client;

namespace Backup.Daemon.Serving;

/// <summary>Refusals as clients are told them.</summary>
internal static class ServeFaults
{
    internal static CommandException Failed(int code, string name, string message) => new(code, name, message);

    internal static CommandException NotSupported(string what) =>
        new(238, "NotImplemented", $"{what} is not supported by this backup's endpoint.");

    internal static CommandException ReadOnly(string command, string what) =>
        new(20, "IllegalOperation", $"'{command}' is refused: this is a read-only backup of {what}.");

    internal static CommandException NotLoggedIn(string command) =>
        new(13, "Unauthorized", $"command {command} requires authentication");

    internal static CommandException TimedOut() => new(50, "MaxTimeMSExpired", "operation exceeded time limit");
}
