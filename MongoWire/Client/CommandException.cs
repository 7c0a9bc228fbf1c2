using Backup.Foundation.Errors;

namespace Backup.MongoWire.Client;

/// <summary>A server answered <c>ok: 0</c>. Also thrown by handlers of a listener, to answer so.</summary>
public sealed class CommandException : BackupException
{
    /// <param name="number">2140, or 2123 where the user lacks a privilege, 2120 where it is not known.</param>
    /// <param name="serverCode">MongoDB's error code, for example 13 Unauthorized; 0 where it sent none.</param>
    internal CommandException(
        int number,
        string message,
        string hint,
        int serverCode,
        string codeName,
        string serverMessage,
        IReadOnlyList<string> labels,
        bool transient
    )
        : base(number, message, hint, transient)
    {
        ServerCode = serverCode;
        CodeName = codeName;
        ServerMessage = serverMessage;
        Labels = labels;
    }

    public CommandException(int serverCode, string codeName, string serverMessage)
        : this(
            MongoWireErrors.CommandFailed,
            serverMessage,
            "See MongoDB's list of error codes.",
            serverCode,
            codeName,
            serverMessage,
            [],
            ServerErrors.IsTransient(serverCode)
        ) { }

    public int ServerCode { get; }

    /// <summary>For example <c>NotWritablePrimary</c>; empty where the server sent none.</summary>
    public string CodeName { get; }

    /// <summary>The server's <c>errmsg</c>.</summary>
    public string ServerMessage { get; }

    /// <summary><c>errorLabels</c>.</summary>
    public IReadOnlyList<string> Labels { get; }

    /// <summary>The member is no primary, or is leaving or recovering: look at the topology again and retry.</summary>
    public bool IsStateChange => ServerErrors.IsStateChange(ServerCode, ServerMessage);

    /// <summary>How fresh the server's word is; null before MongoDB 4.4.</summary>
    internal TopologyVersion? TopologyVersion { get; set; }
}
