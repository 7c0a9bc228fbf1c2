namespace Backup.BackupHttpServer.Certificates;

/// <summary>One instance at a time works on the certificates' folder. The operating system lets go of it where a process is killed.</summary>
internal static class FolderLock
{
    private const string Name = "lock";
    private const int Tries = 200;
    private static readonly TimeSpan Between = TimeSpan.FromMilliseconds(50);

    /// <exception cref="Foundation.Errors.BackupException">8026 where another process has it for long, or it cannot be written.</exception>
    public static IDisposable Take(string folder)
    {
        var path = Path.Combine(folder, Name);
        for (var tries = 1; ; tries++)
        {
            try
            {
                return new FileStream(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
            }
            catch (IOException) when (tries < Tries)
            {
                // Held for as long as a certificate takes: milliseconds. The handshake that waits for it cannot go on without.
                Task.Delay(Between).Wait();
            }
            catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
            {
                throw BackupHttpServerErrors.BadCertificate(path, failure.Message, failure);
            }
        }
    }
}
