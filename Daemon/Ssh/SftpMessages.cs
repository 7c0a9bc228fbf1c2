namespace Backup.Daemon.Ssh;

/// <summary>
/// Numbers of the SSH File Transfer Protocol, version 3. Source: draft-ietf-secsh-filexfer-02, and OpenSSH's PROTOCOL for what it adds.
/// </summary>
internal static class SftpMessages
{
    internal const byte Init = 1;
    internal const byte Version = 2;
    internal const byte Open = 3;
    internal const byte Close = 4;
    internal const byte Read = 5;
    internal const byte Write = 6;
    internal const byte FileStat = 8;
    internal const byte FileSetStat = 10;
    internal const byte Remove = 13;
    internal const byte MakeFolder = 14;
    internal const byte RealPath = 16;
    internal const byte Stat = 17;
    internal const byte Rename = 18;
    internal const byte Status = 101;
    internal const byte Handle = 102;
    internal const byte Data = 103;
    internal const byte Name = 104;
    internal const byte Attributes = 105;
    internal const byte Extended = 200;
    internal const byte ExtendedReply = 201;

    internal const uint ProtocolVersion = 3;

    internal const uint HasSize = 0x1;
    internal const uint HasOwner = 0x2;
    internal const uint HasPermissions = 0x4;
    internal const uint HasTimes = 0x8;
    internal const uint HasExtended = 0x8000_0000;

    internal const string StatVfs = "statvfs@openssh.com";
    internal const string Sync = "fsync@openssh.com";
    internal const string PosixRename = "posix-rename@openssh.com";
}

/// <summary>How a file is opened.</summary>
[Flags]
internal enum SftpOpen : uint
{
    Read = 0x1,
    Write = 0x2,
    Create = 0x8,
    Truncate = 0x10,
}

/// <summary>What a server says of a request.</summary>
internal enum SftpStatus : uint
{
    Ok = 0,
    EndOfFile = 1,
    NoSuchFile = 2,
    PermissionDenied = 3,
    Failure = 4,
    BadMessage = 5,
    NoConnection = 6,
    ConnectionLost = 7,
    Unsupported = 8,
}

/// <param name="Size">Bytes; null where the server does not say.</param>
/// <param name="Permissions">As <c>st_mode</c>; null where the server does not say.</param>
internal sealed record SftpAttributes(long? Size, uint? Permissions)
{
    private const uint TypeMask = 0xF000;
    private const uint FolderType = 0x4000;

    internal bool IsFolder => Permissions is { } mode && (mode & TypeMask) == FolderType;
}

/// <summary>Room on the file system of a folder.</summary>
/// <param name="Available">Bytes that this user can still write.</param>
/// <param name="Total">Bytes of the file system.</param>
internal sealed record SftpSpace(long Available, long Total);

/// <summary>The server refused a request; the connection goes on.</summary>
internal sealed class SftpException(SftpStatus status, string said) : Exception(said)
{
    internal SftpStatus Status => status;
}

/// <summary>The connection is over: it was cut, or what came is not SFTP.</summary>
/// <param name="message">Why.</param>
/// <param name="isNonsense">What came is not the protocol: another try would give the same.</param>
/// <param name="inner">The cause.</param>
internal sealed class SftpBrokenException(string message, bool isNonsense = false, Exception? inner = null)
    : Exception(message, inner)
{
    internal bool IsNonsense => isNonsense;
}
