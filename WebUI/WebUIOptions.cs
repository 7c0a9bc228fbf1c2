using System.Net;
using System.Security.Cryptography.X509Certificates;
using Backup.WebUI.Access;

namespace Backup.WebUI;

/// <summary>What one instance of the web server is told.</summary>
public sealed record WebUIOptions
{
    /// <summary>Where it listens; other hosts reach it only where this is no loopback address, and then over TLS only.</summary>
    public IPAddress Address { get; init; } = IPAddress.Loopback;

    /// <summary>1 to 65535, or 0 for any that is free.</summary>
    public int Port { get; init; } = 8080;

    /// <summary>Asked for each connection, so that a renewed one is taken at once; null: no TLS, on loopback alone.</summary>
    public Func<X509Certificate2>? Certificate { get; init; }

    /// <summary>By which browsers reach it, beside addresses and localhost.</summary>
    public IReadOnlyList<string> Names { get; init; } = [];

    /// <summary>Who requests are from; null: whoever has a session or an API token.</summary>
    public ICallers? Callers { get; init; }
}
