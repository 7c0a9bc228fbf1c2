using System.Globalization;
using System.Security.Cryptography;

namespace Backup.Foundation.Secrets;

/// <summary>What a password is stored as. It takes a good part of a second by intent: never on a thread that others wait for, never unbounded.</summary>
/// <remarks>
/// Frozen: <c>$pbkdf2-sha512$ROUNDS$SALT$HASH</c>, salt (16 bytes) and hash (32 bytes) in base64; PBKDF2 (RFC 8018) with HMAC-SHA-512 over the
/// UTF-8 of the password. The rounds stand with each, so that they can be raised; 210,000 is what the OWASP Password Storage Cheat Sheet asks for.
/// </remarks>
public sealed class PasswordHash
{
    /// <summary>Of new hashes, unless told otherwise.</summary>
    public const int DefaultRounds = 210_000;

    private const string Algorithm = "pbkdf2-sha512";
    private const int SaltLength = 16;
    private const int HashLength = 32;

    /// <summary>A stored hash that asks for more was not written by us: nobody may make a log-in last for minutes.</summary>
    private const int MostRounds = 10_000_000;

    private readonly int _rounds;
    private readonly string _stranger;

    /// <param name="rounds">Of new hashes, 1 to 10,000,000; fewer than the default in tests alone.</param>
    public PasswordHash(int rounds = DefaultRounds)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(rounds, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(rounds, MostRounds);
        _rounds = rounds;
        _stranger = Text(RandomNumberGenerator.GetBytes(SaltLength), RandomNumberGenerator.GetBytes(HashLength));
    }

    /// <summary>A hash to be stored, with a salt of its own.</summary>
    public string Make(string password)
    {
        var salt = RandomNumberGenerator.GetBytes(SaltLength);
        return Text(salt, Derive(password, salt, _rounds));
    }

    /// <summary>Whether it is the password that was stored.</summary>
    /// <param name="stored">What <see cref="Make"/> gave; null where there is no such user, which takes as long and is never the password.</param>
    /// <param name="password">From a stranger.</param>
    public bool Matches(string? stored, string password)
    {
        if (!TryParse(stored ?? _stranger, out var rounds, out var salt, out var hash))
        {
            return false;
        }

        var same = CryptographicOperations.FixedTimeEquals(Derive(password, salt, rounds), hash);
        return same && stored is not null;
    }

    /// <summary>Whether a new hash of the password that was just right is to be stored: this one was made with fewer rounds than new ones are.</summary>
    public bool IsOutdated(string stored) => !TryParse(stored, out var rounds, out _, out _) || rounds < _rounds;

    private static byte[] Derive(string password, byte[] salt, int rounds) =>
        Rfc2898DeriveBytes.Pbkdf2(password, salt, rounds, HashAlgorithmName.SHA512, HashLength);

    private string Text(byte[] salt, byte[] hash) =>
        string.Create(
            CultureInfo.InvariantCulture,
            $"${Algorithm}${_rounds}${Convert.ToBase64String(salt)}${Convert.ToBase64String(hash)}"
        );

    private static bool TryParse(string stored, out int rounds, out byte[] salt, out byte[] hash)
    {
        (rounds, salt, hash) = (0, new byte[SaltLength], new byte[HashLength]);
        return stored.Split('$') is ["", Algorithm, var count, var saltText, var hashText]
            && int.TryParse(count, NumberStyles.None, CultureInfo.InvariantCulture, out rounds)
            && rounds is >= 1 and <= MostRounds
            && Convert.TryFromBase64String(saltText, salt, out var saltLength)
            && saltLength == SaltLength
            && Convert.TryFromBase64String(hashText, hash, out var hashLength)
            && hashLength == HashLength;
    }
}
