using System.CommandLine;
using Backup.WebUI.Contracts;

namespace Backup.Cli.Commands;

/// <summary><c>backup store keys</c>: the keys that blocks and slices are sealed under.</summary>
internal static class StoreKeysCommands
{
    internal static Command Create() =>
        new("keys", "The keys that stored data is encrypted with: list, rotate, rotate-master, shred")
        {
            SharedOptions.Command(
                "list",
                "Show whether what is stored is encrypted, and the keys of each group by name",
                static (choice, json, cancellation) =>
                    Question.AskAsync(
                        choice,
                        json,
                        appliance => appliance.Api.EncryptionKeysAsync(cancellation),
                        Print,
                        cancellation
                    )
            ),
            Rotate(),
            SharedOptions.Command(
                "rotate-master",
                "Wrap all keys under the master key in encryption.next_key_file; nothing that is stored is written anew",
                static (choice, json, cancellation) =>
                    Question.AskAsync(
                        choice,
                        json,
                        appliance => appliance.Api.RotateMasterAsync(cancellation),
                        static done =>
                        {
                            Console.Out.WriteLine(
                                $"{done.Rewrapped} keys are wrapped under master key {done.Master} from now on."
                            );
                            Console.Out.WriteLine(
                                "Put it in the place of the one of before, and keep a copy of it elsewhere: nothing that is encrypted is read without it."
                            );
                        },
                        cancellation
                    )
            ),
            Shred(),
        };

    private static Command Rotate()
    {
        var group = Group("Of this group alone, else of each");
        return SharedOptions.Command(
            "rotate",
            "Make a new data key: what is stored from now on is sealed under it; the keys of before open what was",
            [group],
            (parsed, choice, json, cancellation) =>
                Question.AskAsync(
                    choice,
                    json,
                    appliance => appliance.Api.RotateKeysAsync(new KeyRotation(parsed.GetValue(group)), cancellation),
                    Print,
                    cancellation
                )
        );
    }

    private static Command Shred()
    {
        var group = Group("Whose");
        group.Required = true;
        var confirm = new Option<string?>("--confirm")
        {
            Description = "The group's name once more: what is stored for it is lost for ever",
            HelpName = "NAME",
        };
        return SharedOptions.Command(
            "shred",
            "Destroy all keys of a group: nobody can read what is stored for it any more, and nothing more is stored",
            [group, confirm],
            (parsed, choice, json, cancellation) =>
                Question.AskAsync(
                    choice,
                    json,
                    appliance =>
                        appliance.Api.ShredKeysAsync(
                            new KeyShredding(parsed.GetValue(group)!, parsed.GetValue(confirm)),
                            cancellation
                        ),
                    Print,
                    cancellation
                )
        );
    }

    private static Option<string?> Group(string description) =>
        new("--group") { Description = description, HelpName = "GROUP" };

    private static void Print(KeysView view)
    {
        Console.Out.WriteLine(
            view.IsOn
                ? "What is stored is encrypted."
                : "What is stored now is not encrypted; what was encrypted before can be read."
        );
        if (view.Master is { } master)
        {
            Console.Out.WriteLine($"Master key: {master}");
        }

        foreach (var group in view.Groups)
        {
            Console.Out.WriteLine(
                group.DestroyedAt is { } at ? $"{group.Name}: its keys were destroyed at {at:u}" : $"{group.Name}:"
            );
            foreach (var key in group.Keys)
            {
                Console.Out.WriteLine(
                    $"  {key.Id}  generation {key.Generation}, of {key.CreatedAt:u}{(key.Seals ? ", seals" : "")}"
                );
            }
        }
    }
}
