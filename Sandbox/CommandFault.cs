using Backup.MongoQuery;
using Backup.MongoWire.Bson;

namespace Backup.Sandbox;

/// <summary>A command that ends with <c>ok: 0</c>, as the client is told. Codes: the server's error_codes.yml.</summary>
internal sealed class CommandFault(int code, string codeName, string message, params string[] labels)
    : Exception(message)
{
    public int Code { get; } = code;

    public string CodeName { get; } = codeName;

    public IReadOnlyList<string> Labels { get; } = labels;

    /// <summary>What a duplicate key adds to its error: which index, which key.</summary>
    public BsonDocument? KeyPattern { get; init; }

    public BsonDocument? KeyValue { get; init; }

    /// <summary>What a client is told of a failure; null for one that is no answer.</summary>
    public static CommandFault? Of(Exception failure) =>
        failure switch
        {
            CommandFault fault => fault,
            QueryException query => new CommandFault(query.ServerCode, query.CodeName, query.Message),
            _ => null,
        };

    /// <summary>Of commands that say what is wrong in words only.</summary>
    public static CommandFault Nameless(string message) => new(0, "", message);

    public static CommandFault BadValue(string message) => new(2, "BadValue", message);

    public static CommandFault FailedToParse(string message) => new(9, "FailedToParse", message);

    public static CommandFault TypeMismatch(string message) => new(14, "TypeMismatch", message);

    public static CommandFault Unauthorized(string message) => new(13, "Unauthorized", message);

    public static CommandFault AuthenticationFailed() => new(18, "AuthenticationFailed", "Authentication failed.");

    public static CommandFault IllegalOperation(string message) => new(20, "IllegalOperation", message);

    public static CommandFault NamespaceNotFound(string message = "ns not found") =>
        new(26, "NamespaceNotFound", message);

    public static CommandFault IndexNotFound(string message) => new(27, "IndexNotFound", message);

    public static CommandFault PathNotViable(string message) => new(28, "PathNotViable", message);

    public static CommandFault ConflictingUpdate(string path, string at) =>
        new(40, "ConflictingUpdateOperators", $"Updating the path '{path}' would create a conflict at '{at}'");

    public static CommandFault CursorNotFound(long id) => new(43, "CursorNotFound", $"cursor id {id} not found");

    public static CommandFault NamespaceExists(string message) => new(48, "NamespaceExists", message);

    public static CommandFault CommandNotFound(string name) =>
        new(
            59,
            "CommandNotFound",
            $"no such command: '{name}' (this is the backup sandbox, which knows a part of MongoDB's commands only)"
        );

    public static CommandFault ImmutableField(string path) =>
        new(
            66,
            "ImmutableField",
            $"Performing an update on the path '{path}' would modify the immutable field '{path}'"
        );

    public static CommandFault InvalidOptions(string message) => new(72, "InvalidOptions", message);

    public static CommandFault InvalidNamespace(string message) => new(73, "InvalidNamespace", message);

    public static CommandFault WriteConflict() =>
        new(
            112,
            "WriteConflict",
            "WriteConflict error: this operation conflicted with another operation. Please retry your operation or multi-document transaction.",
            "TransientTransactionError"
        );

    public static CommandFault CappedPositionLost(string ns) =>
        new(
            136,
            "CappedPositionLost",
            $"CollectionScan died due to position in capped collection '{ns}' being deleted."
        );

    public static CommandFault NoSuchTransaction(string message) =>
        new(251, "NoSuchTransaction", message, "TransientTransactionError");

    public static CommandFault NotPrimary() => new(10107, "NotMaster", "not master");

    public static CommandFault NotPrimaryNoSecondaryOk() =>
        new(13435, "NotMasterNoSlaveOk", "not master and slaveOk=false");

    public static CommandFault NotReadable(bool recovers) =>
        new(
            13436,
            "NotMasterOrSecondary",
            recovers ? "node is recovering" : "node is not in primary or recovering state"
        );

    public static CommandFault TooLarge(long size) =>
        new(10334, "BSONObjectTooLarge", $"object to insert too large. size in bytes: {size}, max size: 16777216");

    public static CommandFault DuplicateKey(string ns, string index, BsonDocument pattern, BsonDocument value) =>
        new(
            11000,
            "DuplicateKey",
            $"E11000 duplicate key error collection: {ns} index: {index} dup key: {ExtendedJson.ToText(value.View)}"
        )
        {
            KeyPattern = pattern,
            KeyValue = value,
        };
}
