using System.CommandLine;
using System.CommandLine.Completions;
using Backup.Foundation.Manual;

namespace Backup.Cli.Manual;

/// <summary>The commands as they are parsed, as the manual describes them: the help and the manual have one source.</summary>
internal static class CommandTree
{
    internal static ManualCommand Of(Command command) =>
        new(
            command.Name,
            command.Description ?? "",
            [.. command.Arguments.Where(static one => !one.Hidden).Select(Of)],
            [.. command.Options.Where(static one => !one.Hidden).Select(Of)],
            [.. command.Subcommands.Where(static one => !one.Hidden).Select(Of)]
        );

    private static ManualEntry Of(Argument argument)
    {
        var many = argument.Arity.MaximumNumberOfValues > 1 ? "..." : "";
        return new ManualEntry(
            (argument.HelpName ?? argument.Name) + many,
            argument.Description ?? "",
            argument.Arity.MinimumNumberOfValues > 0 && !argument.HasDefaultValue
        );
    }

    private static ManualEntry Of(Option option)
    {
        var names = string.Join(
            ", ",
            [option.Name, .. option.Aliases.Where(static one => one[0] == '-').Order(StringComparer.Ordinal)]
        );
        var normal =
            option is { HasDefaultValue: true, ValueType: var type } && type != typeof(bool)
                ? option.GetDefaultValue()
                : null;
        return new ManualEntry(
            ValueOf(option) is { } value ? $"{names} {value}" : names,
            $"{option.Description}{(normal is string or ValueType ? $" (default: {normal})" : "")}",
            option.Required
        );
    }

    /// <summary>Null: it takes none.</summary>
    private static string? ValueOf(Option option)
    {
        if (option.Arity.MaximumNumberOfValues == 0 || option.ValueType == typeof(bool))
        {
            return null;
        }

        var choices = string.Join('|', option.GetCompletions(CompletionContext.Empty).Select(static one => one.Label));
        return option.HelpName ?? (choices.Length > 0 ? choices : option.Name.TrimStart('-').ToUpperInvariant());
    }
}
