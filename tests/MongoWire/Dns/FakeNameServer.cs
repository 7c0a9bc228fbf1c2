using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace Backup.Tests.MongoWire.Dns;

/// <summary>A name server on real sockets, UDP and TCP on the same port. It writes messages by itself, names with pointers.</summary>
internal sealed class FakeNameServer : IAsyncDisposable
{
    private readonly CancellationTokenSource _stop = new();
    private readonly TcpListener _tcp = new(IPAddress.Loopback, 0);
    private readonly UdpClient _udp;
    private readonly Task _work;

    internal FakeNameServer()
    {
        _tcp.Start();
        _udp = new UdpClient((IPEndPoint)_tcp.LocalEndpoint);
        _work = Task.WhenAll(UdpAsync(), TcpAsync());
    }

    internal IPEndPoint EndPoint => (IPEndPoint)_tcp.LocalEndpoint;

    /// <summary>The data of each record of the answer, by the type that was asked for.</summary>
    internal Dictionary<int, List<byte[]>> Records { get; } = [];

    internal bool TruncatesUdp { get; set; }

    internal bool IsSilent { get; set; }

    internal int Code { get; set; }

    /// <summary>Comes before the answer over UDP.</summary>
    internal Func<byte[], byte[]>? Forgery { get; set; }

    internal int UdpQuestions { get; private set; }

    internal int TcpQuestions { get; private set; }

    internal static byte[] Srv(int port, string target) =>
        [0, 10, 0, 20, (byte)(port >> 8), (byte)port, .. Name(target)];

    internal static byte[] Txt(params string[] parts) =>
        [.. parts.SelectMany(part => (byte[])[(byte)part.Length, .. Encoding.ASCII.GetBytes(part)])];

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        _tcp.Stop();
        _udp.Dispose();
        await _work.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        _stop.Dispose();
    }

    private static byte[] Name(string name) =>
        [.. name.Split('.').SelectMany(label => (byte[])[(byte)label.Length, .. Encoding.ASCII.GetBytes(label)]), 0];

    private async Task UdpAsync()
    {
        while (true)
        {
            var question = await _udp.ReceiveAsync(_stop.Token);
            UdpQuestions++;
            if (IsSilent)
            {
                continue;
            }

            if (Forgery is not null)
            {
                var forged = Forgery(Answer(question.Buffer, truncated: false));
                await _udp.SendAsync(forged, question.RemoteEndPoint, _stop.Token);
            }

            await _udp.SendAsync(Answer(question.Buffer, TruncatesUdp), question.RemoteEndPoint, _stop.Token);
        }
    }

    private async Task TcpAsync()
    {
        while (true)
        {
            using var client = await _tcp.AcceptTcpClientAsync(_stop.Token);
            TcpQuestions++;
            var stream = client.GetStream();
            var prefix = new byte[2];
            await stream.ReadExactlyAsync(prefix, _stop.Token);
            var question = new byte[BinaryPrimitives.ReadUInt16BigEndian(prefix)];
            await stream.ReadExactlyAsync(question, _stop.Token);
            var answer = Answer(question, truncated: false);
            byte[] framed = [(byte)(answer.Length >> 8), (byte)answer.Length, .. answer];
            await stream.WriteAsync(framed.AsMemory(0, 1), _stop.Token);
            await stream.WriteAsync(framed.AsMemory(1), _stop.Token);
        }
    }

    private byte[] Answer(byte[] query, bool truncated)
    {
        var end = Array.IndexOf(query, (byte)0, 12) + 1;
        var type = BinaryPrimitives.ReadUInt16BigEndian(query.AsSpan(end));
        var records = truncated ? [] : Records.GetValueOrDefault(type, []);
        var answer = new List<byte>(query[..2])
        {
            (byte)(0x81 | (truncated ? 2 : 0)),
            (byte)(0x80 | Code),
            0,
            1,
            (byte)(records.Count >> 8),
            (byte)records.Count,
            0,
            0,
            0,
            0,
        };
        answer.AddRange(query[12..(end + 4)]);
        foreach (var data in records)
        {
            // The name is a pointer to that of the question.
            answer.AddRange([0xc0, 12, 0, (byte)type, 0, 1, 0, 0, 0, 60, (byte)(data.Length >> 8), (byte)data.Length]);
            answer.AddRange(data);
        }

        return [.. answer];
    }
}
