using System.Globalization;
using System.Text.Json;
using Backup.Foundation.Errors;
using Backup.Metadata;
using Backup.WebUI.Errors;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.WebUtilities;
using Microsoft.Extensions.Logging;

namespace Backup.WebUI.Frame;

/// <summary>Turns whatever a request fails with into a <see cref="Problem"/>; nothing else ever leaves the API.</summary>
/// <param name="statuses">Of errors of other rooms, by number.</param>
/// <param name="log">For what nobody expected.</param>
internal sealed partial class Problems(IReadOnlyDictionary<int, int> statuses, ILogger log)
{
    public const string MediaType = "application/problem+json";
    private const int RetryAfterSeconds = 2;

    public async Task GuardAsync(HttpContext context, RequestDelegate next)
    {
        try
        {
            await next(context);
            if (context.Response is { HasStarted: false, StatusCode: >= 400, ContentLength: null, ContentType: null })
            {
                await WriteAsync(context, OfStatus(context));
            }
        }
        catch (OperationCanceledException) when (context.RequestAborted.IsCancellationRequested)
        {
            // The client is gone: nobody reads an answer.
        }
        catch (Exception failure)
        {
            var known = Translate(failure);
            if (StatusOf(known) >= StatusCodes.Status500InternalServerError)
            {
                LogFailure(log, known.Code, context.TraceIdentifier, RouteOf(context), failure);
            }

            if (context.Response.HasStarted)
            {
                context.Abort();
                return;
            }

            await WriteAsync(context, known);
        }
    }

    public async Task WriteAsync(HttpContext context, BackupException failure)
    {
        var status = StatusOf(failure);
        var response = context.Response;
        var allow = response.Headers.Allow;
        Reset(response);
        response.StatusCode = status;
        if (status is StatusCodes.Status429TooManyRequests or StatusCodes.Status503ServiceUnavailable)
        {
            var seconds = failure.Data["seconds"] as int? ?? RetryAfterSeconds;
            response.Headers.RetryAfter = seconds.ToString(CultureInfo.InvariantCulture);
        }

        if (status == StatusCodes.Status405MethodNotAllowed)
        {
            response.Headers.Allow = allow;
        }

        if (status == StatusCodes.Status401Unauthorized)
        {
            response.Headers.WWWAuthenticate = "Bearer";
        }

        response.ContentType = MediaType;
        await response.Body.WriteAsync(
            JsonSerializer.SerializeToUtf8Bytes(Of(failure, status, context.TraceIdentifier), ApiJson.Options),
            context.RequestAborted
        );
    }

    private static Problem Of(BackupException failure, int status, string request) =>
        new(
            $"{ErrorPage.Path}#{failure.Code}",
            ReasonPhrases.GetReasonPhrase(status),
            status,
            failure.Message,
            failure.Code,
            failure.Hint,
            $"urn:request:{request}"
        )
        {
            Field = failure.Field,
            Transient = failure.IsTransient,
            Reauthenticate = failure.Number == WebUIErrors.ConfirmationNeeded ? true : null,
            CodeNeeded = failure.Data["codeNeeded"] is true ? true : null,
        };

    /// <summary>What was set for a good answer does not belong to this one; what protects every answer does.</summary>
    private static void Reset(HttpResponse response)
    {
        response.Headers.ContentLength = null;
        response.Headers.Remove("Location");
        response.Headers.Remove("ETag");
        response.Headers.Remove("Set-Cookie");
        response.Headers.CacheControl = "no-store";
    }

