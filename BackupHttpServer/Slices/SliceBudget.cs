using Backup.BackupHttpServer.Limits;
using Backup.Foundation.Contracts;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace Backup.BackupHttpServer.Slices;

/// <summary>What a slice has to pass before its body is read. Thread-safe; who gets nothing tries again later, nobody waits here.</summary>
/// <param name="holdCopies">Why copies of collections have to wait; null while they need not.</param>
internal sealed class SliceBudget(Func<string?> holdCopies)
{
    /// <exception cref="Foundation.Errors.BackupException">8008, 8041 where that many bytes are not free, 8044 where copies wait.</exception>
    public IDisposable Take(HttpContext context, long bytes)
    {
        // The oplog goes on as long as it can: what is not shipped in time is lost, while a copy can be continued.
        if (!IsOplog(context) && holdCopies() is { } reason)
        {
            throw BackupHttpServerErrors.CopiesHeld(reason);
        }

        return Admission.Pass.Of(context).ForSlice(bytes);
    }

    private static bool IsOplog(HttpContext context) =>
        context.GetEndpoint() is RouteEndpoint { RoutePattern.RawText: AgentRoutes.OplogSliceTemplate };
}
