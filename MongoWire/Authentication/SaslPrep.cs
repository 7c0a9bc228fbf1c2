using System.Globalization;
using System.Text;

namespace Backup.MongoWire.Authentication;

/// <summary>
/// Prepares a password for SCRAM-SHA-256 as RFC 4013 says: other spaces become a space, what is "commonly mapped to
/// nothing" goes, the rest is normalised to NFKC, control characters and unassigned ones are refused.
/// </summary>
/// <remarks>With invariant globalization the runtime's NFKC leaves text beyond ASCII as it is; text that is composed
/// already, as keyboards produce it, is not touched by NFKC anyway.</remarks>
internal static class SaslPrep
{
    /// <exception cref="Foundation.Errors.BackupException">2120 where a character is not allowed in a password.</exception>
    internal static string Prepare(string text)
    {
        if (Ascii.IsValid(text) && !text.AsSpan().ContainsAnyInRange('\0', '\x1f') && !text.Contains('\x7f'))
        {
            return text;
        }

        var mapped = new StringBuilder(text.Length);
        foreach (var rune in text.EnumerateRunes())
        {
            if (IsMappedToNothing(rune.Value))
            {
                continue;
            }

            mapped.Append(IsOtherSpace(rune.Value) ? " " : rune.ToString());
        }

        var prepared = mapped.ToString().Normalize(NormalizationForm.FormKC);
        foreach (var rune in prepared.EnumerateRunes())
        {
            var forbidden =
                Rune.GetUnicodeCategory(rune)
                is UnicodeCategory.Control
                    or UnicodeCategory.Format
                    or UnicodeCategory.PrivateUse
                    or UnicodeCategory.Surrogate
                    or UnicodeCategory.OtherNotAssigned;
            if (forbidden || rune == Rune.ReplacementChar)
            {
                throw MongoWireErrors.BadPassword($"the password holds U+{rune.Value:X4}, which SASLprep forbids");
            }
        }

        return prepared;
    }

    /// <summary>RFC 3454, table B.1.</summary>
    private static bool IsMappedToNothing(int value) =>
        value
            is 0x00AD
                or 0x034F
                or 0x1806
                or (>= 0x180B and <= 0x180D)
                or (>= 0x200B and <= 0x200D)
                or 0x2060
                or (>= 0xFE00 and <= 0xFE0F)
                or 0xFEFF;

    /// <summary>RFC 3454, table C.1.2, but for U+200B, which is mapped to nothing.</summary>
    private static bool IsOtherSpace(int value) =>
        value is 0x00A0 or 0x1680 or (>= 0x2000 and <= 0x200A) or 0x202F or 0x205F or 0x3000;
}