    private int StatusOf(BackupException failure) =>
        failure.Number switch
        {
            WebUIErrors.NotSignedIn => StatusCodes.Status401Unauthorized,
            WebUIErrors.ForeignRequest or WebUIErrors.NotAllowed or WebUIErrors.ConfirmationNeeded =>
                StatusCodes.Status403Forbidden,
            WebUIErrors.NotFound or WebUIErrors.NoRoute or MetadataErrors.NotThere => StatusCodes.Status404NotFound,
            WebUIErrors.NoMethod => StatusCodes.Status405MethodNotAllowed,
            WebUIErrors.BodyWrong or WebUIErrors.KeyWrong or WebUIErrors.PageWrong or WebUIErrors.Malformed =>
                StatusCodes.Status400BadRequest,
            WebUIErrors.BodyTooLarge => StatusCodes.Status413PayloadTooLarge,
            WebUIErrors.MediaTypeWrong => StatusCodes.Status415UnsupportedMediaType,
            WebUIErrors.KeyInWork
            or WebUIErrors.KeyAnswered
            or WebUIErrors.NotFoundYet
            or MetadataErrors.AlreadyThere
            or MetadataErrors.LastSnapshot
            or MetadataErrors.SnapshotRead
            or MetadataErrors.SnapshotPinned
            or MetadataErrors.PartOfCut => StatusCodes.Status409Conflict,
            WebUIErrors.HostUnknown => StatusCodes.Status421MisdirectedRequest,
            WebUIErrors.TooMany => StatusCodes.Status429TooManyRequests,
            WebUIErrors.Unexpected => StatusCodes.Status500InternalServerError,
            FoundationErrors.DiskFull or FoundationErrors.WriteFailed => StatusCodes.Status503ServiceUnavailable,
            var number when WebUIErrors.AccessStatuses.TryGetValue(number, out var status) => status,
            var number when statuses.TryGetValue(number, out var status) => status,
            _ when failure.IsTransient => StatusCodes.Status503ServiceUnavailable,
            _ => StatusCodes.Status422UnprocessableEntity,
        };

    private static BackupException OfStatus(HttpContext context) =>
        context.Response.StatusCode switch
        {
            StatusCodes.Status405MethodNotAllowed => WebUIErrors.NoSuchMethod(context.Request.Method),
            StatusCodes.Status415UnsupportedMediaType => WebUIErrors.MediaType(),
            StatusCodes.Status404NotFound => WebUIErrors.NoSuchRoute(),
            StatusCodes.Status413PayloadTooLarge => WebUIErrors.TooLarge(WebUIHost.MostBodyBytes),
            var status => WebUIErrors.MalformedRequest(ReasonPhrases.GetReasonPhrase(status)),
        };

    private static BackupException Translate(Exception failure) =>
        failure switch
        {
            BackupException known => known,
            BadHttpRequestException { StatusCode: StatusCodes.Status413PayloadTooLarge } => WebUIErrors.TooLarge(
                WebUIHost.MostBodyBytes
            ),
            BadHttpRequestException { StatusCode: StatusCodes.Status415UnsupportedMediaType } =>
                WebUIErrors.MediaType(),
            BadHttpRequestException { InnerException: JsonException json } => OfJson(json),
            BadHttpRequestException bad => WebUIErrors.MalformedRequest(bad.Message),
            JsonException json => OfJson(json),
            _ => WebUIErrors.Defect(failure),
        };

    /// <summary>The message of the library names types of the source: what is of use in it is the place.</summary>
    private static BackupException OfJson(JsonException json)
    {
        var path =
            json.Path is { Length: > 2 } some && some.StartsWith("$.", StringComparison.Ordinal) ? some[2..] : null;
        var where = json is { LineNumber: { } line, BytePositionInLine: { } at }
            ? string.Create(CultureInfo.InvariantCulture, $"line {line + 1}, byte {at + 1}")
            : "somewhere";
        return WebUIErrors.Body(
            path is null
                ? $"no JSON of it, or a field is missing or not known ({where})."
                : $"the field '{path}' is missing, not known, or of another type ({where}).",
            path
        );
    }

    private static string RouteOf(HttpContext context) =>
        (context.GetEndpoint() as Microsoft.AspNetCore.Routing.RouteEndpoint)?.RoutePattern.RawText ?? "no route";

    [LoggerMessage(8500, LogLevel.Error, "{Code} at request {Request}, {Route}")]
    private static partial void LogFailure(ILogger log, string code, string request, string route, Exception failure);
}
