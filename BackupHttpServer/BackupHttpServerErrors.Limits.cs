using Backup.Foundation.Errors;

namespace Backup.BackupHttpServer;

public static partial class BackupHttpServerErrors
{
    public static BackupException AgentBusy(int most) =>
        new(
            AgentTooBusy,
            $"This agent has as many requests in work as it may have ({most}).",
            "The agent sends it again by itself; if this lasts, look for a second process with a copy of its agent.json.",
            transient: true
        );

    public static BackupException AgentTooFast() =>
        new(
            AgentRate,
            "This agent sends more requests in a second than it may.",
            "The agent sends it again by itself; if this lasts, look for a second process with a copy of its agent.json.",
            transient: true
        );

    public static BackupException ServerFull() =>
        new(
            ServerTooBusy,
            "The server has as many requests in work as it takes.",
            "The agent sends it again by itself; if this lasts, add an instance of the server.",
            transient: true
        );

    public static BackupException CopiesHeld(string reason) =>
        new(
            BackEndBehind,
            $"Copies of collections wait, the oplog goes on: {reason}.",
            "Remove the cause; the agent goes on by itself where it is now.",
            transient: true
        );

    public static BackupException BadBuild(string path, string what) =>
        new(
            BuildUnusable,
            $"'{path}' cannot be offered to agents: {what}.",
            "Give the program backup-agent of a release as it is shipped, and that release's version: backup agents offer FILE --version V."
        );

    public static BackupException LongHeaders() =>
        new(
            HeadersTooLong,
            "The request's first line or its headers are longer than what is read.",
            "Install the agent of the same release as the server; nobody else has to ask here."
        );

    public static BackupException NoHttp() =>
        new(
            RequestMalformed,
            "What came is no HTTP request.",
            "Check what speaks to this port: it is the one for agents."
        );

    public static BackupException NoSuchMethod(string method) =>
        new(
            MethodWrong,
            $"The method {method} means nothing at this route.",
            "Install the agent of the same release as the server."
        );
}
