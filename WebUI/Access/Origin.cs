using System.Net;
using Microsoft.AspNetCore.Http;

namespace Backup.WebUI.Access;

/// <summary>Where a request comes from.</summary>
/// <param name="Address">Of the connection; no header says otherwise, since anybody can write one.</param>
/// <param name="UserAgent">What the browser says it is; at most 200 characters, none of them a control character.</param>
internal sealed record Origin(IPAddress? Address, string UserAgent)
{
    private const int LongestUserAgent = 200;

    public string AddressText =>
        Address is null ? "local"
        : Address.IsIPv4MappedToIPv6 ? Address.MapToIPv4().ToString()
        : Address.ToString();

    public static Origin Of(HttpContext context)
    {
        var agent = string.Concat(
            context
                .Request.Headers.UserAgent.ToString()
                .Where(static one => !char.IsControl(one))
                .Take(LongestUserAgent)
        );
        return new Origin(context.Connection.RemoteIpAddress, agent);
    }
}
