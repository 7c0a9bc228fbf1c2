using Backup.Foundation.Errors;

namespace Backup.MongoWire;

/// <summary>Errors 2000 to 2499.</summary>
public static partial class MongoWireErrors
{
    public const int MalformedBson = 2001;

    public static BackupException Malformed(string what, long offset) =>
        new(
            MalformedBson,
            $"Malformed BSON at byte {offset}: {what}.",
            "The sender or the disk damaged it: send or fetch it again; if it stays so, run validate on that collection."
        );
}
