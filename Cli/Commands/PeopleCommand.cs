using System.CommandLine;
using System.Globalization;
using Backup.Metadata.People;
using Backup.WebUI.Contracts;

namespace Backup.Cli.Commands;

/// <summary><c>backup people</c>: accounts, as the owner of the host looks after them.</summary>
internal static class PeopleCommand
{
    private static readonly Dictionary<string, GroupRole> Roles = new(StringComparer.Ordinal)
    {
        ["viewer"] = GroupRole.Viewer,
        ["operator"] = GroupRole.Operator,
        ["restorer"] = GroupRole.Restorer,
        ["backup-administrator"] = GroupRole.BackupAdministrator,
        ["owner"] = GroupRole.Owner,
    };

    internal static Command Create() =>
        new("people", "Accounts: list, add, set a password, unlock, disable; a token for the first run")
        {
            SharedOptions.Command(
                "list",
                "List the accounts",
                (choice, json, cancellation) =>
                    Question.AskAsync(
                        choice,
                        json,
                        appliance => appliance.Api.PeopleAsync(cancellation),
                        static all =>
                        {
                            foreach (var one in all)
                            {
                                Print(one);
                            }
                        },
                        cancellation
                    )
            ),
            Add(),
            Password(),
            SharedOptions.Command(
                "setup-token",
                "Print a token for the first run, where there is no account yet; those before it are good for nothing",
                (choice, json, cancellation) =>
                    Question.AskAsync(
                        choice,
                        json,
                        appliance => appliance.Api.SetupTokenAsync(cancellation),
                        static made => Console.Out.WriteLine(made.Token),
                        cancellation
                    )
            ),
            Change("unlock", "End a lock-out after wrong passwords", new UserChange(null, null, false, null)),
            Change(
                "disable",
                "Let nobody in with the account; its sessions end",
                new UserChange(null, true, null, null)
            ),
            Change("enable", "Let them in again", new UserChange(null, false, null, null)),
            Change(
                "remove-two-factor",
                "Ask for no code any more, for somebody who lost the phone and the recovery codes",
                new UserChange(null, null, null, false)
            ),
            Change(
                "administrator",
                "Make it an administrator of the appliance",
                new UserChange(true, null, null, null)
            ),
            Change("no-administrator", "Make it no administrator any more", new UserChange(false, null, null, null)),
        };

    private static Command Add()
    {
        var name = new Option<string?>("--name")
        {
            Description = "To be called by (else what stands before the @)",
            HelpName = "NAME",
        };
        var role = new Option<string>("--role")
        {
            Description = "In the first group: " + string.Join(", ", Roles.Keys),
            DefaultValueFactory = static _ => "viewer",
            HelpName = "ROLE",
        };
        role.AcceptOnlyFromAmong([.. Roles.Keys]);
        var administrator = new Option<bool>("--administrator") { Description = "Of the appliance as a whole" };
        var temporary = Temporary();
        return SharedOptions.Command(
            "add",
            "Add an account; its password is asked for, or is the first line of the input",
            Email(),
            [name, role, administrator, temporary],
            (parsed, choice, email, json, cancellation) =>
                Question.AskAsync(
                    choice,
                    json,
                    appliance =>
                        appliance.Api.AddPersonAsync(
                            new PersonRequest(
                                email,
                                parsed.GetValue(name) ?? email.Split('@')[0],
                                PasswordInput.Read(email),
                                Roles[parsed.GetRequiredValue(role)],
                                parsed.GetValue(administrator),
                                parsed.GetValue(temporary)
                            ),
                            cancellation
                        ),
                    Print,
                    cancellation
                )
        );
    }

    private static Command Password()
    {
        var temporary = Temporary();
        return SharedOptions.Command(
            "password",
            "Set a new password, which is asked for, or is the first line of the input; all sessions of the account end",
            Email(),
            [temporary],
            (parsed, choice, email, json, cancellation) =>
                Question.AskAsync(
                    choice,
                    json,
                    appliance =>
                        appliance.Api.SetPasswordAsync(
                            email,
                            new NewPasswordRequest(PasswordInput.Read(email), parsed.GetValue(temporary)),
                            cancellation
                        ),
                    Print,
                    cancellation
                )
        );
    }

    private static Command Change(string verb, string description, UserChange change) =>
        SharedOptions.Command(
            verb,
            description,
            Email(),
            (choice, email, json, cancellation) =>
                Question.AskAsync(
                    choice,
                    json,
                    appliance => appliance.Api.ChangePersonAsync(email, change, cancellation),
                    Print,
                    cancellation
                )
        );

    private static Argument<string> Email() => new("EMAIL") { Description = "The e-mail address of the account" };

    private static Option<bool> Temporary() =>
        new("--temporary") { Description = "They have to choose another one before they do anything else" };

    private static void Print(UserView user)
    {
        string[] marks =
        [
            user.Administrator ? "administrator" : "",
            user.TwoFactor ? "two-factor" : "",
            user.Disabled ? "disabled" : "",
            user.LockedUntil is { } until ? $"locked out until {until:u}" : "",
        ];
        var last = user.LastLoginAt is { } at ? $"last log-in {at:u}" : "never logged in";
        Console.Out.WriteLine(
            string.Create(
                CultureInfo.InvariantCulture,
                $"{user.Email}  {user.Name}  {last}{string.Concat(marks.Where(static one => one.Length > 0).Select(static one => "  " + one))}"
            )
        );
    }
}
