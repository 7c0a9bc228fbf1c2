namespace Backup.Tests.Support;

/// <summary>The folder of the sources that the tests were built from: specifications, recordings and documents are read there.</summary>
public static class SourceTree
{
    public static string Root { get; } = Find();

    /// <summary>For example <c>SourceTree.At("tests", "MongoWire", "specs")</c>.</summary>
    public static string At(params ReadOnlySpan<string> parts) => Path.Combine([Root, .. parts]);

    private static string Find()
    {
        for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
        {
            if (File.Exists(Path.Combine(folder.FullName, "Backup.sln")))
            {
                return folder.FullName;
            }
        }

        throw new DirectoryNotFoundException($"No Backup.sln above {AppContext.BaseDirectory}.");
    }
}
