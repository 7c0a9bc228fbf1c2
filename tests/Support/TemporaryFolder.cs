namespace Backup.Tests.Support;

/// <summary>A folder of a test's own, removed with all it holds at the end.</summary>
public sealed class TemporaryFolder : IDisposable
{
    public TemporaryFolder()
    {
        Path = Directory.CreateTempSubdirectory("backup-test-").FullName;
    }

    public string Path { get; }

    public string File(string name) => System.IO.Path.Combine(Path, name);

    public IReadOnlyList<string> Names() =>
        [
            .. Directory
                .EnumerateFileSystemEntries(Path)
                .Select(System.IO.Path.GetFileName)
                .Order(StringComparer.Ordinal)!,
        ];

    public void Dispose() => Directory.Delete(Path, recursive: true);
}
