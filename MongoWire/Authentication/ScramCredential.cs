using System.Security.Cryptography;

namespace Backup.MongoWire.Authentication;

/// <summary>What a server keeps of a password: enough to check it, not enough to log in with it.</summary>
public sealed record ScramCredential(
    ScramMechanism Mechanism,
    ReadOnlyMemory<byte> Salt,
    int Iterations,
    ReadOnlyMemory<byte> StoredKey,
    ReadOnlyMemory<byte> ServerKey
)
{
    /// <summary>Salts and hashes a password.</summary>
    /// <param name="username">Part of the hash for SCRAM-SHA-1, as MongoDB does.</param>
    /// <param name="iterations">4096 to 1,000,000.</param>
    public static ScramCredential Create(
        ScramMechanism mechanism,
        string username,
        string password,
        int iterations = 15_000
    )
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(iterations, ScramClient.MinIterations);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(iterations, ScramClient.MaxIterations);
        // As long as MongoDB's own: the hash's length less the four bytes that PBKDF2 puts behind the salt.
        var salt = RandomNumberGenerator.GetBytes(mechanism.HashLength - 4);
        var prepared = ScramKeys.PreparePassword(mechanism, username, password);
        return FromPrepared(mechanism, prepared, salt, iterations);
    }

    internal static ScramCredential FromPrepared(ScramMechanism mechanism, string prepared, byte[] salt, int iterations)
    {
        var salted = ScramKeys.Salted(mechanism, prepared, salt, iterations);
        var stored = ScramKeys.Hash(mechanism, ScramKeys.ClientKey(mechanism, salted));
        return new ScramCredential(mechanism, salt, iterations, stored, ScramKeys.ServerKey(mechanism, salted));
    }

    public override string ToString() => $"{Mechanism}, {Iterations} iterations";
}
