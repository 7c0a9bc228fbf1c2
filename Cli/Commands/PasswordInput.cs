using System.Text;

namespace Backup.Cli.Commands;

/// <summary>A password from the terminal, not shown, twice; or the first line of the input. Never an argument: everybody on the host sees those.</summary>
internal static class PasswordInput
{
    internal static string Read(string whose)
    {
        if (Console.IsInputRedirected)
        {
            return Console.In.ReadLine()
                ?? throw CliErrors.Argument("There is no password.", "Write it into the first line of the input.");
        }

        var first = Ask($"New password of {whose}: ");
        return first == Ask("Once more: ")
            ? first
            : throw CliErrors.Argument("They are not the same.", "Type the same password twice.");
    }

    private static string Ask(string question)
    {
        Console.Error.Write(question);
        var typed = new StringBuilder();
        while (true)
        {
            var key = Console.ReadKey(intercept: true);
            if (key.Key == ConsoleKey.Enter)
            {
                Console.Error.WriteLine();
                return typed.ToString();
            }

            if (key.Key == ConsoleKey.Backspace)
            {
                typed.Length = Math.Max(0, typed.Length - 1);
            }
            else if (key.KeyChar != '\0')
            {
                typed.Append(key.KeyChar);
            }
        }
    }
}
