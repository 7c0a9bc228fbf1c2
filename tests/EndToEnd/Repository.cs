namespace Backup.Tests.EndToEnd;

/// <summary>Where the checkout is.</summary>
internal static class Repository
{
    internal static string Root { get; } = Find(AppContext.BaseDirectory);

    private static string Find(string from) =>
        File.Exists(Path.Combine(from, "Backup.sln")) ? from : Find(Path.GetDirectoryName(from)!);
}
