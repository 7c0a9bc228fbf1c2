using System.Buffers.Binary;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;

namespace Backup.Foundation.Secrets;

/// <summary>
/// Codes of an authenticator application: TOTP (RFC 6238) with what every one of them knows: HMAC-SHA-1, steps of 30 s, 6 digits. SHA-1 is unbroken
/// as an HMAC.
/// </summary>
public static class Totp
{
    private const int StepSeconds = 30;
    private const int Digits = 6;
    private const uint Modulus = 1_000_000;

    /// <summary>How many steps a clock may be ahead or behind.</summary>
    private const int Drift = 1;

    /// <summary>Bytes of a secret: as many as the hash has, as RFC 4226 recommends.</summary>
    public const int SecretLength = 20;

    private const string Base32Alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

    public static byte[] NewSecret() => RandomNumberGenerator.GetBytes(SecretLength);

    /// <summary>The secret as people type it into an application: base32 (RFC 4648) without padding.</summary>
    public static string Base32(ReadOnlySpan<byte> secret)
    {
        var text = new StringBuilder((secret.Length * 8 / 5) + 1);
        var (buffer, bits) = (0, 0);
        foreach (var octet in secret)
        {
            (buffer, bits) = (((buffer << 8) | octet) & 0xFFFF, bits + 8);
            for (; bits >= 5; bits -= 5)
            {
                text.Append(Base32Alphabet[(buffer >> (bits - 5)) & 31]);
            }
        }

        return bits == 0 ? text.ToString() : text.Append(Base32Alphabet[(buffer << (5 - bits)) & 31]).ToString();
    }

    /// <summary>What a QR code of the secret holds. Source: the key URI format of Google Authenticator.</summary>
    public static string Uri(string issuer, string account, ReadOnlySpan<byte> secret) =>
        string.Create(
            CultureInfo.InvariantCulture,
            $"otpauth://totp/{System.Uri.EscapeDataString(issuer)}:{System.Uri.EscapeDataString(account)}?secret={Base32(secret)}&issuer={System.Uri.EscapeDataString(issuer)}&algorithm=SHA1&digits={Digits}&period={StepSeconds}"
        );

    /// <summary>The step in which that time lies.</summary>
    public static long StepAt(DateTimeOffset time) => time.ToUnixTimeSeconds() / StepSeconds;

    /// <summary>The code of that step: six digits.</summary>
    public static string Code(ReadOnlySpan<byte> secret, long step)
    {
        Span<byte> counter = stackalloc byte[sizeof(long)];
        BinaryPrimitives.WriteInt64BigEndian(counter, step);
        Span<byte> mac = stackalloc byte[HMACSHA1.HashSizeInBytes];
#pragma warning disable CA5350 // RFC 6238 as the applications know it.
        HMACSHA1.HashData(secret, counter, mac);
#pragma warning restore CA5350
        var truncated = BinaryPrimitives.ReadUInt32BigEndian(mac[(mac[^1] & 15)..]) & 0x7FFF_FFFF;
        return (truncated % Modulus).ToString("D6", CultureInfo.InvariantCulture);
    }

    /// <summary>
    /// The step that the code is of: now, or one step before or after, and later than the last one that was used, since a code is good once. Null
    /// where it is none of them.
    /// </summary>
    /// <param name="secret">As it was handed out.</param>
    /// <param name="code">From a stranger; blanks between the digits are left out.</param>
    /// <param name="now">The time.</param>
    /// <param name="lastStep">The last step that was used; null where none was.</param>
    public static long? Match(ReadOnlySpan<byte> secret, string code, DateTimeOffset now, long? lastStep)
    {
        var given = Encoding.ASCII.GetBytes(code.Length > 32 ? "" : code.Replace(" ", "", StringComparison.Ordinal));
        long? found = null;
        var current = StepAt(now);
        for (var step = current - Drift; step <= current + Drift; step++)
        {
            var same = CryptographicOperations.FixedTimeEquals(Encoding.ASCII.GetBytes(Code(secret, step)), given);
            if (same && found is null && (lastStep is null || step > lastStep))
            {
                found = step;
            }
        }

        return found;
    }
}
