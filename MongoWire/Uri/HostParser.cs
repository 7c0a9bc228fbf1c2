namespace Backup.MongoWire.Uri;

internal static class HostParser
{
    internal static HostAddress Parse(string text) => throw new NotSupportedException();
}
