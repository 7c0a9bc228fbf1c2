using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Text;

namespace Backup.Foundation.Contracts;

/// <summary>A build of the agent that the server holds for a platform. It is code that a host will run: believe nothing of it unverified.</summary>
/// <param name="Version">Three numbers, for example <c>1.4.0</c>.</param>
/// <param name="Platform">For example <c>linux-x64</c>.</param>
/// <param name="Sha256">Of the program, 64 lower-case hex digits.</param>
/// <param name="Length">Of the program, bytes.</param>
/// <param name="Certificate">Of the key that signed it: DER in base64. The CA that agents pin vouches for it, for the signing of code alone.</param>
/// <param name="Signature">ECDSA over P-256 and SHA-256 of <see cref="Signed"/>, as DER in base64.</param>
public sealed record UpdateOffer(
    string Version,
    string Platform,
    string Sha256,
    long Length,
    string Certificate,
    string Signature
)
{
    /// <summary>Bytes of a program, at most.</summary>
    public const long MostLength = 512L << 20;

    private const int HashLength = 64;
    private const int LongestName = 64;

    /// <summary>What a certificate of a key that signs updates is good for (extended key usage), and no other certificate of the CA: code signing.</summary>
    public const string Usage = "1.3.6.1.5.5.7.3.3";

    /// <summary>What is signed; keep in sync with docs/formats/updates.md.</summary>
    public static byte[] Signed(string version, string platform, string sha256, long length) =>
        Encoding.ASCII.GetBytes(
            string.Create(
                CultureInfo.InvariantCulture,
                $"backup-agent update\n{version}\n{platform}\n{sha256}\n{length}\n"
            )
        );

    /// <summary>Whether the fields have the form that they are signed in: then no two offers have the same signed bytes.</summary>
    public bool IsWellFormed =>
        TryVersion(Version, out _)
        && IsPlatform(Platform)
        && Sha256.Length == HashLength
        && Sha256.All(char.IsAsciiHexDigitLower)
        && Length is > 0 and <= MostLength;

    /// <summary>Reads three numbers with dots between, as they are written: no zeros in front, nothing around.</summary>
    public static bool TryVersion(string text, [NotNullWhen(true)] out Version? version)
    {
        version =
            text.Length <= LongestName
            && text.All(one => char.IsAsciiDigit(one) || one == '.')
            && System.Version.TryParse(text, out var read)
            && read is { Build: >= 0, Revision: < 0 }
            && read.ToString() == text
                ? read
                : null;
        return version is not null;
    }

    /// <summary>Lower-case letters and digits, in parts with a hyphen between.</summary>
    public static bool IsPlatform(string text) =>
        text.Length is > 0 and <= LongestName
        && text.Split('-') is { Length: >= 2 } parts
        && Array.TrueForAll(
            parts,
            part => part.Length > 0 && part.All(one => char.IsAsciiLetterLower(one) || char.IsAsciiDigit(one))
        );
}
