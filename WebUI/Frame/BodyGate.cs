using System.Net.Http.Headers;
using Microsoft.AspNetCore.Http;

namespace Backup.WebUI.Frame;

/// <summary>Lets bodies in that are UTF-8, which is what JSON is (RFC 8259, 8.1). Another character set would be read by what the platform happens to know.</summary>
internal static class BodyGate
{
    public static Task GuardAsync(HttpContext context, RequestDelegate next) =>
        IsUtf8(context.Request.ContentType) ? next(context) : throw WebUIErrors.MediaType();

    private static bool IsUtf8(string? contentType)
    {
        if (string.IsNullOrEmpty(contentType))
        {
            return true;
        }

        return MediaTypeHeaderValue.TryParse(contentType, out var type)
            && (type.CharSet is null || type.CharSet.Trim('"').Equals("utf-8", StringComparison.OrdinalIgnoreCase));
    }
}
