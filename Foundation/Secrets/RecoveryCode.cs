using System.Security.Cryptography;
using System.Text;

namespace Backup.Foundation.Secrets;

/// <summary>
/// A code that stands in for the authenticator application once: 80 random bits as sixteen letters and digits in groups of four, without those that
/// are mistaken for one another. Only its SHA-256 is stored.
/// </summary>
public static class RecoveryCode
{
    /// <summary>How many a user gets.</summary>
    public const int Count = 10;

    private const int Length = 16;
    private const int GroupLength = 4;

    // Crockford's base32: no i, l, o and u. 32 letters: each is 5 bits, none likelier than another.
    private const string Alphabet = "0123456789abcdefghjkmnpqrstvwxyz";

    /// <returns>For example <c>7k3m-x0qz-…</c>.</returns>
    public static string New() =>
        string.Join(
            '-',
            RandomNumberGenerator.GetString(Alphabet, Length).Chunk(GroupLength).Select(static part => new string(part))
        );

    /// <summary>The hash of a code however it was typed: capitals, blanks and dashes do not matter. Null where it can be none.</summary>
    public static byte[]? Hash(string typed)
    {
        if (typed.Length > 4 * Length)
        {
            return null;
        }

        var code = new StringBuilder(Length);
        foreach (var letter in typed.Where(static one => one is not (' ' or '-')))
        {
            code.Append(
                char.ToLowerInvariant(letter) switch
                {
                    'i' or 'l' => '1',
                    'o' => '0',
                    var other => other,
                }
            );
        }

        var text = code.ToString();
        return text.Length == Length && text.All(static one => Alphabet.Contains(one))
            ? SHA256.HashData(Encoding.ASCII.GetBytes(text))
            : null;
    }
}
