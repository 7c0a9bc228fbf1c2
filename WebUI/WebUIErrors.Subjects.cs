using Backup.Foundation.Errors;

namespace Backup.WebUI;

/// <content>8700 to 8749: what programs ask that know names alone.</content>
public static partial class WebUIErrors
{
    public const int NothingNamed = 8700;

    public static BackupException NameOrSnapshot() =>
        new(NothingNamed, "What is looked for is not said, or in two ways.", "Send one of 'name' and 'snapshot'.")
        {
            Field = "name",
        };
}
