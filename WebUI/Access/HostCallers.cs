using Backup.Metadata;
using Microsoft.AspNetCore.Http;

namespace Backup.WebUI.Access;

/// <summary>
/// The caller of a server that only the owner of the appliance's host can reach: every request is from the host, which may do everything. Nothing that a
/// request says is looked at; a server that strangers reach is never given these callers.
/// </summary>
/// <param name="metadata">The catalogue: which groups there are.</param>
/// <param name="home">The group that the host's commands work for where they name none.</param>
public sealed class HostCallers(IMetadataStore metadata, Func<CancellationToken, Task<string>> home) : ICallers
{
    /// <summary>As the audit names it.</summary>
    public const string Name = "host";

    private const Permission Everything =
        Permission.See
        | Permission.Operate
        | Permission.Restore
        | Permission.Configure
        | Permission.People
        | Permission.Audit;

    public async ValueTask<Caller?> FindAsync(HttpContext context, CancellationToken cancellation)
    {
        // A Unix socket's ends have no address: where there is one, the server was made to listen where it must not.
        if (context.Connection.RemoteIpAddress is not null)
        {
            return null;
        }

        var own = await home(cancellation);
        return new Caller(
            Name,
            Name,
            CallerKind.Host,
            (await metadata.Access.GroupsAsync(cancellation)).ToDictionary(
                static one => one.Id,
                static _ => Everything,
                StringComparer.Ordinal
            )
        )
        {
            IsAdministrator = true,
            Home = own,
        };
    }
}
