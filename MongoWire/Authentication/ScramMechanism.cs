using System.Security.Cryptography;

namespace Backup.MongoWire.Authentication;

/// <summary>The two SCRAM mechanisms of MongoDB. Sources: RFC 5802, RFC 7677, the driver specification "auth".</summary>
public sealed class ScramMechanism
{
    public static readonly ScramMechanism Sha1 = new("SCRAM-SHA-1", HashAlgorithmName.SHA1, 20, 10_000);
    public static readonly ScramMechanism Sha256 = new("SCRAM-SHA-256", HashAlgorithmName.SHA256, 32, 15_000);

    private ScramMechanism(string name, HashAlgorithmName hash, int hashLength, int defaultIterations)
    {
        Name = name;
        Hash = hash;
        HashLength = hashLength;
        DefaultIterations = defaultIterations;
    }

    public string Name { get; }

    /// <summary>MongoDB's default for new users.</summary>
    public int DefaultIterations { get; }

    internal HashAlgorithmName Hash { get; }

    internal int HashLength { get; }

    /// <summary>The mechanism of that name, or null.</summary>
    public static ScramMechanism? Find(string name) =>
        name == Sha256.Name ? Sha256
        : name == Sha1.Name ? Sha1
        : null;

    public override string ToString() => Name;
}
