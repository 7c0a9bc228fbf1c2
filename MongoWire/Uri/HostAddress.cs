using System.Globalization;

namespace Backup.MongoWire.Uri;

/// <summary>How a host is written.</summary>
public enum HostKind
{
    Name,
    IPv4,
    IPv6,

    /// <summary>A path of a Unix domain socket; it has no port.</summary>
    UnixSocket,
}

/// <summary>One member's address, compared without regard to case as MongoDB does.</summary>
/// <param name="Host">Lower case name, address without brackets, or path of a socket.</param>
/// <param name="Port">1 to 65535; 0 for a socket.</param>
public readonly record struct HostAddress(string Host, int Port, HostKind Kind = HostKind.Name)
{
    public const int DefaultPort = 27017;

    /// <summary>As a server writes members in its hello: <c>host:port</c>, <c>[::1]:port</c>.</summary>
    /// <exception cref="Foundation.Errors.BackupException">2100 where it is none.</exception>
    public static HostAddress Parse(string text) => HostParser.Parse(text);

    /// <summary>As <c>host:port</c>, <c>[::1]:port</c> or the socket's path.</summary>
    public override string ToString() =>
        Kind switch
        {
            HostKind.UnixSocket => Host,
            HostKind.IPv6 => string.Create(CultureInfo.InvariantCulture, $"[{Host}]:{Port}"),
            _ => string.Create(CultureInfo.InvariantCulture, $"{Host}:{Port}"),
        };
}
