using Xunit;

namespace Backup.Tests.Support;

/// <summary>
/// A fact that needs something of its machine. Where that is missing the run lists it as skipped, with the reason:
/// it never passes without having been run. Derive one class per need and say in it how the need is met.
/// </summary>
public abstract class ConditionalFactAttribute : FactAttribute
{
    /// <param name="missing">What is missing, or null where everything is there.</param>
    protected ConditionalFactAttribute(string? missing)
    {
        Skip = missing;
    }

    public sealed override string? Skip { get; set; }
}

/// <summary>Needs to be root on Linux: for mounts, other users' files and the like.</summary>
public sealed class RootFactAttribute() : ConditionalFactAttribute(Missing())
{
    private static string? Missing() =>
        OperatingSystem.IsLinux() && Environment.IsPrivilegedProcess ? null : "SKIPPED: needs root on Linux";
}

/// <summary>Needs a program on PATH.</summary>
/// <param name="program">Its file name.</param>
/// <param name="hint">How to get it.</param>
public sealed class ProgramFactAttribute(string program, string hint) : ConditionalFactAttribute(Missing(program, hint))
{
    private static string? Missing(string program, string hint)
    {
        var folders = (Environment.GetEnvironmentVariable("PATH") ?? "").Split(Path.PathSeparator);
        return folders.Any(folder => File.Exists(Path.Combine(folder, program)))
            ? null
            : $"SKIPPED: needs '{program}' ({hint})";
    }
}
