using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using Backup.BackupHttpServer.Limits;
using Backup.Foundation.Contracts;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;

namespace Backup.BackupHttpServer.Endpoints;

/// <summary>JSON in and out, by the contract's generated context, within its bounds.</summary>
internal static class Json
{
    /// <exception cref="Foundation.Errors.BackupException">8018 no such JSON, 8007 too long.</exception>
    public static async Task<T> ReadAsync<T>(
        HttpContext context,
        JsonTypeInfo<T> type,
        int mostBytes = AgentProtocol.MaxJsonLength
    )
    {
        if (context.Request.ContentLength > mostBytes)
        {
            throw BackupHttpServerErrors.TooLong(mostBytes);
        }

        context.Features.GetRequiredFeature<IHttpMaxRequestBodySizeFeature>().MaxRequestBodySize = mostBytes;
        try
        {
            return await Bodies.ReadAsync(
                    context,
                    cancellation => JsonSerializer.DeserializeAsync(context.Request.Body, type, cancellation)
                ) ?? throw BackupHttpServerErrors.BadJson("it is null.");
        }
        catch (JsonException wrong)
        {
            throw BackupHttpServerErrors.BadJson($"at '{wrong.Path}'.");
        }
    }

    public static Task WriteAsync<T>(HttpContext context, T value, JsonTypeInfo<T> type) =>
        context.Response.WriteAsJsonAsync(value, type, AgentProtocol.JsonMediaType, context.RequestAborted);

    public static string Route(HttpContext context, string name) =>
        (string?)context.Request.RouteValues[name] ?? throw BackupHttpServerErrors.Nothing("such route");
}
