namespace Backup.Cli.Configuration;

/// <summary>How a value is written.</summary>
internal enum SettingShape
{
    /// <summary>One value.</summary>
    Value,

    /// <summary>A list of values; in the environment with <see cref="Setting.Separators"/> between them.</summary>
    List,

    /// <summary>Names and values; in the environment <c>NAME=VALUE</c>, with <see cref="Setting.Separators"/> between them.</summary>
    Map,
}

/// <summary>A key of the configuration file, and the environment variable that goes before it.</summary>
/// <param name="Key">With dots between its levels.</param>
/// <param name="Variable">Of the environment.</param>
/// <param name="Default">As it is told to people; empty where there is none.</param>
/// <param name="Range">Unit and range, for people.</param>
/// <param name="Text">What it does: a sentence or two.</param>
/// <param name="IsGood">Whether a value (of a list or map, one of them) can be used.</param>
internal sealed record Setting(
    string Key,
    string Variable,
    string Default,
    string Range,
    string Text,
    Func<string, bool> IsGood
)
{
    internal SettingShape Shape { get; init; }

    /// <summary>In the environment, between the values of a list or map; null: whatever is white space, line ends too.</summary>
    internal char[]? Separators { get; init; } = [','];

    /// <summary>A reload is enough for it to count; else it counts from the next start on.</summary>
    internal bool IsLive { get; init; }

    /// <summary>Never shown.</summary>
    internal bool IsSecret { get; init; }

    /// <summary>An example, where the default says nothing.</summary>
    internal string? Example { get; init; }
}
