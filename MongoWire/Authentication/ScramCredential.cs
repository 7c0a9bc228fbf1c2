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
    public static ScramCredential Create(
        ScramMechanism mechanism,
        string username,
        string password,
        int iterations = 15_000
    ) => throw new NotSupportedException();

    public override string ToString() => $"{Mechanism}, {Iterations} iterations";
}
