using Backup.Metadata.People;

namespace Backup.WebUI.Access;

/// <summary>What people may write. Whatever they write is shown as text and never as anything else; this bounds it.</summary>
public static class Fields
{
    private const int LongestName = 100;

    /// <summary>Of an address. Source: RFC 5321, 4.5.3.1.3, without the angle brackets.</summary>
    private const int LongestEmail = 254;

    /// <returns>Without blanks at its ends.</returns>
    public static string Name(string text, string field)
    {
        var name = text.Trim();
        return name.Length is > 0 and <= LongestName && !name.Any(char.IsControl) && IsWellFormed(name)
            ? name
            : throw WebUIErrors.Value(field, $"1 to {LongestName} characters");
    }

    /// <summary>Something @ something: whether it is an address shows when something is sent there.</summary>
    public static string Email(string text, string field)
    {
        var email = text.Trim();
        return
            email.Length is > 2 and <= LongestEmail
            && email.Split('@') is [{ Length: > 0 }, { Length: > 0 }]
            && !email.Any(static one => char.IsControl(one) || char.IsWhiteSpace(one))
            && IsWellFormed(email)
            ? email
            : throw WebUIErrors.Value(field, "an e-mail address");
    }

    /// <summary>A number that stands for no role is refused before: the JSON knows names alone.</summary>
    public static GroupRole Role(GroupRole role, string field) =>
        Enum.IsDefined(role) ? role : throw WebUIErrors.Value(field, "a role");

    // Half of a surrogate pair cannot be written as UTF-8.
    private static bool IsWellFormed(string text)
    {
        for (var i = 0; i < text.Length; i++)
        {
            if (char.IsHighSurrogate(text[i]) && i + 1 < text.Length && char.IsLowSurrogate(text[i + 1]))
            {
                i++;
            }
            else if (char.IsSurrogate(text[i]))
            {
                return false;
            }
        }

        return true;
    }
}
