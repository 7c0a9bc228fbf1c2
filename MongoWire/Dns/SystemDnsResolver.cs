using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;

namespace Backup.MongoWire.Dns;

/// <summary>
/// Asks the name servers of this host: over UDP, and over TCP where an answer does not fit. Each question has a number and a port of its
/// own by chance, and only the server that was asked can answer. It caches nothing: a client looks up once.
/// </summary>
public sealed class SystemDnsResolver : IDnsResolver
{
    private const int NoError = 0;
    private const int NameError = 3;
    private readonly Func<NameServers> _servers;
    private readonly TimeProvider _time;

    /// <param name="servers">Read anew for each look-up: the file changes when the host moves to another network.</param>
    internal SystemDnsResolver(Func<NameServers> servers, TimeProvider time)
    {
        _servers = servers;
        _time = time;
    }

    public static SystemDnsResolver Instance { get; } = new(Configured, TimeProvider.System);

    public async Task<IReadOnlyList<SrvRecord>> LookUpSrvAsync(string name, CancellationToken cancellation) =>
        (await AskAsync(name, DnsType.Srv, cancellation)).Services;

    public async Task<IReadOnlyList<string>> LookUpTxtAsync(string name, CancellationToken cancellation) =>
        (await AskAsync(name, DnsType.Txt, cancellation)).Texts;

    private static NameServers Configured()
    {
        try
        {
            return NameServers.Parse(File.ReadLines(NameServers.Path));
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            return NameServers.Parse([]);
        }
    }

    private async Task<DnsAnswer> AskAsync(string name, DnsType type, CancellationToken cancellation)
    {
        var servers = _servers();
        var failures = new List<string>();
        for (var attempt = 0; attempt < servers.Attempts; attempt++)
        {
            foreach (var server in servers.Servers)
            {
                var (answer, why) = await TryAsync(server, servers.Timeout, name, type, cancellation);
                if (answer is { Code: NoError or NameError })
                {
                    return answer;
                }

                failures.Add($"{server.Address}: {why}");
            }
        }

        throw MongoWireErrors.Srv(name, string.Join("; ", failures.Distinct()), transient: true);
    }

    private async Task<(DnsAnswer? Answer, string Why)> TryAsync(
        IPEndPoint server,
        TimeSpan timeout,
        string name,
        DnsType type,
        CancellationToken cancellation
    )
    {
        using var limit = new CancellationTokenSource(timeout, _time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, cancellation);
        try
        {
            var answer = await OverUdpAsync(server, name, type, either.Token);
            if (answer.IsTruncated)
            {
                answer = await OverTcpAsync(server, name, type, either.Token);
            }

            return (answer, $"it answered with the error {answer.Code}");
        }
        catch (OperationCanceledException) when (!cancellation.IsCancellationRequested)
        {
            return (null, $"no answer within {timeout.TotalSeconds:0.#} s");
        }
        catch (FormatException failure)
        {
            return (null, failure.Message);
        }
        catch (Exception failure) when (failure is SocketException or IOException)
        {
            return (null, failure.Message);
        }
    }

    private static async Task<DnsAnswer> OverUdpAsync(
        IPEndPoint server,
        string name,
        DnsType type,
        CancellationToken cancellation
    )
    {
        var id = NextId();
        using var socket = new Socket(server.AddressFamily, SocketType.Dgram, ProtocolType.Udp);

        // Connected: what others send is not even delivered.
        await socket.ConnectAsync(server, cancellation);
        await socket.SendAsync(DnsMessage.Query(id, name, type), cancellation);
        var buffer = new byte[DnsMessage.MaxUdpLength];
        while (true)
        {
            var length = await socket.ReceiveAsync(buffer, cancellation);
            if (DnsMessage.Read(buffer.AsSpan(0, length), id, name, type) is { } answer)
            {
                return answer;
            }
        }
    }

    private static async Task<DnsAnswer> OverTcpAsync(
        IPEndPoint server,
        string name,
        DnsType type,
        CancellationToken cancellation
    )
    {
        var id = NextId();
        using var socket = new Socket(server.AddressFamily, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        await socket.ConnectAsync(server, cancellation);
        await using var stream = new NetworkStream(socket);
        var query = DnsMessage.Query(id, name, type);
        var framed = new byte[sizeof(ushort) + query.Length];
        BinaryPrimitives.WriteUInt16BigEndian(framed, (ushort)query.Length);
        query.CopyTo(framed, sizeof(ushort));
        await stream.WriteAsync(framed, cancellation);
        var prefix = new byte[sizeof(ushort)];
        await stream.ReadExactlyAsync(prefix, cancellation);
        var message = new byte[BinaryPrimitives.ReadUInt16BigEndian(prefix)];
        await stream.ReadExactlyAsync(message, cancellation);
        return DnsMessage.Read(message, id, name, type) is { IsTruncated: false } answer
            ? answer
            : throw new FormatException("its answer over TCP is none to the question");
    }

    private static ushort NextId() => (ushort)RandomNumberGenerator.GetInt32(ushort.MaxValue + 1);
}
