using System.Collections.Concurrent;
using Backup.Foundation.Errors;
using Microsoft.AspNetCore.Http;

namespace Backup.BackupHttpServer;

/// <summary>
/// What of the server's own work fails now: a full disk, a bad disk, stores that are closed. Kept in memory, since writing is what fails. A
/// route is in trouble from its first failure to its next success. Thread-safe.
/// </summary>
internal sealed class RouteTroubles
{
    private readonly ConcurrentDictionary<string, BackupException> _byRoute = new(StringComparer.Ordinal);

    /// <summary>One of the failures that last; null where there is none.</summary>
    public BackupException? Any => _byRoute.IsEmpty ? null : _byRoute.Values.FirstOrDefault();

    public void Failed(HttpContext context, BackupException failure)
    {
        if (Route(context) is { } route)
        {
            _byRoute[route] = failure;
        }
    }

    public void Succeeded(HttpContext context)
    {
        if (!_byRoute.IsEmpty && Route(context) is { } route)
        {
            _ = _byRoute.TryRemove(route, out _);
        }
    }

    // The route's pattern, not the request's path: there are only so many.
    private static string? Route(HttpContext context) => context.GetEndpoint()?.DisplayName;
}
