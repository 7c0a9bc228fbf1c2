using System.Buffers.Text;

namespace Backup.Foundation.Contracts;

/// <summary>
/// The enrolment token as text: <c>bk1.&lt;SHA-256 of the CA certificate's DER&gt;.&lt;secret&gt;</c>, both 32 bytes in base64url.
/// The first part lets the agent know its server, the second lets the server know its agent. The text is a secret.
/// </summary>
public static class EnrolmentTokenText
{
    public const int SecretLength = 32;
    private const int FingerprintLength = 32;
    private const string Prefix = "bk1";

    public static string Format(ReadOnlySpan<byte> authorityFingerprint, ReadOnlySpan<byte> secret) =>
        authorityFingerprint.Length == FingerprintLength && secret.Length == SecretLength
            ? $"{Prefix}.{Base64Url.EncodeToString(authorityFingerprint)}.{Base64Url.EncodeToString(secret)}"
            : throw new ArgumentException("A fingerprint and a secret are 32 bytes each.", nameof(secret));

    /// <summary>Reads what <see cref="Format"/> writes; false on anything else.</summary>
    public static bool TryParse(string text, out byte[] authorityFingerprint, out byte[] secret)
    {
        authorityFingerprint = [];
        secret = [];
        var parts = text.Trim().Split('.');
        return parts.Length == 3
            && parts[0] == Prefix
            && TryDecode(parts[1], FingerprintLength, out authorityFingerprint)
            && TryDecode(parts[2], SecretLength, out secret);
    }

    /// <summary>Base64url of exactly that many bytes; false on anything else.</summary>
    public static bool TryDecode(string text, int length, out byte[] bytes)
    {
        bytes = new byte[length];
        return text.Length == Base64Url.GetEncodedLength(length)
            && Base64Url.TryDecodeFromChars(text, bytes, out var written)
            && written == length;
    }
}
