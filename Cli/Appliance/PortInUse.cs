using System.Net.Sockets;
using Backup.Foundation.Errors;

namespace Backup.Cli.Appliance;

/// <summary>Says which option chooses another port when one cannot be opened.</summary>
internal static class PortInUse
{
    internal static async Task<T> TranslateAsync<T>(int port, string option, Func<Task<T>> start)
    {
        try
        {
            return await start();
        }
        catch (Exception failure) when (failure is IOException or SocketException || IsListen(failure))
        {
            throw CliErrors.Port(port, option, failure);
        }
    }

    private static bool IsListen(Exception failure) =>
        failure is BackupException { Number: BackupHttpServer.BackupHttpServerErrors.CannotListen };
}
