using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;

namespace Backup.Foundation.Secrets;

/// <summary>
/// A secret that opens something by itself: a prefix that says what, by which scanners of source code know it too, and 256 random bits as base64url.
/// Only the SHA-256 of the whole text is ever stored; a plain hash is enough, since nobody guesses 256 bits.
/// </summary>
public static class SecretToken
{
    /// <summary>Of a session of a browser.</summary>
    public const string Session = "bks_";

    /// <summary>Of the API.</summary>
    public const string Api = "bkt_";

    /// <summary>Of an invitation into a group.</summary>
    public const string Invitation = "bki_";

    /// <summary>Of the first run: whoever has it makes the first administrator.</summary>
    public const string Setup = "bkp_";

    private const int SecretBytes = 32;
    private const int SecretLength = 43;

    /// <param name="prefix">One of the constants here.</param>
    /// <returns>47 characters of visible ASCII.</returns>
    public static string New(string prefix) =>
        prefix + Base64Url.EncodeToString(RandomNumberGenerator.GetBytes(SecretBytes));

    /// <summary>SHA-256 of the text; null where it is no secret of that kind, which then need not be looked for.</summary>
    /// <param name="text">From a stranger.</param>
    /// <param name="prefix">One of the constants here.</param>
    public static byte[]? Hash(string? text, string prefix) =>
        text is not null
        && text.Length == prefix.Length + SecretLength
        && text.StartsWith(prefix, StringComparison.Ordinal)
        && text.AsSpan(prefix.Length).IndexOfAnyExcept(Alphabet) < 0
            ? SHA256.HashData(Encoding.ASCII.GetBytes(text))
            : null;

    /// <summary>Whether the two hashes are the same, in a time that does not depend on where they differ.</summary>
    public static bool Same(ReadOnlySpan<byte> one, ReadOnlySpan<byte> other) =>
        CryptographicOperations.FixedTimeEquals(one, other);

    private static readonly System.Buffers.SearchValues<char> Alphabet = System.Buffers.SearchValues.Create(
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    );
}
