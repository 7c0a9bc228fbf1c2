using System.Net;
using Backup.Foundation.Errors;

namespace Backup.MongoWire;

public static partial class MongoWireErrors
{
    public const int CommandFailed = 2140;
    public const int CannotBind = 2150;

    public static BackupException CannotListen(IPEndPoint endPoint, Exception inner) =>
        new(
            CannotBind,
            $"Cannot listen on {endPoint}: {inner.Message}",
            "Another process holds that port, or the address is not this host's: choose another port or stop that process.",
            inner: inner
        );
}
