namespace Backup.MongoWire.Uri;

/// <summary>A parsed mongodb:// or mongodb+srv:// URI. Its ToString shows no secret.</summary>
public sealed class ConnectionString
{
    internal ConnectionString() { }

    /// <exception cref="Foundation.Errors.BackupException">2100 with what is wrong and how it is written right.</exception>
    public static ConnectionString Parse(string text) => ConnectionStringParser.Parse(text);

    /// <summary>Whether it is a mongodb+srv:// URI, which names the seeds by SRV records.</summary>
    public bool IsSrv { get; internal init; }

    /// <summary>Whether <see cref="Hosts"/> are the seeds; not so for one name whose SRV records were not looked up.</summary>
    public bool IsResolved { get; internal init; }

    /// <summary>The seeds, in their order.</summary>
    public IReadOnlyList<HostAddress> Hosts { get; internal init; } = [];

    /// <summary>The path: the default database.</summary>
    public string? Database { get; internal init; }

    public MongoCredential? Credential { get; internal init; }

    public UriOptions Options { get; internal init; } = UriOptions.None;

    /// <summary>What was ignored and why; for the user's eyes, without secrets.</summary>
    public IReadOnlyList<string> Warnings { get; internal init; } = [];

    /// <summary>What stands before the @: user and password, decoded; for the time when TXT records have added options.</summary>
    internal (string? User, string? Password) Login { get; init; }

    /// <summary>The URI with every secret replaced by ***.</summary>
    public string Redacted { get; internal init; } = "";

    public override string ToString() => Redacted;
}
