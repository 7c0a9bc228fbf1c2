namespace Backup.BackupHttpServer.Downloads;

/// <summary>The path of a download link: <c>/download/ID/SECRET/NAME</c>, and <c>NAME.sha256</c> beside it.</summary>
public static class LinkRoute
{
    public const string Prefix = "/download/";

    /// <summary>Behind the name: the file that <c>sha256sum -c</c> reads.</summary>
    public const string SumSuffix = ".sha256";

    internal const string Pattern = Prefix + "{**rest}";

    public static string Of(string id, string secret, string name) =>
        $"{Prefix}{Uri.EscapeDataString(id)}/{Uri.EscapeDataString(secret)}/{Uri.EscapeDataString(name)}";

    /// <summary>A path without what must not be in a log.</summary>
    internal static string Loggable(string? path) =>
        path is not null && path.StartsWith("/download", StringComparison.OrdinalIgnoreCase)
            ? "/download/…"
            : path ?? "";

    /// <summary>Null where it has another shape.</summary>
    internal static (string Id, string Secret, string Name)? Parse(string? rest) =>
        rest?.Split('/') is [{ Length: > 0 } id, { Length: > 0 } secret, { Length: > 0 } name]
            ? (id, secret, name)
            : null;
}
