using System.Globalization;
using System.Security.Cryptography;

namespace Backup.Daemon.Ssh;

/// <summary>Who logs in where.</summary>
/// <param name="User">Of the far side.</param>
/// <param name="Host">A name or an address, an IPv6 one without brackets.</param>
/// <param name="Port">1 to 65535.</param>
public sealed record SshAddress(string User, string Host, int Port)
{
    public const int DefaultPort = 22;

    public override string ToString() =>
        (Host.Contains(':') ? $"{User}@[{Host}]" : $"{User}@{Host}") + (Port == DefaultPort ? "" : $":{Port}");

    /// <summary>From <c>USER@HOST[:PORT]</c>; an IPv6 address stands in brackets.</summary>
    public static bool TryParse(string text, out SshAddress address)
    {
        address = new SshAddress("", "", 0);
        var at = text.LastIndexOf('@');
        if (at <= 0)
        {
            return false;
        }

        var (user, rest) = (text[..at], text[(at + 1)..]);
        var (host, port) = (rest, "");
        if (rest.StartsWith('['))
        {
            var end = rest.IndexOf(']');
            if (end < 0 || (end + 1 < rest.Length && rest[end + 1] != ':'))
            {
                return false;
            }

            (host, port) = (rest[1..end], end + 1 < rest.Length ? rest[(end + 2)..] : "");
        }
        else if (rest.IndexOf(':') is var colon and >= 0)
        {
            (host, port) = (rest[..colon], rest[(colon + 1)..]);
        }

        var number = DefaultPort;
        if (
            (port.Length > 0 || rest.EndsWith(':'))
            && !int.TryParse(port, NumberStyles.None, CultureInfo.InvariantCulture, out number)
        )
        {
            return false;
        }

        address = new SshAddress(user, host, number);
        return number is > 0 and <= 65535 && IsWord(user) && IsWord(host);
    }

    /// <summary>Nothing that ssh could take for an option, a token of its own or a second line.</summary>
    private static bool IsWord(string text) =>
        text.Length is > 0 and <= 255
        && text[0] != '-'
        && text.All(static one =>
            char.IsAsciiLetterOrDigit(one) || one is '.' or '-' or '_' or ':' or '+' or '@' or '\\' or '$'
        );
}

/// <summary>A host's public key.</summary>
/// <param name="Type">For example <c>ssh-ed25519</c>.</param>
/// <param name="Base64">The key.</param>
public sealed record SshHostKey(string Type, string Base64)
{
    /// <summary>As <c>ssh-keygen -l</c> shows it: <c>SHA256:</c> and the hash in base64 without padding.</summary>
    public string Fingerprint =>
        "SHA256:" + Convert.ToBase64String(SHA256.HashData(Convert.FromBase64String(Base64))).TrimEnd('=');

    /// <summary>The names under which an SSH client takes signatures of such a key.</summary>
    internal string Algorithms => Type == "ssh-rsa" ? "rsa-sha2-512,rsa-sha2-256" : Type;

    public override string ToString() => $"{Type} {Base64}";

    /// <summary>From two words: type and key.</summary>
    public static bool TryParse(string type, string base64, out SshHostKey key)
    {
        key = new SshHostKey(type, base64);
        var isType =
            type.Length is > 0 and < 100
            && type.All(static one => char.IsAsciiLetterOrDigit(one) || one is '-' or '.' or '@');
        return isType
            && base64.Length is > 0 and < 16_384
            && Convert.TryFromBase64String(base64, new byte[base64.Length], out _);
    }

    /// <summary>As <see cref="ToString"/> wrote it.</summary>
    public static SshHostKey Parse(string text) =>
        text.Split(' ') is [var type, var base64] && TryParse(type, base64, out var key)
            ? key
            : throw new FormatException($"'{text}' is no host key.");
}
