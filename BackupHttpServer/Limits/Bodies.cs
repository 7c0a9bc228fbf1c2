using Microsoft.AspNetCore.Http;

namespace Backup.BackupHttpServer.Limits;

/// <summary>Reads bodies within their time as a whole; the least rate at which they come is the web server's to watch.</summary>
internal static class Bodies
{
    /// <exception cref="Foundation.Errors.BackupException">8022 where the body has taken too long.</exception>
    public static async ValueTask<T> ReadAsync<T>(HttpContext context, Func<CancellationToken, ValueTask<T>> read)
    {
        try
        {
            return await read(Admission.Pass.Of(context).Body);
        }
        catch (OperationCanceledException) when (!context.RequestAborted.IsCancellationRequested)
        {
            throw BackupHttpServerErrors.Slow();
        }
    }
}
