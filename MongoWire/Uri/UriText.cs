using System.Buffers;
using System.Text;

namespace Backup.MongoWire.Uri;

/// <summary>Percent-encoding, taken strictly: a % without two hexadecimal digits is an error.</summary>
internal static class UriText
{
    private static readonly UTF8Encoding Strict = new(false, throwOnInvalidBytes: true);

    internal static string Decode(string text)
    {
        if (!text.Contains('%'))
        {
            return text;
        }

        var bytes = new ArrayBufferWriter<byte>(text.Length);
        for (var i = 0; i < text.Length; )
        {
            if (text[i] != '%')
            {
                var next = text.IndexOf('%', i);
                var end = next < 0 ? text.Length : next;
                Encoding.UTF8.GetBytes(text.AsSpan(i, end - i), bytes);
                i = end;
                continue;
            }

            if (i + 2 >= text.Length || !char.IsAsciiHexDigit(text[i + 1]) || !char.IsAsciiHexDigit(text[i + 2]))
            {
                throw MongoWireErrors.BadUri("a % is not followed by two hexadecimal digits");
            }

            bytes.Write([Convert.FromHexString(text.AsSpan(i + 1, 2))[0]]);
            i += 3;
        }

        try
        {
            return Strict.GetString(bytes.WrittenSpan);
        }
        catch (DecoderFallbackException)
        {
            throw MongoWireErrors.BadUri("percent-encoded bytes are no UTF-8");
        }
    }
}
