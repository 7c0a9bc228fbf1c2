namespace Backup.MongoWire;

public static partial class MongoWireErrors
{
    public const int CommandFailed = 2140;
}
