namespace Backup.MongoWire.Uri;

/// <summary>Who logs in, and how. Its ToString never shows the password.</summary>
public sealed record MongoCredential
{
    /// <summary>Null only for MONGODB-X509, whose user is the certificate's subject.</summary>
    public string? Username { get; init; }

    public string? Password { get; init; }

    /// <summary>The database that knows the user; <c>$external</c> for X.509.</summary>
    public required string Source { get; init; }

    /// <summary>SCRAM-SHA-1, SCRAM-SHA-256, MONGODB-X509; null: the best that the server offers this user.</summary>
    public string? Mechanism { get; init; }

    /// <summary><c>authMechanismProperties</c>.</summary>
    public IReadOnlyDictionary<string, string> MechanismProperties { get; init; } = new Dictionary<string, string>();

    public override string ToString() =>
        $"{Mechanism ?? "default mechanism"} for {Username ?? "the certificate's subject"} in {Source}";
}
