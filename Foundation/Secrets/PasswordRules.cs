namespace Backup.Foundation.Secrets;

/// <summary>
/// What a password has to be: long enough, and none that is tried first. Any characters; none is asked for, none is changed (source: NIST SP 800-63B,
/// 5.1.1.2).
/// </summary>
public static class PasswordRules
{
    /// <summary>In characters (UTF-16).</summary>
    public const int Shortest = 12;

    /// <summary>In characters (UTF-16): a bound on what a stranger can have hashed.</summary>
    public const int Longest = 256;

    /// <summary>Letters of which a password of any length may not be made alone, after figures and marks at its ends are left out.</summary>
    private static readonly HashSet<string> Common = new(StringComparer.Ordinal)
    {
        "password",
        "passw0rd",
        "passwort",
        "passphrase",
        "secret",
        "topsecret",
        "changeme",
        "letmein",
        "welcome",
        "iloveyou",
        "administrator",
        "admin",
        "root",
        "toor",
        "user",
        "guest",
        "login",
        "master",
        "system",
        "manager",
        "operator",
        "owner",
        "test",
        "testing",
        "demo",
        "default",
        "temp",
        "temporary",
        "example",
        "sample",
        "database",
        "mongodb",
        "mongo",
        "backup",
        "backups",
        "restore",
        "appliance",
        "server",
        "computer",
        "internet",
        "security",
        "access",
        "monkey",
        "dragon",
        "sunshine",
        "princess",
        "football",
        "baseball",
        "basketball",
        "superman",
        "batman",
        "starwars",
        "trustno",
        "whatever",
        "freedom",
        "shadow",
        "michael",
        "jennifer",
        "jordan",
        "hunter",
        "summer",
        "winter",
        "spring",
        "autumn",
        "january",
        "february",
        "september",
        "october",
        "november",
        "december",
        "monday",
        "friday",
        "company",
        "business",
        "qwerty",
        "qwertz",
        "azerty",
        "qwertyuiop",
        "qwertzuiop",
        "azertyuiop",
        "asdfghjkl",
        "zxcvbnm",
        "asdf",
        "abcdef",
        "abcdefgh",
        "correcthorsebatterystaple",
        "mypassword",
        "yourpassword",
        "thepassword",
        "newpassword",
        "oldpassword",
        "passwordpassword",
        "adminadmin",
        "adminpassword",
        "rootpassword",
        "welcomewelcome",
        "letmeinplease",
        "thisismypassword",
        "ineedapassword",
        "donotenter",
        "opensesame",
        "abracadabra",
        "unknown",
        "nothing",
        "google",
        "facebook",
    };

    /// <summary>Rows that are typed one key after another, forth and back.</summary>
    private static readonly string[] Rows =
    [
        "01234567890123456789",
        "abcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuvwxyz",
        "qwertyuiopasdfghjklzxcvbnm",
        "qwertzuiopasdfghjklyxcvbnm",
        "azertyuiopqsdfghjklmwxcvbn",
        "1qaz2wsx3edc4rfv5tgb6yhn7ujm8ik9ol0p",
        "1q2w3e4r5t6y7u8i9o0p",
    ];

    /// <summary>Why the password may not be taken, as the end of "The password …"; null where it may.</summary>
    /// <param name="password">As it was typed.</param>
    /// <param name="email">Of the user: it, and what stands before its @, are tried first.</param>
    public static string? Broken(string password, string email)
    {
        if (password.Length < Shortest)
        {
            return $"is too short: it has {password.Length} characters, and needs {Shortest}";
        }

        if (password.Length > Longest)
        {
            return $"is too long: it may have {Longest} characters";
        }

        var plain = password.ToLowerInvariant();
        if (plain.Contains(email.ToLowerInvariant(), StringComparison.Ordinal) && email.Length > 0)
        {
            return "is, or has in it, the e-mail address";
        }

        var word = Word(plain);
        return
            IsRepeated(plain)
            || IsRow(plain)
            || Common.Contains(word)
            || (word.Length > 0 && word == Word(email.ToLowerInvariant().Split('@')[0]))
            || (word.Length > 0 && Common.Contains(Unit(word)))
            ? "is one of those that are tried first"
            : null;
    }

    /// <summary>Lower case, figures that stand for letters read as them, everything at the ends that is no letter left out.</summary>
    private static string Word(string plain)
    {
        var trimmed = plain.AsSpan();
        while (trimmed.Length > 0 && !char.IsLetter(trimmed[^1]))
        {
            trimmed = trimmed[..^1];
        }

        while (trimmed.Length > 0 && !char.IsLetter(trimmed[0]) && trimmed[0] is not ('@' or '$'))
        {
            trimmed = trimmed[1..];
        }

        return string.Concat(
            trimmed
                .ToString()
                .Select(static one =>
                    one switch
                    {
                        '0' => "o",
                        '1' or '!' => "i",
                        '3' => "e",
                        '4' or '@' => "a",
                        '5' or '$' => "s",
                        '7' => "t",
                        ' ' or '-' or '_' or '.' => "",
                        _ => one.ToString(),
                    }
                )
        );
    }

    /// <summary>Made of one piece of up to four characters over and over.</summary>
    private static bool IsRepeated(string plain) =>
        Enumerable
            .Range(1, 4)
            .Any(length => Enumerable.Range(length, plain.Length - length).All(at => plain[at] == plain[at - length]));

    /// <summary>The piece that the word is made of over and over; the word itself where it is not.</summary>
    private static string Unit(string word)
    {
        for (var length = 3; length <= word.Length / 2; length++)
        {
            if (
                word.Length % length == 0
                && Enumerable.Range(length, word.Length - length).All(at => word[at] == word[at - length])
            )
            {
                return word[..length];
            }
        }

        return word;
    }

    private static bool IsRow(string plain) =>
        Rows.Any(row =>
            row.Contains(plain, StringComparison.Ordinal)
            || string.Concat(row.Reverse()).Contains(plain, StringComparison.Ordinal)
        );
}
