using System.Net;
using System.Net.Sockets;

namespace Backup.Tests.Support;

/// <summary>Ports for servers that are told theirs before they listen, and that keep them when they are killed and started again.</summary>
/// <remarks>
/// They are below those that the system hands out: else any connection, of any process, could take one between the choice and the start, or
/// while its server is down. A file says to the other test processes that a port is taken; it is locked for as long as this process lives.
/// </remarks>
public static class FreePorts
{
    private const int Lowest = 12_000;
    private const int Highest = 30_000;
    private static readonly Lock _gate = new();
    private static readonly List<FileStream> _held = [];
    private static int _next = Random.Shared.Next(Lowest, Highest);

    /// <summary>One of 127.0.0.1 that nobody listens at, and that no test is handed as long as this process lives.</summary>
    public static int One()
    {
        lock (_gate)
        {
            for (var tried = Lowest; tried < Highest; tried++)
            {
                _next = _next + 1 < Highest ? _next + 1 : Lowest;
                if (TryHold(_next))
                {
                    return _next;
                }
            }
        }

        throw new InvalidOperationException($"No port from {Lowest} to {Highest} is free.");
    }

    /// <summary>Each another one.</summary>
    public static List<int> Several(int count) => [.. Enumerable.Range(0, count).Select(static _ => One())];

    private static bool TryHold(int port)
    {
        var folder = Directory.CreateDirectory(
            Path.Combine(Path.GetTempPath(), $"backup-test-ports-{Environment.UserName}")
        );
        FileStream held;
        try
        {
            held = new FileStream(
                Path.Combine(folder.FullName, $"{port}"),
                FileMode.OpenOrCreate,
                FileAccess.ReadWrite,
                FileShare.None
            );
        }
        catch (IOException)
        {
            return false; // Another test process has it.
        }

        try
        {
            using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
            socket.Bind(new IPEndPoint(IPAddress.Loopback, port));
        }
        catch (SocketException)
        {
            held.Dispose();
            return false;
        }

        _held.Add(held);
        return true;
    }
}
