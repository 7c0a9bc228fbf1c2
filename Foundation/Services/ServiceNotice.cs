using System.Net.Sockets;
using System.Text;

namespace Backup.Foundation.Services;

/// <summary>
/// Tells systemd how a service is, where it asks for that (<c>Type=notify</c>): <c>sd_notify(3)</c>, a datagram to the socket that it names. Nothing happens
/// elsewhere, and nothing fails: a service that works must not stop because nobody listens.
/// </summary>
public static class ServiceNotice
{
    private const string Variable = "NOTIFY_SOCKET";

    /// <summary>It does its work from now on.</summary>
    public static void Ready() => Send("READY=1");

    /// <summary>It ends, and takes a while for it.</summary>
    public static void Stopping() => Send("STOPPING=1");

    /// <param name="text">One line for people: <c>systemctl status</c> shows it.</param>
    public static void Status(string text) => Send($"STATUS={text.ReplaceLineEndings(" ")}");

    private static void Send(string state)
    {
        if (Environment.GetEnvironmentVariable(Variable) is not { Length: > 1 } path)
        {
            return;
        }

        try
        {
            using var socket = new Socket(AddressFamily.Unix, SocketType.Dgram, ProtocolType.Unspecified);
            // A name that begins with @ is in no folder.
            var name = path[0] == '@' ? $"\0{path.AsSpan(1)}" : path;
            socket.SendTo(Encoding.UTF8.GetBytes(state), new UnixDomainSocketEndPoint(name));
        }
        catch (SocketException)
        {
            // Nobody listens.
        }
    }
}
