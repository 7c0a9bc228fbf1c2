using System.Security.Cryptography;
using System.Text;

namespace Backup.MongoWire.Authentication;

/// <summary>The key schedule of RFC 5802, section 3.</summary>
internal static class ScramKeys
{
    /// <summary>What MongoDB feeds PBKDF2 with: for SHA-1 a hex MD5 of "user:mongo:password", for SHA-256 SASLprep.</summary>
    internal static string PreparePassword(ScramMechanism mechanism, string username, string password)
    {
        if (mechanism == ScramMechanism.Sha256)
        {
            return SaslPrep.Prepare(password);
        }

#pragma warning disable CA5351 // MONGODB's SCRAM-SHA-1 is defined over this MD5; the strength lies in PBKDF2 above it.
        return Convert.ToHexStringLower(MD5.HashData(Encoding.UTF8.GetBytes($"{username}:mongo:{password}")));
#pragma warning restore CA5351
    }

    internal static byte[] Salted(ScramMechanism mechanism, string prepared, ReadOnlySpan<byte> salt, int iterations) =>
        Rfc2898DeriveBytes.Pbkdf2(
            Encoding.UTF8.GetBytes(prepared),
            salt,
            iterations,
            mechanism.Hash,
            mechanism.HashLength
        );

    internal static byte[] ClientKey(ScramMechanism mechanism, byte[] salted) => Mac(mechanism, salted, "Client Key"u8);

    internal static byte[] ServerKey(ScramMechanism mechanism, byte[] salted) => Mac(mechanism, salted, "Server Key"u8);

    internal static byte[] Hash(ScramMechanism mechanism, ReadOnlySpan<byte> bytes) =>
        CryptographicOperations.HashData(mechanism.Hash, bytes);

    internal static byte[] Mac(ScramMechanism mechanism, ReadOnlySpan<byte> key, ReadOnlySpan<byte> message) =>
        CryptographicOperations.HmacData(mechanism.Hash, key, message);

    internal static byte[] Xor(ReadOnlySpan<byte> left, ReadOnlySpan<byte> right)
    {
        var result = new byte[left.Length];
        for (var i = 0; i < result.Length; i++)
        {
            result[i] = (byte)(left[i] ^ right[i]);
        }

        return result;
    }

    /// <summary>24 random bytes as Base64: printable, without a comma.</summary>
    internal static string Nonce() => Convert.ToBase64String(RandomNumberGenerator.GetBytes(24));
}
