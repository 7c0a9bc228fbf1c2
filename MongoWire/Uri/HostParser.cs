using System.Globalization;
using System.Net;
using System.Net.Sockets;

namespace Backup.MongoWire.Uri;

/// <summary>One host of a connection string or of a hello. Its errors repeat no input: it may be half a password.</summary>
internal static class HostParser
{
    /// <param name="text">Percent-encoded only where it is the path of a socket.</param>
    internal static HostAddress Parse(string text)
    {
        if (text.Length == 0)
        {
            throw MongoWireErrors.BadUri("a host is empty");
        }

        var decoded = UriText.Decode(text);
        if (decoded.Contains('/'))
        {
            return decoded.EndsWith(".sock", StringComparison.Ordinal)
                ? new HostAddress(decoded, 0, HostKind.UnixSocket)
                : throw MongoWireErrors.BadUri("a host holds a / but is no path of a .sock");
        }

        return decoded[0] == '[' ? ParseIPv6(decoded) : ParseNamed(decoded);
    }

    private static HostAddress ParseIPv6(string text)
    {
        var end = text.IndexOf(']');
        if (end < 0 || !IPAddress.TryParse(text.AsSpan(1, end - 1), out _))
        {
            throw MongoWireErrors.BadUri("an IPv6 address in [ ] is none");
        }

        var after = text[(end + 1)..];
        return new HostAddress(
            text[1..end].ToLowerInvariant(),
            after.Length == 0 ? HostAddress.DefaultPort
                : after[0] == ':' ? ParsePort(after[1..])
                : throw MongoWireErrors.BadUri("behind ] stands something other than :port"),
            HostKind.IPv6
        );
    }

    private static HostAddress ParseNamed(string text)
    {
        var colon = text.IndexOf(':');
        var name = colon < 0 ? text : text[..colon];
        if (name.Length == 0)
        {
            throw MongoWireErrors.BadUri("a host has no name");
        }

        var port = colon < 0 ? HostAddress.DefaultPort : ParsePort(text[(colon + 1)..]);
        return new HostAddress(name.ToLowerInvariant(), port, KindOf(name));
    }

    private static HostKind KindOf(string name) =>
        name.Count(character => character == '.') == 3
        && IPAddress.TryParse(name, out var address)
        && address.AddressFamily == AddressFamily.InterNetwork
            ? HostKind.IPv4
            : HostKind.Name;

    private static int ParsePort(string text) =>
        int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var port) && port is >= 1 and <= 65535
            ? port
            : throw MongoWireErrors.BadUri("a port is no number from 1 to 65535");
}
