using Microsoft.AspNetCore.Http;

namespace Backup.WebUI.Access;

/// <summary>
/// The cookie that holds a session's secret. Over TLS it is one that only this host may have set (<c>__Host-</c>, RFC 6265bis, 4.1.3.2). Without TLS,
/// which is on loopback alone, not every browser keeps such a one: there it is a plain one of another name.
/// </summary>
internal static class SessionCookie
{
    public const string SecureName = "__Host-backup";
    public const string LocalName = "backup-session";

    public static string? Read(HttpContext context) => context.Request.Cookies[NameIn(context)];

    public static void Write(HttpContext context, string secret, DateTimeOffset expiresAt) =>
        context.Response.Cookies.Append(NameIn(context), secret, Options(context, expiresAt));

    public static void Remove(HttpContext context) =>
        context.Response.Cookies.Append(NameIn(context), "", Options(context, DateTimeOffset.UnixEpoch));

    private static string NameIn(HttpContext context) => context.Request.IsHttps ? SecureName : LocalName;

    private static CookieOptions Options(HttpContext context, DateTimeOffset expiresAt) =>
        new()
        {
            Secure = context.Request.IsHttps,
            HttpOnly = true,
            SameSite = SameSiteMode.Strict,
            Path = "/",
            Expires = expiresAt,
            IsEssential = true,
        };
}
