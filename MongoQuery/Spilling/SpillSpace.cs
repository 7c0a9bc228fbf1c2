using Backup.Foundation.Files;

namespace Backup.MongoQuery.Spilling;

/// <summary>
/// Room on disk for what queries sort. Its files have no name from the moment they are opened: they vanish with the process, however that ends, and only
/// the owner could have opened them before.
/// </summary>
/// <param name="folder">Made where it is not there.</param>
/// <param name="maximumBytes">Of all its files together.</param>
public sealed class SpillSpace(string folder, long maximumBytes)
{
    private const int BufferLength = 64 << 10;

    private long _used;

    /// <summary>Bytes that its files have now.</summary>
    public long UsedBytes => Interlocked.Read(ref _used);

    /// <exception cref="QueryException">2605</exception>
    internal FileStream Open()
    {
        try
        {
            DurableFile.CreateFolder(folder);
            var path = Path.Combine(folder, $"query-{Guid.NewGuid():N}");
            var options = new FileStreamOptions
            {
                Mode = FileMode.CreateNew,
                Access = FileAccess.ReadWrite,
                BufferSize = BufferLength,
            };
            if (!OperatingSystem.IsWindows())
            {
                options.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
            }

            var file = new FileStream(path, options);
            File.Delete(path);
            return file;
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            throw MongoQueryErrors.SpillFailed(folder, failure.Message);
        }
    }

    /// <exception cref="QueryException">2606</exception>
    internal void Take(long bytes)
    {
        if (Interlocked.Add(ref _used, bytes) > maximumBytes)
        {
            Interlocked.Add(ref _used, -bytes);
            throw MongoQueryErrors.SpillFull(maximumBytes >> 20);
        }
    }

    internal void GiveBack(long bytes) => Interlocked.Add(ref _used, -bytes);

    /// <summary>Turns what the disk says into an error that a client is told.</summary>
    internal T Try<T>(Func<T> work)
    {
        try
        {
            return work();
        }
        catch (IOException failure)
        {
            throw MongoQueryErrors.SpillFailed(folder, failure.Message);
        }
    }
}
