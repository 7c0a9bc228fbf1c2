namespace Backup.MongoWire.Client;

/// <summary>
/// What MongoDB's error codes mean for a client. Sources: the driver specifications "server discovery and monitoring"
/// (not writable primary, node is recovering) and "retryable reads".
/// </summary>
public static class ServerErrors
{
    public const int Unauthorized = 13;
    public const int AuthenticationFailed = 18;
    public const int NamespaceNotFound = 26;
    public const int CursorNotFound = 43;
    public const int CommandNotFound = 59;
    public const int MaxTimeExpired = 50;
    public const int CappedPositionLost = 136;

    /// <summary>The server's state changed: the topology has to be looked at again.</summary>
    public static bool IsStateChange(int code) => IsNotPrimary(code) || IsRecovering(code);

    /// <summary>The same; the message counts only where the server sent no code (0), as old ones do.</summary>
    public static bool IsStateChange(int code, string message) =>
        code != 0
            ? IsStateChange(code)
            : message.Contains("not master", StringComparison.Ordinal)
                || message.Contains("node is recovering", StringComparison.Ordinal);

    public static bool IsNotPrimary(int code) => code is 10107 or 13435 or 10058;

    public static bool IsRecovering(int code) => code is 11600 or 11602 or 13436 or 189 or 91;

    /// <summary>The server is shutting down: connections to it are of no use any more.</summary>
    public static bool IsShutdown(int code) => code is 11600 or 91;

    /// <summary>A read that failed so may be sent again.</summary>
    public static bool IsTransient(int code) =>
        IsStateChange(code)
        // ExceededTimeLimit, HostUnreachable, HostNotFound, NetworkTimeout, SocketException, ReadConcernMajorityNotAvailableYet
        || code is 262 or 6 or 7 or 89 or 9001 or 134;
}
