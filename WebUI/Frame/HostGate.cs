using System.Net;
using Microsoft.AspNetCore.Http;

namespace Backup.WebUI.Frame;

/// <summary>
/// Answers only under names that are ours. Else a page of a stranger, whose name is made to point at this address (DNS rebinding), would be of our
/// own origin for a browser.
/// </summary>
/// <param name="names">Beside addresses and localhost; in lower case.</param>
internal sealed class HostGate(IReadOnlySet<string> names)
{
    public Task GuardAsync(HttpContext context, RequestDelegate next)
    {
        var host = context.Request.Host.Host;
        var bare = host.TrimStart('[').TrimEnd(']');
        return
            host.Equals("localhost", StringComparison.OrdinalIgnoreCase)
            || IPAddress.TryParse(bare, out _)
            || names.Contains(host.ToLowerInvariant())
            ? next(context)
            : throw WebUIErrors.Host(host.Length > 100 ? host[..100] : host);
    }
}
