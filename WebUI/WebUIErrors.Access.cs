using System.Globalization;
using Backup.Foundation.Errors;

namespace Backup.WebUI;

/// <content>Who may come in.</content>
public static partial class WebUIErrors
{
    public const int WrongLogIn = 8520;
    public const int LockedOut = 8521;
    public const int SecondFactorNeeded = 8522;
    public const int SecondFactorWrong = 8523;
    public const int AccountDisabled = 8524;
    public const int PasswordRule = 8525;
    public const int ValueWrong = 8526;
    public const int NoSecondFactorOffered = 8527;
    public const int PasswordWrong = 8528;
    public const int SessionsOnly = 8529;
    public const int AccountThere = 8530;
    public const int CodeNotOfSecret = 8531;
    public const int HostAlone = 8532;

    /// <summary>By number, the status of HTTP that they are answered with.</summary>
    internal static readonly IReadOnlyDictionary<int, int> AccessStatuses = new Dictionary<int, int>
    {
        [WrongLogIn] = 401,
        [LockedOut] = 429,
        [SecondFactorNeeded] = 401,
        [SecondFactorWrong] = 401,
        [AccountDisabled] = 403,
        [PasswordRule] = 422,
        [ValueWrong] = 422,
        [NoSecondFactorOffered] = 409,
        [PasswordWrong] = 422,
        [SessionsOnly] = 403,
        [AccountThere] = 409,
        [CodeNotOfSecret] = 422,
        [HostAlone] = 403,
        [Metadata.MetadataErrors.EmailTaken] = 409,
        [Metadata.MetadataErrors.LastOwner] = 409,
        [Metadata.MetadataErrors.LastAdministrator] = 409,
        [Metadata.MetadataErrors.InvitationOver] = 404,
        [Metadata.MetadataErrors.SetupOver] = 403,
        [Metadata.MetadataErrors.GroupNameTaken] = 409,
    };

    public static BackupException OfHostAlone() =>
        new(
            HostAlone,
            "This is for the owner of the appliance's host alone, and is not done over the network.",
            "Run the command on that host: there 'backup' reaches the appliance over its own socket."
        );

    public static BackupException WrongPasswordOrEmail() =>
        new(
            WrongLogIn,
            "The e-mail address or the password is wrong.",
            "Check both. After five wrong ones in a row the account waits a minute, and longer from then on. An administrator on the appliance's host sets a new password: 'backup people password'."
        );

    /// <param name="wait">Until it is worth another try.</param>
    public static BackupException Locked(TimeSpan wait)
    {
        var seconds = (int)Math.Ceiling(wait.TotalSeconds);
        var failure = new BackupException(
            LockedOut,
            "There were too many wrong tries for this account.",
            string.Create(
                CultureInfo.InvariantCulture,
                $"Wait {seconds} s and try again. An administrator on the appliance's host ends the wait: 'backup people unlock'."
            ),
            transient: true
        );
        failure.Data["seconds"] = seconds;
        return failure;
    }

    public static BackupException CodeMissing() =>
        NeedsCode(
            new(
                SecondFactorNeeded,
                "This account has a second factor: its code is missing.",
                "Send 'code' too: the six digits that the authenticator application shows, or a recovery code."
            )
            {
                Field = "code",
            }
        );

    public static BackupException CodeWrong() =>
        NeedsCode(
            new(
                SecondFactorWrong,
                "The code is wrong, or was used before.",
                "Wait for the application's next code; where none is taken, set the clocks of phone and appliance right, or use a recovery code."
            )
            {
                Field = "code",
            }
        );

    public static BackupException Disabled() =>
        new(AccountDisabled, "This account is disabled.", "Ask an administrator of the appliance.");

    /// <param name="why">As the end of "The password …".</param>
    /// <param name="field">Of the request.</param>
    public static BackupException WeakPassword(string why, string field) =>
        new(
            PasswordRule,
            $"The password {why}.",
            "Take 12 to 256 characters that nobody guesses: a few words that have nothing to do with one another will do."
        )
        {
            Field = field,
        };

    public static BackupException Value(string field, string what) =>
        new(ValueWrong, $"The field '{field}' is not {what}.", "Correct it and send the request again.")
        {
            Field = field,
        };

    public static BackupException CodeOfAnother() =>
        new(
            CodeNotOfSecret,
            "The code is not one of the new secret.",
            "Take the code that the application shows for it now; where none is taken, set the clocks of phone and appliance right."
        )
        {
            Field = "code",
        };

    public static BackupException NoOffer() =>
        new(
            NoSecondFactorOffered,
            "No secret is waiting to be confirmed, or it is not the newest one.",
            "Begin again: POST /api/v1/account/two-factor."
        );

    public static BackupException NotYourPassword(string field) =>
        new(PasswordWrong, "The password is wrong.", "Type the one that you log in with.") { Field = field };

    public static BackupException NoTokens() =>
        new(
            SessionsOnly,
            "This is about somebody's own account: neither an API token nor the host has one.",
            "Log in: POST /api/v1/session."
        );

    public static BackupException HasAccount() =>
        new(
            AccountThere,
            "The invitation is for somebody who has an account.",
            "Log in with that account, then accept the invitation."
        );

    private static BackupException NeedsCode(BackupException failure)
    {
        failure.Data["codeNeeded"] = true;
        return failure;
    }
}
