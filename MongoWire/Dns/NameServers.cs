using System.Net;

namespace Backup.MongoWire.Dns;

/// <summary>Whom the system asks, from /etc/resolv.conf: name servers, patience and tries. Search lists do not apply to full names.</summary>
/// <param name="Servers">At most three, as the C library takes.</param>
/// <param name="Timeout">Of one question to one server.</param>
/// <param name="Attempts">Rounds through all servers.</param>
internal sealed record NameServers(IReadOnlyList<IPEndPoint> Servers, TimeSpan Timeout, int Attempts)
{
    internal const string Path = "/etc/resolv.conf";
    private const int Port = 53;
    private const int MostServers = 3;

    internal static NameServers Parse(IEnumerable<string> lines)
    {
        var servers = new List<IPEndPoint>();
        var (timeout, attempts) = (5, 2);
        foreach (var line in lines)
        {
            var words = line.Split((char[])[' ', '\t'], StringSplitOptions.RemoveEmptyEntries);
            if (words is ["nameserver", var address, ..] && IPAddress.TryParse(address, out var parsed))
            {
                servers.Add(new IPEndPoint(parsed, Port));
            }
            else if (words is ["options", .. var options])
            {
                foreach (var option in options)
                {
                    timeout = Value(option, "timeout:", 30) ?? timeout;
                    attempts = Value(option, "attempts:", 5) ?? attempts;
                }
            }
        }

        // Without any the C library asks the host itself.
        if (servers.Count == 0)
        {
            servers.Add(new IPEndPoint(IPAddress.Loopback, Port));
        }

        return new NameServers([.. servers.Take(MostServers)], TimeSpan.FromSeconds(timeout), attempts);
    }

    private static int? Value(string option, string name, int most) =>
        option.StartsWith(name, StringComparison.Ordinal) && int.TryParse(option.AsSpan(name.Length), out var value)
            ? Math.Clamp(value, 1, most)
            : null;
}
