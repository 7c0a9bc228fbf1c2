namespace Backup.MongoWire.Uri;

/// <summary>The options of a connection string, typed.</summary>
public sealed class UriOptions
{
    public static readonly UriOptions None = new();
}
