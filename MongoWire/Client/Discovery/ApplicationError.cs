using Backup.Foundation.Errors;
using Backup.MongoWire.Bson;
using Backup.MongoWire.Uri;

namespace Backup.MongoWire.Client.Discovery;

/// <summary>How far a connection had come when it failed.</summary>
internal enum ErrorStage
{
    /// <summary>Socket, TLS, the first hello.</summary>
    Connecting,

    Authenticating,

    Established,
}

internal enum ErrorKind
{
    Network,
    Timeout,

    /// <summary>The server answered, with an error.</summary>
    Command,
}

/// <summary>
/// What a connection that is used for commands (not one that only watches) saw go wrong, as discovery judges it. Source: the driver
/// specification "server discovery and monitoring", error handling.
/// </summary>
internal sealed record ApplicationError
{
    /// <summary>A server under load refuses connections with it: no reason to believe that it is gone.</summary>
    private const string Overloaded = "SystemOverloadedError";

    public required HostAddress Host { get; init; }

    /// <summary>The pool's generation when the connection was opened: an error of an older one says nothing new.</summary>
    public required int Generation { get; init; }

    public required ErrorStage Stage { get; init; }

    public required ErrorKind Kind { get; init; }

    public required BackupException Failure { get; init; }

    /// <summary>The server's error code; 0 where it sent none.</summary>
    public int Code { get; init; }

    public string ServerMessage { get; init; } = "";

    public TopologyVersion? TopologyVersion { get; init; }

    public bool IsOverload { get; init; }

    /// <summary>The server is no primary any more, or is leaving or recovering.</summary>
    internal bool IsStateChange => Kind == ErrorKind.Command && ServerErrors.IsStateChange(Code, ServerMessage);

    internal bool IsShutdown => Kind == ErrorKind.Command && ServerErrors.IsShutdown(Code);

    internal static ApplicationError Of(HostAddress host, int generation, ErrorStage stage, BackupException failure) =>
        new()
        {
            Host = host,
            Generation = generation,
            Stage = stage,
            Kind =
                failure is CommandException ? ErrorKind.Command
                : failure.Number == MongoWireErrors.TimedOut ? ErrorKind.Timeout
                : ErrorKind.Network,
            Failure = failure,
            Code = failure is CommandException refused ? refused.ServerCode : 0,
            ServerMessage = failure is CommandException told ? told.ServerMessage : "",
            TopologyVersion = failure is CommandException versioned ? versioned.TopologyVersion : null,
            IsOverload = failure is CommandException labelled && labelled.Labels.Contains(Overloaded),
        };

    /// <summary>
    /// What a reply with <c>ok: 1</c> carries beside its result: an error of the write concern, which may mean that the server changed
    /// its state. Errors of single writes are the caller's. Null where there is none.
    /// </summary>
    internal static CommandException? OfWriteConcern(HostAddress host, string command, BsonView reply) =>
        reply.TryGet("writeConcernError"u8, out var field) && field.Type == BsonType.Document
            ? OfReply(host, command, field.AsDocument, reply)
            : null;

    /// <summary>The exception of a reply with <c>ok: 0</c>.</summary>
    internal static CommandException OfReply(HostAddress host, string command, BsonView reply) =>
        OfReply(host, command, reply, reply);

    private static CommandException OfReply(HostAddress host, string command, BsonView error, BsonView reply)
    {
        var made = MongoWireErrors.Command(
            host,
            command,
            RawFields.Number(error, "code"u8),
            RawFields.Text(error, "codeName"u8) ?? "",
            RawFields.Text(error, "errmsg"u8) ?? "no reason given",
            RawFields.Texts(reply, "errorLabels"u8)
        );
        made.TopologyVersion = HelloCommand.TopologyVersionOf(reply);
        return made;
    }
}
