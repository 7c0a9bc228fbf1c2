using System.Net;
using System.Net.Sockets;

namespace Backup.Tests.Browser;

internal static class Ports
{
    /// <summary>One that is free now; a server that is started again keeps it.</summary>
    internal static int Free()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }
}
