using Backup.Foundation.Errors;

namespace Backup.Cli;

/// <content>9600 to 9639: the public API, as the commands ask it.</content>
public static partial class CliErrors
{
    public const int NotTheApi = 9600;
    public const int HomeMissing = 9601;

    /// <param name="status">Of HTTP.</param>
    public static BackupException NoApi(int status) =>
        new(
            NotTheApi,
            $"What answered is not the API of an appliance: status {status}, and not the JSON that it speaks.",
            "Look at the address: it is the one that 'backup up' prints, and no other server answers in its place."
        );

    /// <param name="caller">As the audit names it.</param>
    public static BackupException NoHomeGroup(string caller) =>
        new(
            HomeMissing,
            $"Nobody knows for which group '{caller}' works.",
            "Use an API token, which belongs to one group, or the command on the appliance's host."
        );
}
