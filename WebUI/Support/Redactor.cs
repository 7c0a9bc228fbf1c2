using System.Text.RegularExpressions;

namespace Backup.WebUI.Support;

/// <summary>
/// Takes secrets out of text before it leaves the appliance: credentials of addresses, tokens and keys by their form, private keys, and whatever stands behind a
/// word that means a secret. Nothing that is logged should hold one; this is the second lock. Rather too much goes than too little.
/// </summary>
internal sealed partial class Redactor
{
    public const string Mark = "[removed]";

    private bool _isInKey;

    /// <summary>A line of a text whose lines are given in their order: a private key has several.</summary>
    public string Line(string line)
    {
        if (
            line.Contains("-----BEGIN ", StringComparison.Ordinal)
            && line.Contains("PRIVATE KEY", StringComparison.Ordinal)
        )
        {
            _isInKey = true;
        }

        if (_isInKey)
        {
            _isInKey = !line.Contains("-----END ", StringComparison.Ordinal);
            return Mark;
        }

        line = Credentials().Replace(line, $"${{scheme}}{Mark}@");
        line = HookPaths().Replace(line, $"${{host}}/{Mark}");
        line = Named().Replace(line, WithoutValue);
        line = Enrolment().Replace(line, Mark);
        return Random().Replace(line, Mark);
    }

    /// <summary>What stands between the scheme and the last @ of an address.</summary>
    [GeneratedRegex(
        @"(?<scheme>[a-zA-Z][a-zA-Z0-9+.-]*://)[^\s""'<>\\]*@",
        RegexOptions.ExplicitCapture,
        matchTimeoutMilliseconds: 1000
    )]
    private static partial Regex Credentials();

    /// <summary>The address of a webhook is its secret.</summary>
    [GeneratedRegex(
        @"(?<host>https?://[^/\s""'<>\\]*hook[^/\s""'<>\\]*)/[^\s""'<>\\]*",
        RegexOptions.IgnoreCase | RegexOptions.ExplicitCapture,
        matchTimeoutMilliseconds: 1000
    )]
    private static partial Regex HookPaths();

    /// <summary>
    /// A word that means a secret, with its value: <c>password=…</c>, <c>"token":"…"</c> (also within a string of JSON, where quotes are escaped),
    /// <c>Authorization: Bearer …</c>. A string that has no end is taken to the end of the line.
    /// </summary>
    [GeneratedRegex(
        @"(?<name>(password|passwd|passphrase|pwd|secret|token|credential|authorization|cookie|api[-_ ]?key|private[-_ ]?key)\w*\\?(?<quote>[""']?)\s*[:=]\s*)(Bearer\s+|Basic\s+)?(?<value>""([^""\\]|\\.)*""?|\\""([^""\\]|\\[^""])*(\\"")?|'[^']*'?|[^\s,;""']+)",
        RegexOptions.IgnoreCase | RegexOptions.ExplicitCapture,
        matchTimeoutMilliseconds: 1000
    )]
    private static partial Regex Named();

    /// <summary>With the quotes that it had, so that JSON stays JSON; what is no text there (<c>"hasPassword": true</c>) is no secret.</summary>
    private static string WithoutValue(Match match)
    {
        var value = match.Groups["value"].Value;
        var quotes = value[0] switch
        {
            '"' or '\'' => value[..1],
            '\\' => "\\\"",
            _ => "",
        };
        var isJson = match.Groups["quote"].Length > 0;
        return isJson && quotes.Length == 0 ? match.Value : $"{match.Groups["name"].Value}{quotes}{Mark}{quotes}";
    }

    /// <summary>Of agents: its parts are long and random by themselves, and its form is ours.</summary>
    [GeneratedRegex(
        @"\bbk1\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+",
        RegexOptions.ExplicitCapture,
        matchTimeoutMilliseconds: 1000
    )]
    private static partial Regex Enrolment();

    /// <summary>256 random bits in base64, with or without the prefix of a token; a hash in hex has no capitals.</summary>
    [GeneratedRegex(
        @"(?<![A-Za-z0-9_+/-])(?=[A-Za-z0-9_+/-]*[0-9])(?=[A-Za-z0-9_+/-]*[a-z])(?=[A-Za-z0-9_+/-]*[A-Z])[A-Za-z0-9_+-]{40,}=*",
        RegexOptions.ExplicitCapture,
        matchTimeoutMilliseconds: 1000
    )]
    private static partial Regex Random();
}
