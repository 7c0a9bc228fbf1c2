using Backup.Foundation.Errors;

namespace Backup.Metadata;

/// <content>People.</content>
public static partial class MetadataErrors
{
    public const int EmailTaken = 6100;
    public const int LastOwner = 6101;
    public const int LastAdministrator = 6102;
    public const int InvitationOver = 6103;
    public const int SetupOver = 6104;
    public const int GroupNameTaken = 6105;

    public static BackupException Taken(string email) =>
        new(
            EmailTaken,
            $"There is a user with the e-mail address '{email}' already.",
            "Log in as that user, or use another address."
        )
        {
            Field = "email",
        };

    public static BackupException NoOwnerLeft() =>
        new(
            LastOwner,
            "The group would be left without an owner who may log in.",
            "Make another member an owner first."
        );

    public static BackupException NoAdministratorLeft() =>
        new(
            LastAdministrator,
            "Nobody who may log in would be left to administrate the appliance.",
            "Make another user an administrator first."
        );

    public static BackupException NoInvitation() =>
        new(
            InvitationOver,
            "The invitation is not good: it was used or revoked, its time is over, it is for another e-mail address, or there never was one.",
            "Ask an owner of the group for a new one."
        );

    public static BackupException NoSetup() =>
        new(
            SetupOver,
            "The set-up token is not the one of this appliance, or the first administrator was made already.",
            "'backup people setup-token' on the appliance's host prints a new token while there is no user; log in where there is one."
        );

    public static BackupException NameTaken(string name) =>
        new(GroupNameTaken, $"There is a group '{name}' already.", "Choose another name.") { Field = "name" };
}
