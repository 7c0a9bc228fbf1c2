using System.Buffers.Binary;
using System.Text;

namespace Backup.MongoWire.Dns;

internal enum DnsType : ushort
{
    Txt = 16,
    Srv = 33,
    Opt = 41,
}

/// <summary>What a name server answered.</summary>
/// <param name="Code">0: no error; 3: the name does not exist.</param>
/// <param name="IsTruncated">Not all fitted: to be asked again over TCP.</param>
internal sealed record DnsAnswer(
    int Code,
    bool IsTruncated,
    IReadOnlyList<SrvRecord> Services,
    IReadOnlyList<string> Texts
);

/// <summary>
/// DNS messages, as far as SRV and TXT need them (RFC 1035, RFC 2782, RFC 6891). Reading trusts nothing: every length and every pointer
/// is checked.
/// </summary>
internal static class DnsMessage
{
    /// <summary>Bytes of an answer over UDP that pass every network whole.</summary>
    internal const int MaxUdpLength = 1232;

    private const int HeaderLength = 12;
    private const int MaxNameLength = 255;
    private const int MaxLabelLength = 63;
    private const ushort Internet = 1;
    private const ushort RecursionDesired = 0x0100;
    private const ushort IsAnswer = 0x8000;
    private const ushort Truncated = 0x0200;

    /// <exception cref="FormatException">The name cannot be a DNS name.</exception>
    internal static byte[] Query(ushort id, string name, DnsType type)
    {
        var message = new List<byte>(HeaderLength + name.Length + 32);
        Add(message, id);
        Add(message, RecursionDesired);
        Add(message, 1);
        Add(message, 0);
        Add(message, 0);
        Add(message, 1);
        AddName(message, name);
        Add(message, (ushort)type);
        Add(message, Internet);

        // EDNS(0): the root name, and how much may come over UDP in place of a class.
        message.Add(0);
        Add(message, (ushort)DnsType.Opt);
        Add(message, MaxUdpLength);
        message.AddRange(new byte[6]);
        return [.. message];
    }

    /// <summary>Null where the message is no answer to that very question: it is passed over, as a forged one must be.</summary>
    /// <exception cref="FormatException">It is the answer, but damaged.</exception>
    internal static DnsAnswer? Read(ReadOnlySpan<byte> message, ushort id, string name, DnsType type)
    {
        if (message.Length < HeaderLength || Number(message, 0) != id || (Number(message, 2) & IsAnswer) == 0)
        {
            return null;
        }

        var flags = Number(message, 2);
        var code = flags & 0x000f;
        if (Number(message, 4) != 1)
        {
            return null;
        }

        var position = HeaderLength;
        var asked = ReadName(message, ref position);
        if (
            !asked.Equals(name.TrimEnd('.'), StringComparison.OrdinalIgnoreCase)
            || Number(message, position) != (ushort)type
            || Number(message, position + 2) != Internet
        )
        {
            return null;
        }

        position += 4;
        if ((flags & Truncated) != 0)
        {
            return new DnsAnswer(code, true, [], []);
        }

        var services = new List<SrvRecord>();
        var texts = new List<string>();
        for (var left = Number(message, 6); left > 0; left--)
        {
            // A name server that follows an alias answers with the records of another name; what counts is their type.
            _ = ReadName(message, ref position);
            var (found, kind) = (Number(message, position), Number(message, position + 2));
            var length = Number(message, position + 8);
            position += 10;
            var data = Slice(message, position, length);
            if (kind == Internet && found == (ushort)type)
            {
                if (type == DnsType.Srv)
                {
                    services.Add(ReadService(message, position, length));
                }
                else
                {
                    texts.Add(ReadText(data));
                }
            }

            position += length;
        }

        return new DnsAnswer(code, false, services, texts);
    }

    private static SrvRecord ReadService(ReadOnlySpan<byte> message, int position, int length)
    {
        const int targetAt = 6;
        var port = Number(message, position + 4);
        var start = position + targetAt;
        var target = ReadName(message, ref start);
        return start == position + length
            ? new SrvRecord(target, port)
            : throw new FormatException("an SRV record is longer or shorter than its target");
    }

    private static string ReadText(ReadOnlySpan<byte> data)
    {
        var text = new StringBuilder();
        for (var position = 0; position < data.Length; )
        {
            var part = Slice(data, position + 1, data[position]);
            text.Append(Encoding.Latin1.GetString(part));
            position += 1 + part.Length;
        }

        return text.ToString();
    }

    /// <summary>A name with its pointers followed. Each pointer must lead further back than the one before, so it ends.</summary>
    private static string ReadName(ReadOnlySpan<byte> message, ref int position)
    {
        var name = new StringBuilder();
        var at = position;
        var end = -1;
        var limit = position;
        while (true)
        {
            var length = Slice(message, at, 1)[0];
            if ((length & 0xc0) == 0xc0)
            {
                end = end < 0 ? at + 2 : end;
                at = Number(message, at) & 0x3fff;
                if (at >= limit)
                {
                    throw new FormatException("a name points forward");
                }

                limit = at;
                continue;
            }

            if (length > MaxLabelLength)
            {
                throw new FormatException("a name has a label of an unknown kind");
            }

            at++;
            if (length == 0)
            {
                position = end < 0 ? at : end;
                return name.ToString();
            }

            if (name.Length > 0)
            {
                name.Append('.');
            }

            name.Append(Encoding.Latin1.GetString(Slice(message, at, length)));
            at += length;
            if (name.Length > MaxNameLength)
            {
                throw new FormatException("a name is too long");
            }
        }
    }

    private static void AddName(List<byte> message, string name)
    {
        var start = message.Count;
        foreach (var label in name.TrimEnd('.').Split('.'))
        {
            if (label.Length is 0 or > MaxLabelLength || !label.All(char.IsAscii))
            {
                throw new FormatException($"'{name}' is no name of the name service");
            }

            message.Add((byte)label.Length);
            message.AddRange(Encoding.ASCII.GetBytes(label));
        }

        message.Add(0);
        if (message.Count - start > MaxNameLength)
        {
            throw new FormatException($"'{name}' is too long for the name service");
        }
    }

    private static void Add(List<byte> message, ushort number)
    {
        message.Add((byte)(number >> 8));
        message.Add((byte)number);
    }

    private static ushort Number(ReadOnlySpan<byte> message, int position) =>
        BinaryPrimitives.ReadUInt16BigEndian(Slice(message, position, 2));

    private static ReadOnlySpan<byte> Slice(ReadOnlySpan<byte> message, int position, int length) =>
        position >= 0 && position + length <= message.Length
            ? message.Slice(position, length)
            : throw new FormatException("it ends too early");
}
