namespace Backup.Tests.Blockstore;

/// <summary>A folder of one test, removed after it.</summary>
public sealed class TemporaryFolder : IDisposable
{
    private const string Memory = "/dev/shm";

    /// <param name="inMemory">Where there is such a thing: for what is about the order of steps, and would wait for the disk thousands of times.</param>
    public TemporaryFolder(bool inMemory = false) =>
        Path =
            inMemory && Directory.Exists(Memory)
                ? Directory.CreateDirectory($"{Memory}/backup-blocks-{Guid.NewGuid():N}").FullName
                : Directory.CreateTempSubdirectory("backup-blocks-").FullName;

    public string Path { get; }

    public void Dispose() => Directory.Delete(Path, recursive: true);
}

/// <summary>Contents that are the same in every run.</summary>
public static class Data
{
    public static byte[] Random(int length, int seed)
    {
        var bytes = new byte[length];
        new Random(seed).NextBytes(bytes);
        return bytes;
    }

    public static byte[] Compressible(int length, int seed)
    {
        var random = new Random(seed);
        var bytes = new byte[length];
        for (var n = 0; n < length; n++)
        {
            bytes[n] = (byte)(n % 3 == 0 ? random.Next(256) : n % 64);
        }

        return bytes;
    }

    public static List<byte[]> Blocks(int count) =>
        [.. Enumerable.Range(0, count).Select(n => n % 3 == 0 ? Random(5000 + n, n) : Compressible(9000 + n, n))];
}
