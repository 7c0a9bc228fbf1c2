using System.Globalization;

namespace Backup.Foundation.Contracts;

/// <summary>An optime in a header: <c>t,i,term</c>, decimal.</summary>
public static class WireOptimeText
{
    public static string Format(Optime optime) =>
        string.Create(CultureInfo.InvariantCulture, $"{optime.T},{optime.I},{optime.Term}");

    /// <summary>Reads what <see cref="Format"/> writes; false on anything else.</summary>
    public static bool TryParse(ReadOnlySpan<char> text, out Optime optime)
    {
        optime = default;
        var second = text.LastIndexOf(',');
        if (
            second < 0
            || !Optime.TryParse(text[..second], out var position)
            || !long.TryParse(
                text[(second + 1)..],
                NumberStyles.AllowLeadingSign,
                CultureInfo.InvariantCulture,
                out var term
            )
        )
        {
            return false;
        }

        optime = new Optime(position.T, position.I, term);
        return true;
    }
}
