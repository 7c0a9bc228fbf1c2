using Backup.Foundation.Errors;

namespace Backup.MongoWire;

public static partial class MongoWireErrors
{
    public static BackupException BadPassword(string what) =>
        new(
            WrongPassword,
            $"Logging in failed: {what}.",
            "Check user name, password and authSource (the database the user was created in)."
        );
}
